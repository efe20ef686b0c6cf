"""Posts as somebody would really write them: a long one with everything in it, and one from right to left."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from pipeline.posts import manifest
from pipeline.rendering import render
from tests.browser.serving import Served, serve
from tests.rendering.making import LINKS, PUBLICATION, theme
from tests.site_fixture.building import FIXTURE, build

LONG, ARABIC = "/a-year-of-thursdays/", "/ar/from-right-to-left/"
# Blocks of a page or a letter whose first line does not begin at the right edge of the room it has.
NOT_RIGHT = """(where) => [...document.querySelectorAll(where)].filter(block => {
  if (getComputedStyle(block).direction !== 'rtl') return true;
  const style = getComputedStyle(block), box = block.getBoundingClientRect(), range = document.createRange();
  range.selectNodeContents(block);
  const inner = box.right - parseFloat(style.paddingRight) - parseFloat(style.borderRightWidth);
  return Math.abs(range.getClientRects()[0].right - inner) > 8;
}).map(block => block.outerHTML)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("written")) as start:
        yield start("written", lambda output, **more: build(output, content=FIXTURE / "written", **more), {})


@pytest.fixture
def look(chromium: Browser, written: Served) -> Iterator[Callable[..., Page]]:
    opened: list[Page] = []

    def show(path: str, *, width: int = 360) -> Page:
        page = chromium.new_page(viewport={"width": width, "height": 800})
        opened.append(page)
        if path:
            page.goto(written.url + path)
        return page

    yield show
    for page in opened:
        page.close()


def letter_of(written: Served, slug: str) -> str:
    """The letter of a post, as HTML."""
    site, posts = manifest.read(written.output.parent / "posts.json")
    post = next(post for post in posts if post.slug == slug)
    return render(post, site, publication=PUBLICATION, links=LINKS, environment=theme()).html


@pytest.mark.parametrize("width", [320, 1440])
def test_a_page_from_right_to_left_begins_at_the_right_and_never_scrolls(
    look: Callable[..., Page], width: int
) -> None:
    page = look(ARABIC, width=width)
    assert page.evaluate(OVERFLOW) == 0
    assert (
        page.evaluate("[document.documentElement.dir, getComputedStyle(document.body).direction]")
        == ["rtl"] * 2
    )
    blocks = "h1, .standfirst, .prose :is(p, h2, li, dt, dd, th, td):not([dir])"
    assert page.locator(blocks).count() > 12
    assert page.evaluate(NOT_RIGHT, blocks) == []
    sides = "(what) => { const s = getComputedStyle(document.querySelector(what)); return [%s]; }"
    border = sides % "s.borderRightWidth, s.borderLeftWidth"
    for what, wide in ((".note", "4px"), (".prose blockquote > p", "3px")):
        assert page.evaluate(border, what) == [wide, "0px"], what
    padding = sides % "parseFloat(s.paddingRight) > 10, parseFloat(s.paddingLeft)"
    for what in (".prose ul", ".prose ol", ".prose dd", ".prose blockquote > p"):
        assert page.evaluate(padding, what) == [True, 0], what
    # A language whose letters join has none of them set apart.
    first = "getComputedStyle(document.querySelector('.opens > p'), '::first-letter').fontSize"
    assert page.evaluate(first) == page.evaluate(
        "getComputedStyle(document.querySelector('.opens > p')).fontSize"
    )


@pytest.mark.parametrize("width", [320, 700])
def test_a_letter_from_right_to_left_begins_at_the_right_and_never_scrolls(
    look: Callable[..., Page], written: Served, width: int
) -> None:
    page = look("", width=width)
    page.set_content(letter_of(written, "from-right-to-left"))
    assert page.evaluate(OVERFLOW) == 0
    assert page.evaluate("document.querySelector('body > div[role=article]').dir") == "rtl"
    blocks = "h1, .body :is(p, h2, li, dt, dd, th, td):not([dir=ltr])"
    assert page.locator(blocks).count() > 10
    assert page.evaluate(NOT_RIGHT, blocks) == []
    border = """(what) => {
      const style = getComputedStyle(document.querySelector(what));
      return [style.borderRightWidth, style.borderLeftWidth];
    }"""
    assert page.evaluate(border, ".note td") == page.evaluate(border, "blockquote") == ["4px", "0px"]


@pytest.mark.parametrize("width", [320, 1440])
def test_a_long_post_with_everything_in_it_fits_and_breaks_no_policy(
    chromium: Browser, written: Served, width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(written.url + LONG)
    assert page.evaluate(OVERFLOW) == 0
    assert said == []
    held = (
        "table",
        "pre",
        "dl",
        "figure figcaption",
        "ol > li ul ul",
        ".pull",
        "sup a",
        "hr",
        "code",
    )
    for what in (*held, ".footnote", "details.contents, nav.contents", "blockquote [dir=rtl], [lang=ar]"):
        assert page.locator(f".prose {what}, {what}").count(), what
    numbers = page.locator(".prose td.right")
    assert numbers.count() == 12
    assert {numbers.nth(at).evaluate("e => getComputedStyle(e).textAlign") for at in range(12)} == {"right"}
    quote = page.locator(".prose [lang=ar]").first
    assert quote.evaluate("e => getComputedStyle(e).direction") == "rtl"
    page.close()


def test_a_long_post_with_everything_in_it_fits_as_a_letter(
    look: Callable[..., Page], written: Served
) -> None:
    page = look("", width=320)
    page.set_content(letter_of(written, "a-year-of-thursdays"))
    assert page.evaluate(OVERFLOW) == 0
    for what in (
        "table.data",
        "pre",
        "dl",
        "ol > li ul ul",
        ".pull",
        "sup",
        "img",
        "[lang=ar][dir=rtl]",
    ):
        assert page.locator(what).count(), what
    assert page.get_by_text("Nobody has ever taken the red chair").count() == 1
