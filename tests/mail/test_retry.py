"""When a deferred delivery is tried again, and when no more."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from pipeline.mail.retry import PAUSES, pause_after


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(attempts) for attempts in range(1, len(PAUSES) + 1)]
    assert pauses == list(PAUSES)
    assert pauses[0] == timedelta(minutes=1)
    assert all(first <= second for first, second in pairwise(PAUSES))
    assert pause_after(len(PAUSES) + 1) is None
    assert pause_after(len(PAUSES) + 100) is None


def test_a_mailbox_that_is_full_for_a_weekend_still_gets_its_letter() -> None:
    assert timedelta(days=2) < sum(PAUSES, timedelta()) < timedelta(days=5)
