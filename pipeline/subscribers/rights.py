"""Rights: see what is stored, take it along, have it erased, without an account (GDPR Art. 15, 17, 20)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from pipeline.clock import Clock
from pipeline.errors import KeyProblem
from pipeline.subscribers.choices import Choices, opened
from pipeline.subscribers.farewells import Farewells, Parting
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.leaving import left
from pipeline.subscribers.membership import MemberStore, Record
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.sealing import ADDRESS, MOVING, Sealer
from pipeline.subscribers.tokens import Ticket

__all__ = ["UNREADABLE", "Rights", "Stored"]

Stored = Mapping[str, "str | int | Sequence[Mapping[str, str | int | None]] | None"]
"""Everything that is stored about one person, by name; moments as ISO 8601 in UTC."""

UNREADABLE = "(sealed so that nobody can read it any more)"  # a cell that somebody tampered with


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Show, and erase, what is stored about whom a pass speaks for."""

    members: MemberStore
    keyring: Keyring
    passes: Passes
    clock: Clock
    farewells: Farewells

    def recognises(self, text: str) -> bool:
        """Tell whether a pass is one and still in time, without looking at the list."""
        return self._ticket(text) is not None

    def see(self, text: str) -> Stored | None:
        """Answer everything that is stored; None where the pass does not act or nothing is there."""
        ticket = self._ticket(text)
        record = self.members.record(ticket) if ticket else None
        if record is None:
            return None
        moving = self._text(record.moving[0], MOVING, record) if record.moving else ""
        return _stored(
            record, self._text(record.subscriber.address, ADDRESS, record), self._choices(record), moving
        )

    def erase(self, text: str, *, entirely: bool) -> bool:
        """Delete everything about one person; tell whether nothing of them is left.

        Args:
            text: The pass.
            entirely: Whether the keyed hash goes as well that would keep the address off the list for good.
        """
        ticket = self._ticket(text)
        if ticket is None:
            return False
        record = self.members.record(ticket)
        try:
            name = self.keyring.suppression_hash(self._address(record)) if record else b""
        except KeyProblem:  # tampered with: nobody can tell the address any more, but the entry can go
            name, entirely = b"", True
        keep = None if entirely else name
        if record is not None:
            # First on paper: an erasure that is not finished is one that a restored backup would still repeat.
            parting = Parting.FORGOTTEN if entirely else Parting.ERASED
            self.farewells.note(parting, ticket.subscriber_id, ticket.life, suppression=keep)
        return self.members.erase(ticket, keep, name, self.clock())

    def leave(self, text: str) -> bool:
        """Take off the list whom a pass speaks for; tell whether they are off it, or will be."""
        ticket = self._ticket(text)
        return ticket is not None and left(self.members, self.farewells, ticket)

    def address(self, text: str) -> SecretStr | None:
        """Answer whose pass it is; None where it does not act or nothing is there."""
        ticket = self._ticket(text)
        record = self.members.record(ticket) if ticket else None
        return None if record is None else SecretStr(self._address(record))

    def _ticket(self, text: str) -> Ticket | None:
        return self.passes.read(Errand.RIGHTS, text, self.clock())

    def _text(self, cell: bytes, column: str, record: Record) -> str:
        try:
            return Sealer(self.keyring).open(cell, column=column, row=record.subscriber.id)
        except KeyProblem:  # whoever spoilt it, the rest is still theirs to see
            return UNREADABLE

    def _choices(self, record: Record) -> Choices | None:
        try:
            return opened(record.subscriber.choices, Sealer(self.keyring), row=record.subscriber.id)
        except KeyProblem:
            return None

    def _address(self, record: Record) -> str:
        whose = record.subscriber
        return Sealer(self.keyring).open(whose.address, column=ADDRESS, row=whose.id)


def _stored(record: Record, address: str, choices: Choices | None, moving: str) -> Stored:
    whose = record.subscriber
    if choices is None:
        how: list[dict[str, str | int | None]] = [{"mailbox": UNREADABLE}]
    else:
        how = [
            {
                "mailbox": choices.guise.value,
                "form": "text" if choices.text else "html",
                "left_out": ", ".join(choices.left_out),
                "paused_until": choices.paused_until.isoformat() if choices.paused_until else None,
            }
        ]
    return {
        "address": address,
        "state": whose.state.value,
        "origin": whose.origin.value,
        "subscription": whose.life,
        "entered_at": _moment(whose.created_at),
        "confirmed_at": _moment(whose.confirmed_at),
        "how_letters_come": how,
        "how_often": [
            {"pace": pace.value, "from": _moment(since)} for since, pace in (choices.paces if choices else ())
        ],
        "new_address": [
            {"address": moving, "until": _moment(until)}
            for _, until in ([record.moving] if record.moving else [])
        ],
        "asked_again": [
            {"form": form, "asked_at": _moment(since), "until": _moment(until)}
            for form, since, until in ([record.asked] if record.asked else [])
        ],
        "came_back": [
            {"times": times, "first_at": _moment(first), "last_at": _moment(last)}
            for times, first, last in ([record.returned] if record.returned else [])
        ],
        "consents": [
            {
                "subscription": one.life,
                "wording": one.wording,
                "how": one.path,
                "asked_at": _moment(one.asked_at),
                "given_at": _moment(one.given_at),
            }
            for one in record.consents
        ],
        "letters": [
            {"letter": url, "state": state, "code": code, "changed_at": _moment(moment)}
            for url, state, code, moment in record.deliveries
        ],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
