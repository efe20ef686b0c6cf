"""Letters in a real browser: they fit, they keep to themselves, and everybody can read them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.rendering.making import SITE, everything, hebrew, letter, long, png, post

# A letter is read inside the page of a mail program, which has its own landmarks.
_AXE_RUN = """async () => {
    const off = {enabled: false};
    const result = await axe.run(document, {rules: {region: off, "landmark-one-main": off}});
    return result.violations.map(rule => rule.id + ": " + rule.nodes.map(node => node.html).join(" | "));
}"""
_ADDRESS = f"{SITE.url}/letter"

LETTERS = {
    "plain": lambda: letter(post()).html,
    "everything": lambda: letter(everything()).html,
    "hebrew": lambda: letter(hebrew()).html,
    "cut": lambda: letter(long(chapters=4), size_limit=18_000).html,
}


class Shown:
    """A letter in a browser of its own, with what it asked the network for."""

    def __init__(self, chromium: Browser, html: str, *, width: int, dark: bool = False) -> None:
        self.context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
        )
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []

        def answer(route: Route) -> None:
            address = route.request.url
            if address == _ADDRESS:
                route.fulfill(body=html, content_type="text/html; charset=utf-8")
                return
            self.asked.append(address)
            if address.startswith(f"{SITE.url}/images/"):
                route.fulfill(body=png(1200, 700), content_type="image/png")
            else:
                route.abort()

        self.page.route("**/*", answer)
        self.page.goto(_ADDRESS, wait_until="load")

    def __enter__(self) -> Shown:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def overflow(self) -> int:
        """CSS pixels by which the letter is wider than its window."""
        return int(
            self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )


def _without_styles(html: str) -> str:
    return re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)


@pytest.mark.parametrize("styled", [True, False], ids=["styled", "without-style-elements"])
@pytest.mark.parametrize("width", [320, 390, 640])
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_never_scrolls_sideways(chromium: Browser, name: str, width: int, styled: bool) -> None:
    html = LETTERS[name]()
    with Shown(chromium, html if styled else _without_styles(html), width=width) as shown:
        assert shown.overflow() == 0
        assert (
            shown.page.evaluate(
                "Math.max(...[...document.images].map(image => image.getBoundingClientRect().right), 0)"
            )
            <= width
        )


@pytest.mark.parametrize("name", LETTERS)
def test_text_of_twice_the_size_still_fits_and_is_not_cut_off(chromium: Browser, name: str) -> None:
    with Shown(chromium, LETTERS[name](), width=640) as shown:
        clipped = shown.page.evaluate(
            """() => {
                const all = [...document.querySelectorAll("body *")];
                const sizes = all.map(node => parseFloat(getComputedStyle(node).fontSize));
                all.forEach((node, at) => node.style.setProperty("font-size", 2 * sizes[at] + "px", "important"));
                return all.filter(node => getComputedStyle(node).overflowY === "hidden"
                    && getComputedStyle(node).display !== "none"
                    && node.scrollHeight > node.clientHeight + 1).map(node => node.outerHTML.slice(0, 80));
            }"""
        )
        assert clipped == []
        assert shown.overflow() == 0


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_asks_for_nothing_but_the_sites_own_pictures(chromium: Browser, name: str) -> None:
    with Shown(chromium, LETTERS[name](), width=640) as shown:
        shown.page.wait_for_load_state("networkidle")
        assert all(address.startswith(f"{SITE.url}/images/") for address in shown.asked)
        assert len(shown.asked) == (2 if name == "everything" else 0)
        assert shown.context.cookies() == []


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("name", LETTERS)
def test_axe_finds_nothing(chromium: Browser, axe: str, name: str, dark: bool) -> None:
    with Shown(chromium, LETTERS[name](), width=390, dark=dark) as shown:
        shown.page.evaluate(axe)
        found = shown.page.evaluate(_AXE_RUN)
        assert found == []


def test_the_letter_turns_dark_where_its_reader_asks_for_it(chromium: Browser) -> None:
    def colours(*, dark: bool) -> list[str]:
        with Shown(chromium, LETTERS["everything"](), width=640, dark=dark) as shown:
            return [
                str(shown.page.evaluate(f"getComputedStyle(document.querySelector('{place}')).{name}"))
                for place, name in (
                    (".ground", "backgroundColor"),
                    (".sheet", "backgroundColor"),
                    ("h1", "color"),
                )
            ]

    assert colours(dark=False) == ["rgb(239, 230, 216)", "rgb(251, 248, 242)", "rgb(31, 42, 55)"]
    assert colours(dark=True) == ["rgb(15, 20, 27)", "rgb(22, 28, 37)", "rgb(235, 227, 214)"]


def test_the_button_can_be_pressed_all_over(chromium: Browser) -> None:
    with Shown(chromium, LETTERS["cut"](), width=320) as shown:
        box = shown.page.locator(".button a").bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["width"] >= 200


def test_the_preheader_is_out_of_sight(chromium: Browser) -> None:
    with Shown(chromium, LETTERS["plain"](), width=640) as shown:
        assert not shown.page.locator(".preheader").is_visible()
        assert shown.page.locator("h1").is_visible()
