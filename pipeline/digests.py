"""Digests: the letters of a week or a month in one. Pure: no clock, disk or network.

A digest holds the posts whose letters were fixed (frozen) in its period, whatever their date says, so that a post
that comes late is in the next digest and never in one that has left already. Periods are those of UTC: they never
overlap and leave no gap, whatever becomes of the site's time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pipeline.posts import Post

__all__ = ["Digest", "Pace", "Period", "period_of"]


class Pace(StrEnum):
    """How often somebody wants to be written to."""

    EACH = "each"  # each letter, when it comes
    WEEKLY = "weekly"  # what came in a week, on the Monday after it
    MONTHLY = "monthly"  # what came in a month, on the first day of the next


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """One week or one month."""

    pace: Pace
    start: datetime  # aware, UTC
    end: datetime  # aware, UTC; the first moment that does not belong to it

    @property
    def name(self) -> str:
        """Name the period: "weekly:2026-W47" (ISO 8601), "monthly:2026-11". No post can be called so."""
        form = "%G-W%V" if self.pace is Pace.WEEKLY else "%Y-%m"
        return f"{self.pace}:{self.start:{form}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What one period's digest is made of."""

    period: Period
    posts: Sequence[tuple[Post, datetime]]  # with when their letters were frozen, the oldest first


def period_of(pace: Pace, moment: datetime) -> Period:
    """Find the period of a digest that a moment belongs to.

    Raises:
        ValueError: Each letter by itself has no period.
    """
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if pace is Pace.EACH:
        raise ValueError("each letter by itself has no period")
    if pace is Pace.WEEKLY:
        start = day - timedelta(days=day.weekday())
        end = start + timedelta(days=7)
    else:
        start = day.replace(day=1)
        end = (start + timedelta(days=31)).replace(day=1)
    return Period(pace=pace, start=start, end=end)
