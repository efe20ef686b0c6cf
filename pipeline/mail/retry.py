"""When a deferred delivery is tried again, and when no more."""

from __future__ import annotations

from datetime import timedelta

__all__ = ["PAUSES", "pause_after"]

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
)
"""Growing pauses: greylisting is over after the second, a full mailbox after two and a half days is given up."""


def pause_after(attempts: int) -> timedelta | None:
    """Tell how long to wait after so many tries (one or more); None: give up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
