"""Statistics without people: no number is so fine that somebody could be told from it, alone or beside others."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from datetime import timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from pipeline.campaigns import Campaign, CampaignState, Tally
from pipeline.charts import page
from pipeline.statistics import STEP, CampaignFigures, Figures, as_json, figures
from tests.builders import NOW

OUTCOMES = ("accepted", "rejected", "excluded", "unknown")
parts = st.fixed_dictionaries({name: st.integers(0, 60) for name in OUTCOMES})


def campaign(number: int, state: CampaignState = CampaignState.SENT) -> Campaign:
    return Campaign(
        id=f"{number:016}",
        post_id=f"post-{number}",
        state=state,
        subject=f"Letter <{number}> & more",
        url=f"https://belonging.example.org/{number}/",
        created_at=NOW + timedelta(days=7 * number),
        finished_at=None,
    )


def tally(counts: dict[str, int]) -> Tally:
    return Tally(audience=sum(counts.values()), **counts)


def told(people: int, *counts: dict[str, int]) -> Figures:
    return figures(people, [(campaign(number), tally(one)) for number, one in enumerate(counts)])


def numbers(shown: Figures) -> list[int]:
    """Every number that is shown, in order."""
    found = [shown.people]
    for one in shown.campaigns:
        found += [
            value for field in fields(CampaignFigures) if isinstance(value := getattr(one, field.name), int)
        ]
    return found


@given(people=st.integers(0, 100), counts=st.lists(parts, max_size=4))
def test_nothing_finer_than_five_is_shown(people: int, counts: list[dict[str, int]]) -> None:
    shown = told(people, *counts)
    assert all(number % STEP == 0 for number in numbers(shown))
    spoken = json.dumps(as_json(shown))
    for key, value in re.findall(r'"(audience|accepted|rejected|excluded|unknown|people)": (\d+)', spoken):
        assert int(value) % STEP == 0, key


@given(counts=parts, outcome=st.sampled_from(OUTCOMES), people=st.integers(0, 60))
def test_one_more_person_shows_as_nothing_or_as_five(
    counts: dict[str, int], outcome: str, people: int
) -> None:
    """So two days, or a whole less its parts, never leave one person."""
    before, after = (
        numbers(told(people, counts)),
        numbers(told(people + 1, {**counts, outcome: counts[outcome] + 1})),
    )
    if len(before) == len(after):
        assert {new - old for old, new in zip(before, after, strict=True)} <= {0, STEP}


def test_a_part_cannot_be_worked_out_from_the_others() -> None:
    """Nineteen of twenty were accepted; that the twentieth refused cannot be told."""
    (one,) = told(20, {"accepted": 19, "rejected": 1, "excluded": 0, "unknown": 0}).campaigns
    (other,) = told(20, {"accepted": 16, "rejected": 0, "excluded": 4, "unknown": 0}).campaigns
    assert one == other


def test_only_letters_that_were_begun_are_told_of() -> None:
    some = Tally(audience=9, accepted=9)
    reports = [(campaign(number, state), some) for number, state in enumerate(CampaignState)]
    shown = {one.post for one in figures(9, [*reports, (campaign(99), Tally(audience=0))]).campaigns}
    states = list(CampaignState)
    assert shown == {
        f"post-{states.index(state)}"
        for state in (
            CampaignState.SENDING,
            CampaignState.SENT,
            CampaignState.PAUSED,
            CampaignState.CANCELLED,
        )
    }


def test_the_page_needs_nothing_beside_itself_and_hides_nothing() -> None:
    shown = told(
        44, *({"accepted": 7 * n, "rejected": n % 9, "excluded": 0, "unknown": 0} for n in range(1, 30))
    )
    html = page(shown, name="Belonging & more")
    assert "<script" not in html
    assert not re.findall(r"(?:\bsrc=|href|url\()", html)
    assert "http" not in html.replace("http-equiv", "")
    drawings = re.findall(r"<svg.*?</svg>", html)
    assert len(drawings) == 2
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert "Letter &lt;28&gt; &amp; more" in html
    cells = re.findall(r"<td>([\d,]+|fewer than 5)</td>", html)
    assert len(cells) == 29 * 5
    assert all(cell == "fewer than 5" or int(cell.replace(",", "")) % STEP == 0 for cell in cells)


@pytest.mark.parametrize("count", [0, 1])
def test_a_list_that_is_young_has_a_page_too(count: int) -> None:
    shown = told(2, *[{"accepted": 2, "rejected": 0, "excluded": 0, "unknown": 0}] * count)
    html = page(shown, name="Belonging")
    assert "fewer than 5" in html
    assert ("No letter has been sent yet" in html) == (count == 0)
    assert not re.search(r">[1-4]<", html)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_page(chromium: Browser, axe: str, scheme: str) -> None:
    shown = told(44, *({"accepted": 9 * n, "rejected": 5, "excluded": 0, "unknown": 0} for n in range(1, 12)))
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 320, "height": 640})  # type: ignore[arg-type]
    sheet = context.new_page()
    html = page(replace(shown), name="Belonging")
    sheet.set_content(re.sub(r"<meta http-equiv[^>]*>", "", html))  # which would keep the checker out
    sheet.evaluate(axe)
    found = sheet.evaluate("async () => (await axe.run()).violations.map(each => each.id)")
    assert found == []
    wide = sheet.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "it reflows"
    context.close()
