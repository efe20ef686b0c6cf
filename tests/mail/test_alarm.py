"""The alarm: outcomes that say more about us than about single recipients stop a campaign."""

from __future__ import annotations

import pytest

from pipeline.errors import PolicyBlock
from pipeline.mail.alarm import LOST, REFUSED, Alarm
from pipeline.mail.transport import Accepted, Deferred, Outcome, Rejected, Unknown


def heard(*outcomes: Outcome) -> int:
    """Answer how many outcomes were heard before the alarm rang."""
    alarm = Alarm()
    for number, outcome in enumerate(outcomes):
        try:
            alarm.hear(outcome)
        except PolicyBlock:
            return number + 1
    return 0


def test_answers_that_never_come_ring_it() -> None:
    assert heard(*[Unknown("connection lost")] * 10) == LOST
    assert heard(*[Unknown("connection lost"), Unknown("no answer in time"), Accepted()] * 10) == 0
    assert heard(*[Unknown("x"), Unknown("x"), Deferred("451")] * 10) == 0


@pytest.mark.parametrize("code", ["550", "554", "553 5.3.0", "550 5.5.1", "554 5.6.0"])
def test_refusals_that_name_no_fault_of_the_recipient_ring_it(code: str) -> None:
    assert heard(*[Rejected(code)] * 10) == REFUSED
    assert heard(*[*[Rejected(code)] * (REFUSED - 1), Accepted()] * 10) == 0
    assert heard(*[*[Rejected(code)] * (REFUSED - 1), Deferred("451")] * 10) == 0


@pytest.mark.parametrize("code", ["550 5.1.1", "550 5.1.2", "552 5.2.2", "550 5.1.1, given up"])
def test_a_stale_list_does_not_ring_it(code: str) -> None:
    assert heard(*[Rejected(code)] * 1000) == 0


def test_refusals_add_up_past_outcomes_that_say_nothing_about_them() -> None:
    stale, no, lost = Rejected("550 5.1.1"), Rejected("554"), Unknown("connection lost")
    assert heard(no, no, stale, no, no, stale, stale, no) == 8
    assert heard(no, no, lost, no, no, lost, no) == 7


def test_it_says_what_it_heard_and_what_to_do() -> None:
    for outcomes, said in (
        ([Unknown("connection lost")] * LOST, "took 3 messages in a row and did not answer"),
        ([Rejected("554")] * REFUSED, "refused 5 recipients in a row (554)"),
    ):
        alarm = Alarm()
        with pytest.raises(PolicyBlock) as caught:
            for outcome in outcomes:
                alarm.hear(outcome)
        assert said in caught.value.message
        assert caught.value.advice


def test_an_ordinary_run_does_not_ring_it() -> None:
    assert heard(*[Accepted(), Rejected("550"), Accepted(), Deferred("450"), Unknown("x")] * 100) == 0
