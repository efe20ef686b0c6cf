"""Preferences: people choose how letters come to them, and at which address, by a link that was mailed to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from pipeline.clock import Clock
from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.subscribers.choices import Choices, opened, sealed
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.membership import ChoiceStore
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.sealing import ADDRESS, MOVING, Sealer
from pipeline.subscribers.tokens import Ticket

__all__ = ["LONGEST_PAUSE", "Mistake", "Preferences", "Wanted"]

LONGEST_PAUSE = timedelta(days=366)


class Mistake(StrEnum):
    """What cannot be chosen."""

    PAUSE = "pause"  # no day, or one that has passed, or too far away
    NOTHING = "nothing"  # every topic was left out
    ADDRESS = "address"  # that is none


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What somebody asked for on the form."""

    pace: Pace
    guise: Guise
    text: bool
    left_out: frozenset[str]  # of the topics that the form named
    pause: str  # "" or a day as browsers write it, 2026-12-31


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Show and change what is chosen by whom a pass speaks for."""

    store: ChoiceStore
    keyring: Keyring
    passes: Passes
    clock: Clock
    confirm_within: timedelta
    topics: Callable[[], Sequence[str]]  # categories that letters are about now
    guises: Sequence[Guise]  # that can be chosen

    def recognises(self, text: str) -> bool:
        """Tell whether a pass is one and still in time, without looking at the list."""
        return self.ticket(text) is not None

    def ticket(self, text: str) -> Ticket | None:
        """Answer whom a pass speaks for; None for anything else."""
        return self.passes.read(Errand.CHOICES, text, self.clock())

    def show(self, text: str) -> Choices | None:
        """Answer what somebody chose; None where the pass does not act."""
        ticket = self.ticket(text)
        cell = self.store.chosen(ticket) if ticket else None
        if ticket is None or cell is None:
            return None
        return opened(cell, Sealer(self.keyring), row=ticket.subscriber_id)

    def save(self, text: str, wanted: Wanted) -> Choices | Mistake | None:
        """Change what somebody chose; answer it as it is then, or what is wrong; None where the pass does not act."""
        ticket, now = self.ticket(text), self.clock()
        if ticket is None:
            return None
        until = _day(wanted.pause, now)
        if isinstance(until, Mistake):
            return until
        topics = frozenset(self.topics())
        if topics and topics <= wanted.left_out:
            return Mistake.NOTHING
        sealer, row = Sealer(self.keyring), ticket.subscriber_id
        saved: list[Choices] = []

        def change(cell: bytes | None, frozen: datetime | None) -> bytes | None:
            old = opened(cell, sealer, row=row)
            new = replace(
                old.with_pace(wanted.pace, now, frozen),
                guise=wanted.guise if wanted.guise in self.guises else old.guise,
                text=wanted.text,
                left_out=tuple(sorted(wanted.left_out & topics.union(old.left_out))),
                paused_until=until,
            )
            saved.append(new)
            return sealed(new, sealer, row=row)

        return saved[-1] if self.store.choose(ticket, change) else None

    def awaits(self, text: str) -> bool:
        """Tell whether a pass for a new address is one and still in time, without looking at the list."""
        return self.passes.read(Errand.MOVE, text, self.clock()) is not None

    def moved(self, text: str, wording: str) -> bool:
        """Send letters to a new address from now on, as its owner says; tell whether they go there.

        Args:
            text: The pass that was mailed to the new address.
            wording: What its owner agrees to.
        """
        now = self.clock()
        ticket = self.passes.read(Errand.MOVE, text, now)
        if ticket is None:
            return False
        sealer, row, end = Sealer(self.keyring), ticket.subscriber_id, self.passes.end(text)

        def reseal(cell: bytes) -> tuple[bytes, bytes]:
            address = sealer.open(cell, column=MOVING, row=row)
            return sealer.seal(address, column=ADDRESS, row=row), self.keyring.suppression_hash(address)

        asked_at = end - self.confirm_within
        return self.store.moved(ticket, end, wording, reseal, asked_at=asked_at, now=now)


def _day(text: str, now: datetime) -> date | Mistake | None:
    """Read until when somebody wants a pause; None for none."""
    today = now.astimezone(UTC).date()
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return Mistake.PAUSE
    return day if today < day <= today + LONGEST_PAUSE else Mistake.PAUSE
