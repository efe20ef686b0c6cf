"""A flood: who asks without a stamp or without work is asked once more; browsers work, and people may press."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from pipeline.subscribers import puzzles
from pipeline.subscribers.puzzles import difficulty, solves
from tests.service.world import World, addresses, running

WAIT = timedelta(seconds=2)
AGAIN, DONE = "One more press", "Look into your mailbox"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A service that takes sixteen requests in an hour: four without a stamp, eight without work."""
    with running(tmp_path, per_hour=16, shortest_seconds=2) as made:
        yield made


def flood(world: World, number: int) -> str:
    """Ask in great numbers, as a machine does with forms that it was shown; answer the last page."""
    page = world.client.get("/list/subscribe").text
    world.clock.now += WAIT
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    answers = [world.join(address, stamp=stamp).text for address in addresses(number, "flood")]
    return answers[-1]


def fields_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(carried|stamp|work)" value="([^"]*)"', page))


def bits_of(page: str) -> int:
    return int("".join(re.findall(r'data-bits="(\d+)"', page)) or 0)


def solved(page: str) -> dict[str, str]:
    """Do what the script does."""
    fields = fields_of(page)
    puzzle = f"{fields['carried']}.{fields['stamp']}"
    answer = next(str(n) for n in itertools.count() if solves(puzzle, str(n), bits_of(page)))
    return {**fields, "work": answer}


def sent(world: World, fields: dict[str, str]) -> httpx.Response:
    world.clock.now += WAIT
    return world.client.post("/list/subscribe", data=fields)


def test_while_nobody_floods_there_is_no_puzzle(world: World) -> None:
    assert "script src" not in world.client.get("/list/subscribe").text.replace("exit.js", "")
    stamp = world.made.service.signing_up.passes.stamp(world.clock())
    page = world.join("hasty@lists.example.com", stamp=stamp).text  # too soon for a person
    assert AGAIN in page
    assert (bits_of(page), "work" in fields_of(page), "work.js" in page) == (0, False, False)
    assert DONE in sent(world, fields_of(page)).text


def test_static_forms_meet_a_second_step_first_and_a_press_is_enough(world: World) -> None:
    pages = [world.join(address).text for address in addresses(6, "reader")]
    assert [AGAIN in page for page in pages] == [False] * 4 + [True] * 2
    assert all(address not in pages[-1] for address in addresses(6, "reader"))  # carried, but not in clear
    assert bits_of(pages[-1]) == 8
    assert AGAIN in world.client.post("/list/subscribe", data=fields_of(pages[-1])).text  # too soon
    assert DONE in sent(world, fields_of(pages[-1])).text
    world.work()
    mailed = {mail["To"] for mail in world.mails()}
    assert mailed == {*addresses(4, "reader"), "reader0005@lists.example.com"}


def test_beyond_half_of_an_hour_work_gets_in_and_a_press_does_not(world: World) -> None:
    page = flood(world, 9)
    assert AGAIN in page
    assert bits_of(page) == 8
    pressed = sent(world, fields_of(page))
    assert pressed.status_code == 503
    assert DONE in sent(world, solved(page)).text
    assert len(world.everything()["arrivals"]) == 9


def test_a_puzzle_that_was_pressed_too_soon_stays_one(world: World) -> None:
    page = flood(world, 9)
    again = world.client.post("/list/subscribe", data=solved(page)).text
    assert bits_of(again) == bits_of(page)
    assert DONE in sent(world, solved(again)).text


def test_one_answer_gets_one_address_in_once(world: World) -> None:
    fields = solved(flood(world, 9))
    first = sent(world, fields)
    before = world.everything()
    for _ in range(3):
        repeated = sent(world, fields)
        assert (repeated.status_code, repeated.text) == (first.status_code, first.text)
    assert world.everything() == before
    # Not for another address, another form, or another puzzle.
    other = fields_of(world.join("other@lists.example.com", stamp=fields["stamp"]).text)
    for stolen in (
        {**other, "work": fields["work"] + "0"},
        {**fields, "stamp": other["stamp"], "work": "0"},
        {**other, "work": ""},
        {**other, "work": "-1"},
        {**other, "work": "٣"},
        {"email": "third@lists.example.com", **fields},
    ):
        assert DONE not in sent(world, stolen).text, stolen
    assert len(world.everything()["arrivals"]) == 9


def test_nobody_makes_a_puzzle_easier(world: World) -> None:
    page = flood(world, 9)
    fields = fields_of(page)
    carried = fields["carried"]
    for place in (0, 16, len(carried) // 2):
        changed = carried[:place] + ("A" if carried[place] != "A" else "B") + carried[place + 1 :]
        assert sent(world, {**fields, "carried": changed, "work": "0"}).status_code == 422


def test_the_nearer_the_end_the_harder_and_then_everybody_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puzzles, "ROUNDS", 20)  # the bits matter here
    page, asked = flood(world, 9), []
    for number in range(8):
        asked.append(bits_of(page))
        assert DONE in sent(world, solved(page)).text
        stamp = fields_of(page)["stamp"]
        answer = world.join(f"next{number}@lists.example.com", stamp=stamp)
        page = answer.text
    assert asked == [8, 8, 9, 9, 10, 11, 11, 12]
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3600"
    world.clock.now += timedelta(hours=1)
    assert DONE in world.join("later@lists.example.com").text


def test_a_flood_tells_nothing_about_anybody(tmp_path: Path) -> None:
    with running(tmp_path, per_hour=16, shortest_seconds=2, quiet_days=1) as world:
        world.confirmed("known@lists.example.com")
        world.clock.now += timedelta(hours=2)
        flood(world, 9)
        stamp = world.made.service.signing_up.passes.stamp(world.clock() - WAIT)
        pages = {
            re.sub(r'value="[^"]*"', "", world.join(address, stamp=stamp).text)
            for address in ("known@lists.example.com", "newer@lists.example.com", "never@lists.example.com")
        }
    assert len(pages) == 1


@given(st.integers(-100, 10_000), st.integers(1, 10_000))
def test_puzzles_ask_for_something_and_for_no_more_than_a_phone_can_do(used: int, of: int) -> None:
    assert 8 <= difficulty(used, of) <= 12
    assert difficulty(used, of) <= difficulty(used + 1, of)


@given(st.text(max_size=30), st.text(max_size=15))
def test_what_is_no_number_solves_nothing(puzzle: str, answer: str) -> None:
    if not re.fullmatch(r"[0-9]{1,12}", answer):
        assert not solves(puzzle, answer, 0 + 1)


# --- in a browser -------------------------------------------------------------------------------------------------


def asking(world: World, page: Page) -> None:
    """Ask to join in the middle of a flood, as a person does."""
    flood(world, 9)
    page.goto(f"{world.url}/list/subscribe")
    world.clock.now += WAIT
    page.locator("#Address").fill("reader@lists.example.com")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(AGAIN)


def test_a_browser_solves_the_puzzle_by_itself_and_asks_nobody_else(chromium: Browser, world: World) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    asking(world, page)
    expect(page.get_by_role("status").last).to_contain_text("There is nothing to press")
    page.get_by_role("button").click()  # whoever presses all the same does no harm
    world.clock.now += WAIT
    expect(page.get_by_role("heading", level=1)).to_have_text(DONE, timeout=30_000)
    assert all(url.startswith(f"{world.url}/") for url in asked)
    assert page.context.cookies() == []
    context.close()


def test_without_scripts_a_press_is_enough_while_there_is_room(chromium: Browser, tmp_path: Path) -> None:
    with running(tmp_path, per_hour=16, shortest_seconds=2) as world:
        for address in addresses(4, "reader"):
            world.join(address)
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        page.set_content(
            f'<form method="post" action="{world.url}/list/subscribe">'
            '<input name="email" value="reader@lists.example.com"><button>Join</button></form>'
        )
        page.get_by_role("button").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(AGAIN)
        world.clock.now += WAIT
        page.get_by_role("button", name="Send me the message").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(DONE)
        context.close()


def test_axe_finds_nothing_on_the_second_step(chromium: Browser, world: World, axe: str) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True)
    page = context.new_page()
    page.add_init_script("window.HTMLFormElement.prototype.submit = () => {}")  # so that the page stays
    page.add_init_script(axe)
    asking(world, page)
    expect(page.get_by_role("status").last).to_contain_text("There is nothing to press")
    assert page.evaluate("axe.run()")["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()
