"""Which digests are due: once for each period that had letters, and none for one that had none."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from datetime import time as dt_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.campaigns import CampaignState
from pipeline.digests import HORIZON, Pace, due, period_of
from pipeline.planning import Decisions, History, Past, Policy, Verdict, digests_due, plan
from tests.builders import NOW, post

DAY = timedelta(days=1)
POLICY = Policy(newest_on_first_run=False, max_new=1, max_age=14 * DAY)


def past(name: str, state: CampaignState | None = CampaignState.SENT, frozen: datetime | None = None) -> Past:
    return Past(post_id=name, url="", title="", fingerprint="", source="", state=state, frozen_at=frozen)


def names(history: History, now: datetime, *posts: str) -> list[str]:
    return [digest.period.name for digest in digests_due([post(name) for name in posts], history, now)]


WEEK = period_of(Pace.WEEKLY, NOW)


@pytest.mark.parametrize(
    ("pace", "first", "after"),
    [
        (Pace.WEEKLY, (2026, 8, 24), (2026, 8, 31)),
        (Pace.MONTHLY, (2026, 8, 1), (2026, 9, 1)),
    ],
)
def test_a_period_goes_from_midnight_to_midnight_whatever_the_clock_on_the_wall_says(
    pace: Pace, first: tuple[int, int, int], after: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        for moment in ("2026-08-30T23:59:59.999999+00:00", "2026-08-30T20:31:07.5-03:00"):
            period = period_of(pace, datetime.fromisoformat(moment))
            assert (period.start, period.end) == (datetime(*first, tzinfo=UTC), datetime(*after, tzinfo=UTC))
            assert (period.start.utcoffset(), period.start.time()) == (timedelta(0), dt_time())
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_digest_is_due_when_its_period_is_over_and_not_before() -> None:
    history = History(past=(past("a", frozen=NOW),), begun=True)
    assert names(history, WEEK.end - timedelta(microseconds=1), "a") == []
    assert names(history, WEEK.end, "a") == [WEEK.name]
    assert names(history, WEEK.end + 40 * DAY, "a") == ["monthly:2026-03", WEEK.name]


@pytest.mark.parametrize("state", [CampaignState.SENT, CampaignState.CANCELLED, None])
def test_a_digest_that_had_its_turn_is_over(state: CampaignState | None) -> None:
    history = History(past=(past("a", frozen=NOW), past(WEEK.name, state)), begun=True)
    assert names(history, WEEK.end, "a") == []


@pytest.mark.parametrize(
    "state", [CampaignState.PLANNED, CampaignState.READY, CampaignState.SENDING, CampaignState.PAUSED]
)
def test_a_digest_that_was_begun_goes_on_however_late(state: CampaignState) -> None:
    history = History(past=(past("a", frozen=NOW), past(WEEK.name, state)), begun=True)
    assert WEEK.name in names(history, WEEK.end + HORIZON + DAY, "a")


def test_a_digest_nobody_began_in_time_is_over() -> None:
    history = History(past=(past("a", frozen=NOW),), begun=True)
    assert names(history, WEEK.end + HORIZON, "a") == ["monthly:2026-03", WEEK.name]
    assert WEEK.name not in names(history, WEEK.end + HORIZON + DAY, "a")


def test_what_was_cancelled_never_frozen_or_is_gone_is_in_no_digest() -> None:
    history = History(
        past=(
            past("cancelled", CampaignState.CANCELLED, NOW),
            past("from a time without digests"),
            past("earlier", None),
            past("gone", frozen=NOW),
        ),
        begun=True,
    )
    assert names(history, WEEK.end, "cancelled", "from a time without digests", "earlier") == []


def test_a_digest_holds_its_letters_in_the_order_in_which_they_left() -> None:
    frozen = {"a": NOW, "b": NOW - timedelta(hours=3), "c": NOW - 30 * DAY}
    (digest, *_) = due([post(name) for name in "abc"], frozen, WEEK.end)
    assert [one.id for one, _ in digest.posts] == ["b", "a"]


def test_a_digest_is_planned_beside_the_posts_and_stops_nobody() -> None:
    history = History(past=(past("a", frozen=NOW),), begun=True)
    now = WEEK.end + DAY
    (digest,) = digests_due([post("a")], history, now)
    letter = post(WEEK.name, date=WEEK.end)
    made = plan([post("a"), post("new", date=now)], history, now, policy=POLICY, digests=[(digest, letter)])
    assert [(item.post.id, item.verdict) for item in made.to_send] == [
        ("new", Verdict.MAIL),
        (WEEK.name, Verdict.MAIL),
    ]
    late = plan([post("a")], history, now + 15 * DAY, policy=POLICY, digests=[(digest, letter)])
    assert [item.verdict for item in late.items if item.digest] == [Verdict.TOO_OLD]
    for decisions, verdict in (
        (Decisions(skip=frozenset({WEEK.name})), Verdict.EARLIER),
        (Decisions(release=frozenset({WEEK.name})), Verdict.MAIL),
    ):
        said = plan(
            [post("a")],
            history,
            now + 15 * DAY,
            policy=POLICY,
            decisions=decisions,
            digests=[(digest, letter)],
        )
        assert [item.verdict for item in said.items if item.digest] == [verdict]


def test_a_digest_is_not_mailed_by_a_history_that_was_put_back_unless_a_person_says_so() -> None:
    """It may have left after the backup; once it counts as mailed, it stays so."""
    history = History(past=(past("a", frozen=WEEK.start),), begun=False)
    (digest,) = (each for each in due([post("a")], {"a": WEEK.start}, WEEK.end) if each.period == WEEK)
    letter = post(WEEK.name, date=WEEK.end)
    for release, verdict in ((set[str](), Verdict.EARLIER), ({WEEK.name}, Verdict.MAIL)):
        made = plan(
            [post("a")],
            history,
            WEEK.end,
            policy=POLICY,
            decisions=Decisions(release=frozenset(release)),
            digests=[(digest, letter)],
        )
        (item,) = (one for one in made.items if one.digest)
        assert item.verdict is verdict
        assert release or item.reason == "it may have been mailed since the backup"
    later = History(past=(*history.past, past(WEEK.name, None)), begun=True)
    assert WEEK.name not in names(later, WEEK.end, "a")


def test_a_digest_that_was_begun_is_no_missing_post() -> None:
    history = History(past=(past("a", frozen=NOW), past(WEEK.name, CampaignState.SENDING)), begun=True)
    (digest,) = digests_due([post("a")], history, WEEK.end)
    made = plan([post("a")], history, WEEK.end, policy=POLICY, digests=[(digest, post(WEEK.name))])
    assert made.missing == ()
    assert [item.verdict for item in made.to_send] == [Verdict.RESUME]
    assert [one.post_id for one in plan([], history, WEEK.end, policy=POLICY).missing] == [WEEK.name]


@given(st.lists(st.integers(0, 400), max_size=20), st.integers(0, 60))
def test_every_letter_is_in_exactly_one_digest_of_each_kind(days: list[int], later: int) -> None:
    frozen = {f"p{number}": NOW - day * timedelta(hours=5) for number, day in enumerate(days)}
    now = NOW + later * DAY
    found = due([post(name) for name in frozen], frozen, now)
    for pace in (Pace.WEEKLY, Pace.MONTHLY):
        held = [one.id for digest in found if digest.period.pace is pace for one, _ in digest.posts]
        expected = [
            name
            for name, moment in frozen.items()
            if period_of(pace, moment).end <= now and now - period_of(pace, moment).end <= HORIZON
        ]
        assert sorted(held) == sorted(expected)
