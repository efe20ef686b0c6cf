"""Search, in a real browser: found, announced, by keyboard, and with a way on where no script runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import Served


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    page = chromium.new_page()
    page.goto(f"{served.url}/search/")
    yield page
    page.close()


def test_what_is_typed_is_found_while_typing_and_announced(page: Page, served: Served) -> None:
    page.get_by_role("searchbox", name="A word or two").press_sequentially("reached")
    expect(page.get_by_role("status").filter(has_text="found")).to_have_text("One page was found.")
    link = page.locator("#SearchFound a")
    expect(link).to_have_attribute("href", "/everything-a-post-can-hold/")
    assert link.text_content() == "Everything a post can hold, and why it shouldn’t"
    page.keyboard.press("Tab")  # the button
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.url}/everything-a-post-can-hold/")


def test_enter_searches_and_leaves_no_trace_in_the_address(page: Page, served: Served) -> None:
    page.get_by_role("searchbox").fill("short post")
    page.keyboard.press("Enter")
    expect(page.locator("#SearchFound li")).to_have_count(10)
    expect(page.locator("#SearchFound mark").first).to_be_visible()
    assert page.url == f"{served.url}/search/"


def test_nothing_found_is_said(page: Page) -> None:
    page.get_by_role("searchbox").fill("xylophone")
    expect(page.locator("#SearchSaid")).to_have_text("Nothing was found. Perhaps another word?")


def test_lines_to_call_and_lists_are_not_what_is_searched(page: Page) -> None:
    page.get_by_role("searchbox").fill("Examplia")
    expect(page.locator("#SearchFound a")).to_have_count(1)
    expect(page.locator("#SearchFound a")).to_have_attribute("href", "/help/")


def test_where_the_index_cannot_be_read_the_page_says_so_and_leads_on(
    chromium: Browser, served: Served
) -> None:
    page = chromium.new_page()
    page.route("**/pagefind/**", lambda route: route.abort())
    page.goto(f"{served.url}/search/")
    page.get_by_role("searchbox").fill("short")
    expect(page.locator("#SearchSaid")).to_have_text("The search does not work in this browser.")
    expect(page.get_by_role("main").get_by_role("link", name="by topic")).to_be_visible()
    page.close()


def test_without_scripts_the_page_leads_to_topics_tags_and_archive(chromium: Browser, served: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.url}/search/")
    assert not page.get_by_role("searchbox").is_visible()
    for name in ("by topic", "all tags", "archive"):
        assert page.get_by_role("main").get_by_role("link", name=name).is_visible()
    context.close()
