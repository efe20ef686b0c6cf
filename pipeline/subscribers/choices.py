"""Choices: how, how often and about what somebody wants to be written to.

They say something about a person, so they are sealed like the address: one cell, as long for one person as for the
next, with nothing in it where nothing was chosen.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from pipeline.digests import HORIZON, Pace, period_of
from pipeline.errors import KeyProblem
from pipeline.letters import Guise
from pipeline.subscribers.sealing import Sealer

__all__ = ["CHOICES", "Choices", "opened", "read", "sealed", "written"]

CHOICES = "subscribers.choices"  # the column that choices are sealed for

_BLOCK = 256  # characters; what is sealed is filled up to a multiple of this
_REMEMBERED = HORIZON + timedelta(days=35)  # longer than a digest may wait, and the month it is of
_TICK = timedelta(microseconds=1)  # the store counts in these


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What one person chose."""

    guise: Guise = Guise.OPEN
    text: bool = False  # plain text only
    left_out: tuple[str, ...] = ()  # categories whose letters are not wanted, sorted
    paused_until: date | None = None  # nothing is sent before this day begins in UTC
    # From which moment on which pace, in order; before the first of them, each letter.
    paces: tuple[tuple[datetime, Pace], ...] = ()

    def pace_at(self, moment: datetime) -> Pace:
        """Tell by which pace a letter that was frozen at some moment comes."""
        if not self.paces:  # as it is with most, and everybody is asked while an audience is frozen
            return Pace.EACH
        return next((pace for since, pace in reversed(self.paces) if since <= moment), Pace.EACH)

    def paused_at(self, moment: datetime) -> bool:
        """Tell whether nothing is to be sent at a moment."""
        return self.paused_until is not None and moment.astimezone(UTC).date() < self.paused_until

    def upcoming(self, now: datetime) -> tuple[datetime, Pace] | None:
        """Tell which pace follows, and from when, where a change was asked for and has not come yet."""
        return next(((since, pace) for since, pace in self.paces if since > now), None)

    def with_pace(self, pace: Pace, now: datetime, frozen: datetime | None) -> Choices:
        """Change the pace so that every letter comes in one way: by itself or in one digest, never in two.

        A change takes effect at once, unless a digest is under way that holds a letter already: then that one is
        still sent, and the new pace begins with the next period.

        Args:
            pace: From now on.
            now: Aware.
            frozen: When the last letter was frozen; nothing that was decided until then is changed.
        """
        if frozen is not None:
            now = max(now, frozen + _TICK)
        # A pace that began after the last letter has had no effect yet.
        kept = [(since, old) for since, old in self.paces if frozen is not None and since <= frozen]
        present = kept[-1][1] if kept else Pace.EACH
        if pace is not present:
            since = now
            if present is not Pace.EACH and frozen is not None:
                under_way = period_of(present, now)
                since = under_way.end if frozen >= under_way.start else now
            kept.append((since, pace))
        over = [number for number, (since, _) in enumerate(kept) if since < now - _REMEMBERED]
        kept = kept[over[-1] :] if over else kept
        if kept and over and kept[0][1] is Pace.EACH:
            kept = kept[1:]  # as it is without
        return replace(self, paces=tuple(kept))


def sealed(choices: Choices, sealer: Sealer, *, row: int) -> bytes | None:
    """Seal what a person chose for their row; None where that is nothing."""
    text = written(choices)
    if not text:
        return None
    return sealer.seal(text + " " * (-len(text) % _BLOCK), column=CHOICES, row=row)


def written(choices: Choices) -> str:
    """Write down what a person chose; "" where that is nothing."""
    if choices == Choices():
        return ""
    return json.dumps(
        {
            "guise": choices.guise,
            "text": choices.text,
            "left_out": choices.left_out,
            "paused_until": choices.paused_until and choices.paused_until.isoformat(),
            "paces": [(since.isoformat(), pace) for since, pace in choices.paces],
        },
        separators=(",", ":"),
    )


def opened(cell: bytes | None, sealer: Sealer, *, row: int) -> Choices:
    """Open what ``sealed`` made.

    Raises:
        KeyProblem: It was sealed with another key, belongs to another row, or is damaged.
    """
    return read(sealer.open(cell, column=CHOICES, row=row)) if cell else Choices()


@functools.lru_cache(maxsize=1024)  # many people choose the same
def read(text: str) -> Choices:
    """Read what ``written`` wrote.

    Raises:
        KeyProblem: It is none, or a newer version's.
    """
    try:
        data = json.loads(text)
        until = data["paused_until"]
        return Choices(
            guise=Guise(data["guise"]),
            text=bool(data["text"]),
            left_out=tuple(map(str, data["left_out"])),
            paused_until=date.fromisoformat(until) if until else None,
            paces=tuple((datetime.fromisoformat(since), Pace(pace)) for since, pace in data["paces"]),
        )
    except (ValueError, KeyError, TypeError):
        raise KeyProblem(
            f"{CHOICES} holds what this version cannot read",
            advice="use the version of this program that wrote it, or a newer one",
        ) from None
