"""Exit this page, in a real browser: at once, from anywhere, with and without its script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import Served

AWAY = "https://www.bbc.co.uk/weather"
LEAVE = """() => {  // in one go: nothing is painted, and nothing can come from elsewhere, in between
  document.getElementById('Exit').click();
  return [['main', '.masthead', '.ground'].map(name => getComputedStyle(document.querySelector(name)).display),
    getComputedStyle(document.body).backgroundColor, document.title,
    document.getElementById('ExitSaid').textContent];
}"""


@pytest.fixture
def page(chromium: Browser, served_with_form: Served) -> Iterator[Page]:
    """A post, with a place to go to instead of the real one."""
    context = chromium.new_context()
    page = context.new_page()
    page.route(
        f"{AWAY}*", lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
    )
    page.goto(f"{served_with_form.url}/")
    page.goto(f"{served_with_form.url}/short-01/")
    yield page
    context.close()


def left(page: Page) -> bool:
    page.wait_for_timeout(50)
    return page.url == AWAY


def test_one_click_leads_away_and_the_page_is_not_behind_the_button_back(page: Page) -> None:
    page.get_by_role("link", name="Exit this page").click()
    page.wait_for_url(AWAY)
    page.go_back()
    assert page.url.endswith("/")
    assert "short-01" not in page.url


def test_nothing_tells_the_other_site_where_its_reader_comes_from(page: Page) -> None:
    with page.expect_request(AWAY) as asked:
        page.get_by_role("link", name="Exit this page").click()
    assert "referer" not in asked.value.headers


def test_the_page_is_blank_while_the_other_one_has_not_come(page: Page) -> None:
    hidden, ground, title, said = page.evaluate(LEAVE)
    assert hidden == ["none", "none", "none"]
    assert ground == "rgb(255, 255, 255)"
    assert title == "…"
    assert said == "Leaving this page."
    page.wait_for_url(AWAY)


def test_without_scripts_the_link_leads_away_all_the_same(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route(
        f"{AWAY}*", lambda route: route.fulfill(body="<title>Weather</title>", content_type="text/html")
    )
    page.goto(f"{served.url}/short-01/")
    link = page.get_by_role("link", name="Exit this page")
    assert link.get_attribute("rel") == "nofollow noreferrer"
    link.click()
    page.wait_for_url(AWAY)
    context.close()


def test_shift_three_times_leads_away_and_each_press_is_said(page: Page) -> None:
    said = page.get_by_role("status")
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift. Press it two more times to exit this page.")
    page.keyboard.press("Shift")
    expect(said).to_have_text("Shift. Press it once more to exit this page.")
    expect(page.locator(".exit-presses")).to_be_visible()
    page.keyboard.press("Shift")
    page.wait_for_url(AWAY)


def test_shift_works_from_inside_a_field_too_but_writing_in_capitals_does_not_lead_away(page: Page) -> None:
    field = page.get_by_role("textbox", name="Your e-mail address")
    field.focus()
    for letter in "ABCD":
        page.keyboard.press(f"Shift+{letter}")
    assert field.input_value() == "ABCD"
    assert not left(page)
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url(AWAY)


@pytest.mark.parametrize("between", ["x", "Tab", "Control+Shift"])
def test_another_key_between_begins_the_count_anew(page: Page, between: str) -> None:
    for key in ("Shift", "Shift", between, "Shift", "Shift"):
        page.keyboard.press(key)
    assert not left(page)


def test_a_click_with_shift_held_is_no_press(page: Page) -> None:
    for _ in range(3):
        page.keyboard.down("Shift")
        page.mouse.click(200, 300)
        page.keyboard.up("Shift")
    assert not left(page)


def test_holding_shift_down_is_one_press(page: Page) -> None:
    for _ in range(5):
        page.keyboard.down("Shift")  # the second one on is what a held key repeats
    page.keyboard.up("Shift")
    assert page.locator("#Exit").get_attribute("data-presses") == "1"


def test_shift_that_goes_on_repeating_after_a_letter_is_no_press(page: Page) -> None:
    page.keyboard.down("Shift")
    page.keyboard.press("a")
    page.keyboard.down("Shift")
    page.keyboard.up("Shift")
    assert page.locator("#Exit").get_attribute("data-presses") == "0"


def test_after_five_seconds_the_count_begins_anew(chromium: Browser, served: Served) -> None:
    page = chromium.new_page()
    page.clock.install(time=0)
    page.goto(f"{served.url}/short-01/")
    page.clock.pause_at(60_000)  # else a busy machine adds its own seconds to those below
    for seconds in (0, 4.9):
        page.clock.run_for(seconds * 1000)
        page.keyboard.press("Shift")
    assert page.locator("#Exit").get_attribute("data-presses") == "2"
    page.clock.run_for(5001)
    assert page.locator("#Exit").get_attribute("data-presses") == "0"
    assert page.locator("#ExitSaid").text_content() == "You are staying on this page."
    page.close()


@pytest.mark.parametrize("width", [320, 1440])
def test_the_way_out_is_the_second_stop_and_stays_in_sight(
    chromium: Browser, served: Served, width: int
) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 640})
    page.goto(f"{served.url}/everything-a-post-can-hold/")
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "Exit"
    for _ in range(3):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(30)
        expect(page.get_by_role("link", name="Exit this page")).to_be_in_viewport(ratio=1)
    box = page.locator("#Exit").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    page.close()
