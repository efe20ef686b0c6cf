"""Bouncing: what a returned letter means for its reader. Only a genuine token counts; a policy block is our fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pipeline.clock import Clock
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.membership import MemberStore
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Ticket

__all__ = ["Bouncing", "BouncingStore", "Cause", "Meaning", "Returned", "meaning"]

SOFT_MOST = 4  # times that a letter may come back for a reason that passes …
SOFT_LEAST = timedelta(days=14)  # … over at least this time, before its reader is no longer mailed
SOFT_FORGOTTEN = timedelta(days=90)  # a reason that did not come again in this time has passed

_NO_SUCH = frozenset({"5.1.1", "5.1.2", "5.1.6"})


class Cause(StrEnum):
    """What kind of message came back."""

    BOUNCE = "bounce"  # a delivery status notification (RFC 3464)
    COMPLAINT = "complaint"  # an abuse report (RFC 5965)


class Meaning(StrEnum):
    """What a bounce means, and what was done about it."""

    GONE = "gone"  # the address does not exist: never mailed again
    PASSING = "passing"  # a full mailbox, a server that is down: counted
    WORN_OUT = "worn out"  # counted too often: never mailed again
    POLICY = "policy"  # the receiving side refuses us: nobody is to blame but the operator is told
    COMPLAINT = "complaint"  # taken off the list at once
    DELAYED = "delayed"  # still on its way
    STRANGE = "strange"  # no genuine token, an earlier life, or no report at all: nothing was done


@dataclass(frozen=True, kw_only=True, slots=True)
class Returned:
    """What could be read from a message that came back. Its text is not kept."""

    cause: Cause
    ticket: Ticket | None  # whom its token names
    failed: bool = True  # False: only delayed so far
    status: str = ""  # "5.1.1" (RFC 3463)
    campaign: str = ""  # as the returned letter names it


class BouncingStore(Protocol):
    """Keep how often letters came back. Every method is one transaction."""

    def gone(self, ticket: Ticket, suppress: bytes, now: datetime) -> bool:
        """Mark somebody as unreachable and note that they must not be mailed; False for an earlier life."""

    def count(self, ticket: Ticket, now: datetime, forget_before: datetime) -> tuple[int, datetime] | None:
        """Count a passing reason; answer how often, and since when. None for an earlier life.

        Args:
            ticket: Whose letter came back.
            now: Aware.
            forget_before: Where the last time was before this, counting begins anew.
        """


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

    def deal_with(self, returned: Returned) -> Meaning:
        """Do what a returned message asks for; answer what that was."""
        if returned.ticket is None:
            return Meaning.STRANGE
        if returned.cause is Cause.COMPLAINT:
            return Meaning.COMPLAINT if self.members.leave(returned.ticket) else Meaning.STRANGE
        found = meaning(returned.status, failed=returned.failed)
        now = self.clock()
        if found is Meaning.PASSING:
            counted = self.store.count(returned.ticket, now, now - SOFT_FORGOTTEN)
            if counted is None:
                return Meaning.STRANGE
            times, since = counted
            if times < SOFT_MOST or now - since < SOFT_LEAST:
                return Meaning.PASSING
            found = Meaning.WORN_OUT
        if found in {Meaning.GONE, Meaning.WORN_OUT}:
            return found if self._suppress(returned.ticket, now) else Meaning.STRANGE
        return found

    def _suppress(self, ticket: Ticket, now: datetime) -> bool:
        record = self.members.record(ticket)
        if record is None:
            return False
        whose = record.subscriber
        address = Sealer(self.keyring).open(whose.address, column=ADDRESS, row=whose.id)
        return self.store.gone(ticket, self.keyring.suppression_hash(address), now)
