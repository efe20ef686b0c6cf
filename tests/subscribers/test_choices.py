"""What people chose: sealed, and never leading to the same letter twice, nor past one."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.digests import Pace, period_of
from pipeline.errors import KeyProblem
from pipeline.letters import Guise
from pipeline.subscribers.choices import CHOICES, Choices, opened, sealed
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import Sealer
from tests.builders import KEYRING, NOW

SEALER = Sealer(KEYRING)
ALL = Choices(
    guise=Guise.NOTICE,
    text=True,
    left_out=("Addiction", "Ärzte"),
    paused_until=date(2026, 5, 1),
    paces=((NOW, Pace.WEEKLY), (NOW + timedelta(days=9, microseconds=1), Pace.MONTHLY)),
)


def test_choices_come_back_as_they_were_sealed() -> None:
    cell = sealed(ALL, SEALER, row=7)
    assert opened(cell, SEALER, row=7) == ALL


def test_nothing_chosen_is_nothing_stored() -> None:
    assert sealed(Choices(), SEALER, row=7) is None
    assert opened(None, SEALER, row=7) == Choices()


def test_the_length_of_a_cell_does_not_tell_what_was_chosen() -> None:
    one = sealed(Choices(text=True), SEALER, row=7)
    other = sealed(ALL, SEALER, row=8)
    assert one is not None
    assert other is not None
    assert len(one) == len(other)
    assert b"NOTICE" not in other.upper()


def test_choices_of_another_row_or_column_or_key_are_refused() -> None:
    cell = sealed(ALL, SEALER, row=7)
    with pytest.raises(KeyProblem):
        opened(cell, SEALER, row=8)
    with pytest.raises(KeyProblem):
        opened(SEALER.seal("a@example.org", column="subscribers.address", row=7), SEALER, row=7)
    with pytest.raises(KeyProblem):
        opened(cell, Sealer(Keyring.derive(b"x" * 32)), row=7)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"guise": "loud"}', "null"])
def test_what_cannot_be_read_is_a_key_problem_that_quotes_nothing(text: str) -> None:
    with pytest.raises(KeyProblem) as caught:
        opened(SEALER.seal(text, column=CHOICES, row=7), SEALER, row=7)
    assert "loud" not in str(caught.value)


def test_a_pause_ends_with_the_day_that_was_named() -> None:
    paused = Choices(paused_until=date(2026, 3, 4))
    assert paused.paused_at(datetime.fromisoformat("2026-03-03T23:59:59+00:00"))
    assert not paused.paused_at(datetime.fromisoformat("2026-03-04T00:00:00+00:00"))
    assert paused.paused_at(datetime.fromisoformat("2026-03-04T01:00:00+02:00"))


def test_a_digest_that_is_chosen_begins_at_once() -> None:
    chosen = Choices().with_pace(Pace.WEEKLY, NOW, NOW - timedelta(hours=1))
    assert chosen.pace_at(NOW) is Pace.WEEKLY
    assert chosen.pace_at(NOW - timedelta(hours=1)) is Pace.EACH
    assert chosen.upcoming(NOW) is None


def test_a_digest_under_way_that_holds_a_letter_is_still_sent() -> None:
    weekly = Choices().with_pace(Pace.WEEKLY, NOW - timedelta(days=3), None)
    chosen = weekly.with_pace(Pace.EACH, NOW, NOW - timedelta(days=1))
    end = period_of(Pace.WEEKLY, NOW).end
    assert chosen.pace_at(NOW) is Pace.WEEKLY
    assert chosen.upcoming(NOW) == (end, Pace.EACH)
    assert chosen.with_pace(Pace.EACH, NOW, NOW - timedelta(days=1)) == chosen
    assert chosen.with_pace(Pace.WEEKLY, NOW, NOW - timedelta(days=1)) == weekly


def test_a_digest_under_way_that_holds_nothing_is_dropped() -> None:
    weekly = Choices().with_pace(Pace.WEEKLY, NOW - timedelta(days=30), None)
    chosen = weekly.with_pace(Pace.EACH, NOW, NOW - timedelta(days=20))
    assert chosen.pace_at(NOW) is Pace.EACH
    assert chosen.pace_at(NOW - timedelta(days=20)) is Pace.WEEKLY


def test_a_change_without_a_letter_in_between_leaves_no_trace() -> None:
    frozen = NOW - timedelta(days=1)
    there = Choices().with_pace(Pace.MONTHLY, NOW, frozen)
    assert there.with_pace(Pace.EACH, NOW + timedelta(hours=1), frozen) == Choices()


def test_what_was_decided_is_not_changed_by_a_clock_that_is_behind() -> None:
    chosen = Choices().with_pace(Pace.WEEKLY, NOW, NOW + timedelta(minutes=5))
    assert chosen.pace_at(NOW + timedelta(minutes=5)) is Pace.EACH


def test_what_is_long_over_is_forgotten() -> None:
    chosen = Choices()
    now = NOW
    for number in range(60):
        now += timedelta(days=14)
        pace = (Pace.WEEKLY, Pace.EACH, Pace.MONTHLY)[number % 3]
        chosen = chosen.with_pace(pace, now, now - timedelta(hours=1))
    assert len(chosen.paces) < 12
    assert sealed(chosen.with_pace(Pace.EACH, now + timedelta(days=200), now), SEALER, row=1) is not None
    long_ago = Choices(
        paces=((NOW - timedelta(days=300), Pace.WEEKLY), (NOW - timedelta(days=200), Pace.EACH))
    )
    assert long_ago.with_pace(Pace.EACH, NOW, NOW).paces == ()


@given(
    st.lists(
        st.tuples(st.integers(1, 60 * 24 * 20), st.sampled_from([None, *Pace])),  # minutes, None: a letter
        max_size=40,
    )
)
def test_whoever_changes_their_mind_gets_every_letter_in_exactly_one_way(
    events: list[tuple[int, Pace | None]],
) -> None:
    """Letters and digests are cut from the choices at the moments when they are frozen, and never meet."""
    now = NOW
    choices = Choices()
    frozen: list[datetime] = []
    got: dict[datetime, list[str]] = {}
    sent: set[str] = set()

    def send_digests() -> None:
        for pace in (Pace.WEEKLY, Pace.MONTHLY):
            for period in {period_of(pace, moment) for moment in frozen}:
                if period.end > now or period.name in sent:
                    continue
                sent.add(period.name)
                for moment in frozen:
                    if period.start <= moment < period.end and choices.pace_at(moment) is pace:
                        got[moment].append(period.name)

    for minutes, pace in events:
        now += timedelta(minutes=minutes)
        send_digests()
        if pace is None:
            frozen.append(now)
            got[now] = ["by itself"] if choices.pace_at(now) is Pace.EACH else []
        else:
            choices = choices.with_pace(pace, now, frozen[-1] if frozen else None)
    now += timedelta(days=70)
    send_digests()
    assert [ways for ways in got.values() if len(ways) != 1] == []


def test_digests_never_overlap_and_leave_no_gap() -> None:
    for pace in (Pace.WEEKLY, Pace.MONTHLY):
        moment = NOW
        for _ in range(60):
            period = period_of(pace, moment)
            assert period.start <= moment < period.end
            following = period_of(pace, period.end)
            assert following.start == period.end
            assert following.name > period.name or following.start.year > period.start.year
            moment = period.end
    assert period_of(Pace.WEEKLY, datetime.fromisoformat("2027-01-01T00:00+00:00")).name == "weekly:2026-W53"
    assert period_of(Pace.MONTHLY, datetime.fromisoformat("2027-01-01T00:30+01:00")).name == "monthly:2026-12"
    with pytest.raises(ValueError, match="no period"):
        period_of(Pace.EACH, NOW)
