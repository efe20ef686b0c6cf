"""Every page of the fixture site in a real browser: it fits, keeps to itself, and can be used by anybody."""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.looks import Inspection, looks
from tests.browser.serving import Served
from tests.site_fixture.building import ROOT

FORM_PAGES = ["", "short-01/", "subscribe/"]
SOAK = os.environ.get("BELONGING_SOAK") == "1"

VIOLATIONS = """window.violations = []; addEventListener('securitypolicyviolation',
  e => violations.push(`${e.effectiveDirective} ${e.blockedURI}`));"""
SHIFTED = """() => new Promise(done => { let sum = 0;
  new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 100); })"""
SNEAK = """() => {
  const script = document.createElement('script');
  script.textContent = 'var sneaked = 1';
  document.body.append(script);
  new Image().src = 'https://elsewhere.example.com/pixel.png';
  fetch('https://elsewhere.example.com/').catch(() => {});
}"""
# A checkbox that is drawn by another element shows its focus there.
OUTLINE = """() => { const active = document.activeElement;
  const s = getComputedStyle(active.matches('#Other') ? active.nextElementSibling : active);
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


@pytest.mark.parametrize("site", ["fixture", "form", "own"])
def test_every_page_fits_keeps_to_itself_breaks_no_policy_and_axe_finds_nothing(
    chromium: Browser, serving: Callable[[str], Served], axe: str, site: str
) -> None:
    served = serving(site)
    addresses = served.addresses(every=SOAK)
    if site == "form":  # the others are the fixture's
        addresses = [f"{served.url}/{path}" for path in FORM_PAGES]
    if site == "own" and not SOAK:  # its posts and pages; its lists are the fixture's with other words
        addresses = [address for address in addresses if address.count("/") == 4]
    with Inspection.of(chromium, axe) as inspection:
        for number, address in enumerate(addresses):
            inspection.visit(address, looks(number))
    assert inspection.found == []
    assert inspection.asked == {urlsplit(served.url).netloc}


def test_what_is_wrong_is_found_in_every_look(chromium: Browser, served: Served, axe: str) -> None:
    address = f"{served.url}/broken/"
    html = (served.output / "index.html").read_text(encoding="utf-8")
    (served.output / "broken").mkdir()
    wide = '<div role="img"><svg width="1500" height="9"></svg></div><img src="https://elsewhere.example.com/a.png">'
    (served.output / "broken" / "index.html").write_text(
        html.replace("</main>", f"{wide}</main>"), encoding="utf-8"
    )
    try:
        with Inspection.of(chromium, axe) as inspection:
            inspection.visit(address, looks(0))
    finally:
        shutil.rmtree(served.output / "broken")
    for view in looks(0):
        for wrong in ("px too wide", "image-alt", "role-img-alt"):
            assert any(wrong in line and f"{view}" in line for line in inspection.found), (wrong, view)
    assert any(
        line.startswith(f"{address}: img-src https://elsewhere.example.com") for line in inspection.found
    )


def test_what_the_policy_forbids_is_stopped_and_noticed(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    page.add_init_script(VIOLATIONS)
    page.goto(f"{served.url}/short-01/")
    page.evaluate(SNEAK)
    page.wait_for_timeout(100)
    assert page.evaluate("typeof sneaked") == "undefined"
    noticed = "\n".join(page.evaluate("violations"))
    page.close()
    for directive in ("script-src-elem", "img-src", "connect-src"):
        assert directive in noticed


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


def test_a_post_costs_at_most_six_requests_and_sixty_kilobytes_besides_its_pictures(
    chromium: Browser, serving: Callable[[str], Served]
) -> None:
    served = serving("own")
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(served.url)))
    longest = max(served.output.glob("*/index.html"), key=lambda path: path.stat().st_size)
    page.goto(f"{served.url}/{longest.parent.name}/", wait_until="networkidle")
    assert len(asked) <= 6, asked
    pictures = [path for path in asked if path.startswith("/images/")]
    assert [path.rpartition(".")[2] for path in pictures] == ["avif"]
    files = [path + "index.html" if path.endswith("/") else path for path in asked if path not in pictures]
    sizes = [len(gzip.compress((served.output / path.removeprefix("/")).read_bytes())) for path in files]
    assert sum(sizes) <= 60 * 1024, dict(zip(files, sizes, strict=True))
    assert page.evaluate(SHIFTED) < 0.1
    context.close()


def test_a_post_can_be_read_before_its_style_sheet_comes_and_without_it(
    chromium: Browser, served: Served
) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    held: list[Route] = []
    page.route("**/site.css", lambda route: held.append(route))  # noqa: PLW0108 - playwright wants a function of its own
    page.goto(f"{served.url}/everything-a-post-can-hold/", wait_until="commit")
    # The whole text is there while the style sheet is still on its way: no script and nothing else stands in between.
    expect(page.locator(".ground")).to_be_attached()
    assert page.evaluate("document.readyState") != "complete"
    held[0].abort()
    page.wait_for_load_state()
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "none"
    for there in ("h1", ".prose > p", ".note", "#Exit"):
        expect(page.locator(there).first).to_be_visible()
    assert page.evaluate("document.querySelector('.mark').getBoundingClientRect().width") < 40
    order = page.locator(".skip, #Exit, .masthead, h1, .note, .prose, .join, .ground")
    tops = [box["y"] for box in (each.bounding_box() for each in order.all()) if box]
    assert tops == sorted(tops)
    page.close()


def test_the_first_screen_of_a_post_is_in_the_first_packets(serving: Callable[[str], Served]) -> None:
    pages = {path: path.read_bytes() for path in serving("own").output.glob("*/index.html")}
    posts = {path: html for path, html in pages.items() if b'content="article"' in html}
    assert len(posts) == len(list((ROOT / "content" / "posts").glob("*.md")))
    for post, html in posts.items():
        first = zlib.decompressobj(31).decompress(gzip.compress(html, 6)[:14_000])  # ten packets: RFC 6928
        assert b"<h1>" in first
        assert b'<div class="prose' in first, post


def test_a_tour_by_keyboard_from_the_first_page_to_a_subscription_and_out(
    chromium: Browser, served_with_form: Served
) -> None:
    site = served_with_form.url
    page = chromium.new_page()
    page.goto(f"{site}/")

    def walk(name: str, **role: str) -> None:
        """Press Tab until something has the focus, which has to show at every stop."""
        wanted = page.get_by_role(role["role"], name=name, exact=False).first  # type: ignore[arg-type]
        for _ in range(80):
            page.keyboard.press("Tab")
            assert page.evaluate(OUTLINE), page.evaluate("document.activeElement.outerHTML")
            if wanted.count() and wanted.evaluate("element => element === document.activeElement"):
                return
        pytest.fail(f"Tab never comes to {name}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    walk("Search", role="link")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/search/")
    walk("A word or two", role="searchbox")
    page.keyboard.type("reached")
    expect(page.locator("#SearchFound a")).to_have_count(1)
    walk("Everything a post can hold", role="link")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/everything-a-post-can-hold/")
    walk("Your e-mail address", role="textbox")
    page.keyboard.type("somebody@example.org")
    page.route(
        "**/list/subscribe", lambda route: route.fulfill(body="<title>Look</title>", content_type="text/html")
    )
    with page.expect_request("**/list/subscribe") as asked:
        page.keyboard.press("Enter")
    assert (asked.value.method, asked.value.post_data) == ("POST", "email=somebody%40example.org")
    page.wait_for_url("**/list/subscribe")
    page.goto(f"{site}/short-01/")
    page.route("https://www.bbc.co.uk/**", lambda route: route.fulfill(body="<title>Weather</title>"))
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("https://www.bbc.co.uk/weather")
    page.close()


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


def _in_sight(page: Page) -> bool:
    return bool(
        page.evaluate(
            "() => { const r = document.activeElement.getBoundingClientRect();"
            " return r.bottom > 0 && r.top < innerHeight && r.width > 0; }"
        )
    )
