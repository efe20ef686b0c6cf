"""Bouncing: what a returned letter means for its reader. Only a genuine token counts; a policy block is our fault.

A message may be read again: a crash comes between acting on it and taking it away, or two readers see it at once.
What is done about it may therefore be done twice, or counts once under the message's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pipeline.clock import Clock
from pipeline.errors import KeyProblem
from pipeline.subscribers.farewells import Farewells, Parting
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.leaving import left
from pipeline.subscribers.limits import Limit, message_limit
from pipeline.subscribers.membership import MemberStore
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Ticket

__all__ = ["Bouncing", "BouncingStore", "CameBack", "Cause", "Meaning", "Returned", "meaning"]

SOFT_MOST = 4  # times that a letter may come back for a reason that passes …
SOFT_LEAST = timedelta(days=14)  # … over at least this time, before its reader is no longer mailed
SOFT_FORGOTTEN = timedelta(days=90)  # a reason that did not come again in this time has passed

_BRIEFLY = timedelta(days=1)
_NO_SUCH = frozenset({"5.1.1", "5.1.2", "5.1.6"})


class Cause(StrEnum):
    """What kind of message came back."""

    BOUNCE = "bounce"  # a delivery status notification (RFC 3464)
    COMPLAINT = "complaint"  # an abuse report (RFC 5965)
    LEAVE = "leave"  # a mail that asks to leave, with the token of a letter (RFC 2369 §3.2)


class Meaning(StrEnum):
    """What a bounce means, and what was done about it."""

    GONE = "gone"  # the address does not exist: never mailed again
    PASSING = "passing"  # a full mailbox, a server that is down: counted
    WORN_OUT = "worn out"  # counted too often: never mailed again
    POLICY = "policy"  # the receiving side refuses us: nobody is to blame but the operator is told
    COMPLAINT = "complaint"  # taken off the list at once
    LEFT = "left"  # wrote that they want to leave: taken off the list
    DELAYED = "delayed"  # still on its way
    STRANGE = "strange"  # no genuine token, or one of an earlier life: nothing was done
    OTHER = "other"  # nothing that is dealt with here, such as an automatic reply: left to a person
    AGAIN = "again"  # dealt with before: nothing was done


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """What could be read from a message that came back. Its text is not kept."""

    cause: Cause
    ticket: Ticket | None  # whom its token names
    failed: bool = True  # False: only delayed so far
    status: str = ""  # "5.1.1" (RFC 3463)
    campaign: str = ""  # as the returned letter names it


@dataclass(frozen=True, kw_only=True, slots=True)
class CameBack:
    """What came back since the list began. Numbers; nobody is named."""

    counts: Mapping[Meaning, int]
    read_at: datetime | None  # aware; when everything was last read


class BouncingStore(Protocol):
    """Keep how often letters came back. Every method is one transaction."""

    def gone(self, ticket: Ticket, suppress: bytes, now: datetime) -> bool:
        """Mark somebody as unreachable and note that they must not be mailed; False for an earlier life."""

    def count(
        self, once: Limit, ticket: Ticket, now: datetime, forget_before: datetime
    ) -> tuple[int, datetime] | None:
        """Count a passing reason; answer how often, and since when. None for an earlier life.

        Args:
            once: Where it is reached, this message was counted before, and the count is only answered.
            ticket: Whose letter came back.
            now: Aware.
            forget_before: Where the last time was before this, counting begins anew.
        """

    def known(self, once: Limit, now: datetime) -> bool:
        """Tell whether a limit is reached."""

    def note(self, once: Limit, what: Meaning, now: datetime) -> bool:
        """Add one to what is told of all that came back, unless a limit is reached; tell whether it was added."""

    def read(self, now: datetime) -> None:
        """Note that everything was read that was there."""

    def came_back(self) -> CameBack:
        """Answer what is told of all that came back."""


_AWAY = {Cause.COMPLAINT: Meaning.COMPLAINT, Cause.LEAVE: Meaning.LEFT}


def meaning(status: str, *, failed: bool) -> Meaning:
    """Tell what an enhanced status code (RFC 3463) means, by itself."""
    if not failed:
        return Meaning.DELAYED
    if status in _NO_SUCH:
        return Meaning.GONE
    if status.startswith("5.7."):
        return Meaning.POLICY
    return Meaning.PASSING if status[:2] in {"4.", "5."} else Meaning.STRANGE


@dataclass(frozen=True, kw_only=True)
class Bouncing:
    """Deal with what came back."""

    store: BouncingStore
    members: MemberStore
    keyring: Keyring
    clock: Clock
    farewells: Farewells

    def known(self, content: bytes) -> bool:
        """Tell whether everything that a message asks for was done before."""
        return self.store.known(self._noted(content), self.clock())

    def note(self, content: bytes, what: Meaning) -> None:
        """Note that everything was done that a message asks for; the last step."""
        # What asked for nothing may be anybody's, and any number of it; it is not remembered for long.
        window = _BRIEFLY if what in {Meaning.STRANGE, Meaning.OTHER} else SOFT_FORGOTTEN
        self.store.note(self._noted(content, window), what, self.clock())

    def deal_with(self, returned: Returned, content: bytes) -> Meaning:
        """Do what a returned message asks for; answer what that was. Doing it twice is doing it once.

        Args:
            returned: What was read from it.
            content: The whole message.
        """
        if returned.ticket is None:
            return Meaning.STRANGE
        if returned.cause in _AWAY:
            gone = left(self.members, self.farewells, returned.ticket)
            return _AWAY[returned.cause] if gone else Meaning.STRANGE
        found = meaning(returned.status, failed=returned.failed)
        now = self.clock()
        if found is Meaning.PASSING:
            once = message_limit(self.keyring, "count", content, window=SOFT_FORGOTTEN)
            counted = self.store.count(once, returned.ticket, now, now - SOFT_FORGOTTEN)
            if counted is None:
                return Meaning.STRANGE
            times, since = counted
            if times < SOFT_MOST or now - since < SOFT_LEAST:
                return Meaning.PASSING
            found = Meaning.WORN_OUT
        if found in {Meaning.GONE, Meaning.WORN_OUT}:
            return found if self._suppress(returned.ticket, now) else Meaning.STRANGE
        return found

    def _noted(self, content: bytes, window: timedelta = SOFT_FORGOTTEN) -> Limit:
        return message_limit(self.keyring, "note", content, window=window)

    def _suppress(self, ticket: Ticket, now: datetime) -> bool:
        record = self.members.record(ticket)
        if record is None:
            return False
        whose = record.subscriber
        try:
            address = Sealer(self.keyring).open(whose.address, column=ADDRESS, row=whose.id)
        except (
            KeyProblem
        ):  # tampered with: it is mailed nothing, and must not keep the other messages waiting
            return False
        name = self.keyring.suppression_hash(address)
        gone = self.store.gone(ticket, name, now)
        if gone:
            self.farewells.note(Parting.BOUNCED, ticket.subscriber_id, ticket.life, suppression=name)
        return gone
