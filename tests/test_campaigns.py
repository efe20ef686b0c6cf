"""Campaigns: the states, the ways between them, the name, and sums that add up."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.campaigns import EVERYBODY, TRANSITIONS, CampaignState, Tally, campaign_id, may_become

PLANNED, READY, SENDING = CampaignState.PLANNED, CampaignState.READY, CampaignState.SENDING
PAUSED, SENT, CANCELLED = CampaignState.PAUSED, CampaignState.SENT, CampaignState.CANCELLED

ALLOWED = {
    (PLANNED, READY),
    (PLANNED, PAUSED),
    (PLANNED, CANCELLED),
    (READY, SENDING),
    (READY, PAUSED),
    (READY, CANCELLED),
    (SENDING, SENT),
    (SENDING, PAUSED),
    (PAUSED, READY),
    (PAUSED, SENDING),
    (PAUSED, CANCELLED),
    (SENT, SENDING),
}


@pytest.mark.parametrize(("now", "then"), [*itertools.product(CampaignState, repeat=2)])
def test_only_the_written_ways_lead_from_state_to_state(now: CampaignState, then: CampaignState) -> None:
    assert may_become(now, then) is (now is then or (now, then) in ALLOWED)


def test_every_state_has_its_ways_written_down() -> None:
    assert set(TRANSITIONS) == set(CampaignState)
    assert not TRANSITIONS[CANCELLED], "cancelled is final"


def test_the_states_are_kept_under_names_that_never_change() -> None:
    # They stand in every store there is.
    assert [str(s) for s in CampaignState] == ["planned", "ready", "sending", "paused", "sent", "cancelled"]


def test_a_campaign_has_the_same_name_for_ever() -> None:
    # Another name would be another campaign: a second letter to everybody.
    assert campaign_id(EVERYBODY, "coming-back") == "43aff74d0184ffff"


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_campaigns_share_a_name(audience: str, post: str, other_audience: str, other: str) -> None:
    names = {campaign_id(audience, post), campaign_id(other_audience, other)}
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in names)
    if "\0" not in audience + post + other_audience + other:
        assert len(names) == len({(audience, post), (other_audience, other)})


PARTS = ("accepted", "waiting", "deferred", "rejected", "excluded", "unknown")
counts = st.lists(st.integers(0, 10**7), min_size=6, max_size=6)


@given(counts)
def test_a_tally_whose_parts_make_the_audience_stands(parts: list[int]) -> None:
    tally = Tally(audience=sum(parts), **dict(zip(PARTS, parts, strict=True)))
    assert tally.open == tally.waiting + tally.deferred
    settled = tally.accepted + tally.rejected + tally.excluded + tally.unknown
    assert settled + tally.open == tally.audience


@given(counts, st.integers(-3, 3).filter(bool))
def test_a_tally_that_does_not_add_up_cannot_be_made(parts: list[int], error: int) -> None:
    with pytest.raises(AssertionError, match="do not add up"):
        Tally(audience=sum(parts) + error, **dict(zip(PARTS, parts, strict=True)))


@pytest.mark.parametrize("part", PARTS)
def test_every_part_counts(part: str) -> None:
    assert Tally(audience=1, **{part: 1}).open == int(part in {"waiting", "deferred"})
