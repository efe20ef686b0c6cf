"""Digests: the letters of a week or a month in one. Pure: no clock, disk or network.

A digest holds the posts whose letters were fixed (frozen) in its period, whatever their date says, so that a post
that comes late is in the next digest and never in one that has left already. Periods are those of UTC: they never
overlap and leave no gap, whatever becomes of the site's time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from pipeline.posts import Post

__all__ = ["HORIZON", "Digest", "Pace", "Period", "due", "period_of"]

HORIZON = timedelta(days=90)
"""A digest whose period has been over for longer is not begun any more."""


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


def due(
    posts: Iterable[Post],
    frozen: Mapping[str, datetime],
    now: datetime,
    *,
    begun: Collection[str] = (),
    over: Collection[str] = (),
) -> tuple[Digest, ...]:
    """List the digests that are to be sent, the newest first; a period without a letter has none.

    Args:
        posts: All that are on the site.
        frozen: Of each post whose letter was frozen, by its id, when that was.
        now: Aware.
        begun: Names of periods whose digests were begun before.
        over: Names of periods whose digests have had their turn.
    """
    found: dict[str, tuple[Period, list[tuple[Post, datetime]]]] = {}
    for post in posts:
        moment = frozen.get(post.id)
        for pace in (Pace.WEEKLY, Pace.MONTHLY) if moment else ():
            assert moment is not None  # noqa: S101 - looked at just now
            period = period_of(pace, moment)
            late = now - period.end > HORIZON and period.name not in begun
            if period.end <= now and not late and period.name not in over:
                found.setdefault(period.name, (period, []))[1].append((post, moment))
    return tuple(
        Digest(period=period, posts=tuple(sorted(held, key=lambda one: (one[1], one[0].id))))
        for period, held in sorted(found.values(), key=lambda one: (one[0].end, one[0].name), reverse=True)
    )
