"""The switch between light and dark: without a script, by keyboard, for its page alone, and never on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import Served

PAPER = "() => getComputedStyle(document.body).backgroundColor"
LIGHT, DARK, WHITE = "rgb(251, 248, 242)", "rgb(22, 28, 37)", "rgb(255, 255, 255)"
STORED = """async () => [document.cookie, localStorage.length, sessionStorage.length,
  (await indexedDB.databases()).length, (await caches.keys()).length]"""


@pytest.fixture(params=["light", "dark"])
def device(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    asked: Literal["light", "dark"] = request.param
    return asked


@pytest.fixture
def page(chromium: Browser, served: Served, device: Literal["light", "dark"]) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=False, color_scheme=device)
    page = context.new_page()
    page.goto(f"{served.url}/short-01/")
    yield page
    context.close()


def papers(device: str) -> tuple[str, str]:
    return (LIGHT, DARK) if device == "light" else (DARK, LIGHT)


def test_space_turns_the_page_over_and_back_without_a_script(page: Page, device: str) -> None:
    usual, other = papers(device)
    switch = page.get_by_role("checkbox", name="Light/dark")
    expect(page.locator("body")).to_have_css("background-color", usual)
    switch.focus()
    assert page.evaluate("getComputedStyle(document.querySelector('#Other + svg')).outlineStyle") == "solid"
    page.keyboard.press("Space")
    expect(page.locator("body")).to_have_css("background-color", other)
    expect(switch).to_be_checked()
    page.keyboard.press("Space")
    expect(page.locator("body")).to_have_css("background-color", usual)


def test_the_next_page_follows_the_device_again(page: Page, served: Served, device: str) -> None:
    usual, other = papers(device)
    page.locator(".colours label").click()
    expect(page.locator("body")).to_have_css("background-color", other)
    page.goto(f"{served.url}/archive/")
    expect(page.locator("body")).to_have_css("background-color", usual)


def test_nothing_is_kept(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    page.goto(f"{served.url}/short-01/")
    page.locator(".colours label").click()
    assert page.evaluate(STORED) == ["", 0, 0, 0, 0]
    assert page.url == f"{served.url}/short-01/"
    page.close()


def test_the_dark_is_never_printed(page: Page, device: str) -> None:
    for _ in range(2):
        page.emulate_media(media="print", color_scheme=device)  # type: ignore[arg-type]
        expect(page.locator("body")).to_have_css("background-color", WHITE)
        expect(page.locator("h1")).to_have_css("color", "rgb(0, 0, 0)")
        expect(page.locator(".colours")).to_be_hidden()
        page.emulate_media(media="screen", color_scheme=device)  # type: ignore[arg-type]
        page.locator(".colours label").click()


def test_in_forced_colours_the_device_has_the_last_word(chromium: Browser, served: Served) -> None:
    page = chromium.new_page(forced_colors="active")
    page.goto(f"{served.url}/short-01/")
    expect(page.locator(".colours")).to_be_hidden()
    page.close()


def test_it_is_large_enough_for_a_thumb_on_the_smallest_phone(chromium: Browser, served: Served) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 640})
    page.goto(f"{served.url}/short-01/")
    box = page.locator(".colours label").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["x"] + box["width"] <= 300
    page.close()


def test_who_wants_less_motion_sees_none(chromium: Browser, served: Served) -> None:
    moving = """() => [...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e);
      return s.animationName !== 'none' || s.transitionDuration.split(',').some(t => parseFloat(t) > 0); }).length"""
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0  # a link's underline; so the look above can find something
    page.close()
