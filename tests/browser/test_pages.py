"""Every page of the fixture site in a real browser: it fits, keeps to itself, and can be used by anybody."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Served

LEFT = "net::ERR_ABORTED"  # the page was left before its icon had come
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FORM_PAGES = ["", "short-01/", "subscribe/"]

FINDINGS = """async (standards) => {
  const { violations } = await axe.run(document, { runOnly: standards });
  return violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target} ${n.failureSummary}`));
}"""
TOO_WIDE = """() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"""
STORED = """async () => [document.cookie, localStorage.length, sessionStorage.length,
  (await indexedDB.databases()).length, (await caches.keys()).length]"""
OUTLINE = """() => { const s = getComputedStyle(document.activeElement);
  return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; }"""
CHARACTERS_A_LINE = """() => {
  const text = document.querySelector('.prose > p').firstChild, range = document.createRange(), lines = new Map();
  const walk = document.createTreeWalker(document.querySelector('.prose > p'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walk.nextNode());) for (let i = 0; i < node.length; i++) {
    range.setStart(node, i); range.setEnd(node, i + 1);
    const line = Math.round(range.getBoundingClientRect().bottom / 12);
    lines.set(line, (lines.get(line) || 0) + 1);
  }
  return [...lines.values()];
}"""


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_no_page_is_wider_than_the_window(chromium: Browser, served: Served, width: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 900})
    too_wide = {}
    for address in served.addresses():
        page.goto(address)
        if (by := page.evaluate(TOO_WIDE)) > 0:
            too_wide[address] = by
    page.close()
    assert too_wide == {}


def test_no_page_is_wider_than_the_window_when_its_text_is_twice_as_large(
    chromium: Browser, served: Served
) -> None:
    page = chromium.new_page(viewport={"width": 640, "height": 900})
    for address in served.addresses():
        page.goto(address)
        page.add_style_tag(content="html { font-size: 200% }")
        assert page.evaluate(TOO_WIDE) <= 0, address
    page.close()


def test_no_page_asks_anybody_else_or_keeps_anything(chromium: Browser, served: Served) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in served.addresses():
        page.goto(address)
        page.mouse.wheel(0, 100_000)  # what is loaded lazily is loaded too
        assert page.evaluate(STORED) == ["", 0, 0, 0, 0], address
    assert len(asked) >= len(served.addresses())
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(served.url).netloc}
    assert context.cookies() == []
    context.close()


def test_every_request_of_a_page_is_answered(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    failed: list[str] = []
    page.on("response", lambda response: failed.append(response.url) if response.status >= 400 else None)
    page.on("requestfailed", lambda request: failed.append(request.url) if request.failure != LEFT else None)
    for address in served.addresses():
        page.goto(address)
    page.close()
    assert failed == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(
    chromium: Browser, served: Served, served_with_form: Served, axe: str, scheme: str
) -> None:
    addresses = [*served.addresses(), *(f"{served_with_form.url}/{path}" for path in FORM_PAGES)]
    assert _findings(chromium, axe, addresses, color_scheme=scheme) == {}


def test_the_own_content_fits_keeps_to_itself_and_axe_finds_nothing(
    chromium: Browser, served_own: Served, axe: str
) -> None:
    asked: list[str] = []
    page = chromium.new_page(viewport={"width": 320, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    for address in served_own.addresses():
        page.goto(address)
        assert page.evaluate(TOO_WIDE) <= 0, address
    page.close()
    assert {urlsplit(address).netloc for address in asked} == {urlsplit(served_own.url).netloc}
    assert _findings(chromium, axe, served_own.addresses()) == {}


def test_the_first_stop_is_the_skip_link_and_every_stop_shows(
    chromium: Browser, served_with_form: Served
) -> None:
    page = chromium.new_page()
    page.goto(f"{served_with_form.url}/everything-a-post-can-hold/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    assert _in_sight(page)
    stops = 0
    while page.evaluate("document.activeElement !== document.body"):
        stops += 1
        assert page.evaluate(OUTLINE), page.evaluate("document.activeElement.outerHTML")
        assert _in_sight(page), page.evaluate("document.activeElement.outerHTML")
        page.keyboard.press("Tab")
    page.close()
    assert stops > 20


def test_skip_links_lead_where_they_say(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "Main"
    page.get_by_role("link", name="Skip to the end of this post").press("Enter")
    assert page.evaluate("document.activeElement.id") == "End"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Form"  # the first tag
    page.close()


def test_a_line_holds_60_to_75_characters_on_a_wide_screen(chromium: Browser, served: Served) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    lines = page.evaluate(CHARACTERS_A_LINE)
    page.close()
    assert 55 <= max(lines) <= 75, lines


def test_pages_read_without_javascript(chromium: Browser, served_with_form: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served_with_form.url}/short-01/")
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.get_by_role("textbox", name="Your e-mail address").is_visible()
    assert page.get_by_role("button", name="Subscribe").is_visible()
    context.close()


def test_print_leaves_the_text_and_takes_the_rest_away(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    page.emulate_media(media="print")
    assert page.locator(".prose").is_visible()
    for away in (".masthead nav", ".join", ".ground", ".skip"):
        assert not page.locator(away).is_visible(), away
    page.close()


def test_forced_colours_keep_the_frames(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    for framed in (".note", ".join"):
        assert page.locator(framed).evaluate("e => getComputedStyle(e).borderTopStyle") == "solid", framed
    context.close()


def _findings(chromium: Browser, axe: str, addresses: list[str], **context: Any) -> dict[str, list[str]]:
    page = chromium.new_page(reduced_motion="reduce", **context)
    found = {}
    for address in addresses:
        page.goto(address)
        page.evaluate(axe)
        if findings := page.evaluate(FINDINGS, STANDARDS):
            found[address] = findings
    page.close()
    return found


def _in_sight(page: Page) -> bool:
    return bool(
        page.evaluate(
            "() => { const r = document.activeElement.getBoundingClientRect();"
            " return r.bottom > 0 && r.top < innerHeight && r.width > 0; }"
        )
    )
