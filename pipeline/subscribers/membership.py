"""Membership: how people join, leave and are forgotten, whoever keeps the list.

Here are the values and the contracts; the use cases stand in modules of their own (signing_up, leaving, rights).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pipeline.subscribers import Subscriber, SubscriberState
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.tokens import Ticket

__all__ = [
    "Arrival",
    "ArrivalStore",
    "ChoiceStore",
    "MemberStore",
    "Notice",
    "NoticeKind",
    "Outbox",
    "Record",
    "Wish",
    "notice_for",
]


class Wish(StrEnum):
    """What somebody asked for with nothing but an address."""

    JOIN = "join"
    RIGHTS = "rights"  # to see, take along or erase what is stored
    CHOICES = "choices"  # to choose how letters come
    MOVE = "move"  # to get them at another address; asked for by whom a link speaks for


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """One wish that came in and is granted behind the answer, so that the answer tells nothing."""

    id: int  # random, 63 bits
    wish: Wish
    address: bytes  # sealed as it was typed, see signing_up.ARRIVING
    path: str  # which form it was typed into: "site" or "service"
    received_at: datetime  # aware


class NoticeKind(StrEnum):
    """What is to be said about one person: to themselves, or to somebody else who keeps the list."""

    CONFIRM = "confirm"  # press a button and you are on the list; a list kept elsewhere says so itself
    ALREADY = "already"  # somebody asked; you are on the list already
    RIGHTS = "rights"  # the link to what is stored
    CHOICES = "choices"  # the link to how letters come
    MOVE = "move"  # press a button and letters come to this address instead of another
    LEAVE = "leave"  # for who keeps the list: off it
    FORGET = "forget"  # for who keeps the list: erased


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One message to one person, waiting to be handed over."""

    id: int
    kind: NoticeKind
    subscriber_id: int
    address: bytes  # sealed; of MOVE, the new one
    life: int  # for CONFIRM, the one that confirming begins; else the present one
    expires_at: datetime  # aware; its link acts no longer, and it is sent no more
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Everything that is stored about one person."""

    subscriber: Subscriber
    consents: tuple[Consent, ...]
    deliveries: tuple[tuple[str, str, str, datetime], ...]  # post, state, code, when it last changed
    # A wish to join that waits: by which form, since and until when.
    asked: tuple[str, datetime, datetime] | None
    returned: tuple[int, datetime, datetime] | None  # how often letters came back lately, first and last
    moving: tuple[bytes, datetime] | None = None  # a new address that waits, sealed, and until when


class ArrivalStore(Protocol):
    """Keep what came in until it is dealt with. Every method is one transaction."""

    def put(self, arrival: Arrival, limits: tuple[Limit, ...], now: datetime) -> Limit | None:
        """Keep an arrival unless a limit is reached; answer that limit, and keep and count nothing then."""

    def counted(self, limit: Limit, now: datetime) -> int:
        """Tell how often something happened that is limited."""

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Arrival]:
        """Lease arrivals, the oldest first. One that failed too often is thrown away."""

    def drop(self, arrival_id: int) -> None:
        """Forget one that leads to nothing."""

    def oldest(self) -> datetime | None:
        """Tell since when the oldest one waits."""


class MemberStore(Protocol):
    """Keep who belongs to the list. Every method is one transaction."""

    def ask(self, arrival: Arrival, person: Subscriber, limit: Limit, now: datetime, until: datetime) -> None:
        """Note somebody's wish to join, and the notice about it that `notice_for` names; forget the arrival.

        Where the limit is reached, or the arrival was dealt with already, nothing is noted.

        Args:
            arrival: What is dealt with.
            person: A pending entry to be made where there is none for the address.
            limit: Of notices to this address.
            now: Aware.
            until: When the wish, not confirmed, is over.
        """

    def show(
        self,
        arrival: Arrival,
        person: Subscriber,
        limit: Limit,
        now: datetime,
        until: datetime,
        *,
        rarely: Limit,
    ) -> None:
        """Note a notice with a link to what is stored, where anything is; forget the arrival.

        Args:
            arrival: What is dealt with.
            person: Whose address it is; an entry only where somebody else keeps the list, who alone knows them.
            limit: Of such notices to this address.
            now: Aware.
            until: When the link acts no longer.
            rarely: Of all notices to somebody who has confirmed nothing yet, and may never have asked for any.
        """

    def sealed(self, subscriber_id: int) -> bytes | None:
        """Answer one person's sealed address; None where there is no such person."""

    def confirm(
        self, ticket: Ticket, wording: str, now: datetime, *, lift: bytes, choices: bytes | None = None
    ) -> bool:
        """Begin the life that a ticket names, and record the consent; tell whether that life is the present one.

        Confirming twice is confirming once. A life that is over cannot be begun again.

        Args:
            ticket: Whom, and which life.
            wording: What they agreed to.
            now: Aware.
            lift: Their suppression hash, which goes if it stands there only because they left a list elsewhere.
            choices: What they chose in the same moment, sealed for their row. Nothing of an earlier life stays.
        """

    def leave(self, ticket: Ticket) -> bool:
        """Take somebody off the list; tell whether they are off it. A ticket of an earlier life does nothing.

        Leaving twice is leaving once, and who is not in the store at all has left.
        """

    def record(self, ticket: Ticket) -> Record | None:
        """Answer what is stored about one person; None where the ticket is not of the present life."""

    def erase(self, ticket: Ticket, suppress: bytes | None, unsuppress: bytes, now: datetime) -> bool:
        """Delete everything about one person but counts; tell whether nothing of them is left.

        A ticket of an earlier life deletes nothing.

        Args:
            ticket: Whom, in which life.
            suppress: A keyed hash that stays behind, so that nobody can put the address back on the list.
            unsuppress: A keyed hash that must not stay behind, where suppress is None.
            now: Aware.
        """

    def sweep(self, now: datetime) -> int:
        """Delete wishes that are over, entries that were never confirmed, and used-up limits; count the entries."""


class ChoiceStore(Protocol):
    """Keep what people on the list chose. Every method is one transaction."""

    def chosen(self, ticket: Ticket) -> bytes | None:
        """Answer somebody's sealed choices, b"" where they chose nothing; None where they are not on the list."""

    def choose(self, ticket: Ticket, change: Callable[[bytes | None, datetime | None], bytes | None]) -> bool:
        """Change somebody's choices; tell whether they are on the list, in the life that the ticket names.

        No audience is fixed meanwhile.

        Args:
            ticket: Whose.
            change: Makes the new cell of the old one and of the moment when the last audience was fixed.
        """

    def move(
        self,
        arrival: Arrival,
        ticket: Ticket,
        new: Subscriber,
        *,
        limit: Limit,
        now: datetime,
        until: datetime,
    ) -> None:
        """Note that somebody on the list wants letters at another address, and a notice to it; forget the arrival.

        Where the other address is on the list already, its owner is told that; an earlier wish of this kind is
        forgotten.

        Args:
            arrival: What is dealt with.
            ticket: Who wants it.
            new: The address, sealed for their row as one that waits; nothing else of it counts.
            limit: Of notices to that address.
            now: Aware.
            until: When the wish, not confirmed, is over. Whole seconds.
        """

    def moved(
        self,
        ticket: Ticket,
        until: datetime,
        wording: str,
        reseal: Callable[[bytes], tuple[bytes, bytes]],
        *,
        asked_at: datetime,
        now: datetime,
    ) -> bool:
        """Put a new address in the place of the old one and begin another life; tell whether it is in its place.

        Nothing that was mailed to the old address acts any more. Moving twice is moving once.

        Args:
            ticket: Whose, in the life before.
            until: Which wish: the one that is over then.
            wording: What the owner of the new address agreed to.
            reseal: Seals an address that waited as one that is in use; and answers its suppression hash, which goes
                if it stands there only because somebody left a list elsewhere.
            asked_at: When they asked for it, aware.
            now: Aware.
        """


class Outbox(Protocol):
    """Keep notices until they are handed over. Every method is one transaction."""

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Notice]:
        """Lease notices that are due. One whose lease ran out may have been sent: it is dropped, its limit lifted."""

    def sent(self, notice_id: int) -> None:
        """Forget a notice that was handed over."""

    def later(self, notice_id: int, due: datetime) -> None:
        """Keep a notice that was not handed over."""

    def lost(self, notice_id: int) -> None:
        """Forget a notice that may not have arrived, and lift its limit, so that asking again helps."""

    def refused(self, notice_id: int) -> None:
        """Forget a notice whose address does not exist, and an entry that was only waiting for it."""


def notice_for(state: SubscriberState) -> NoticeKind:
    """Choose what somebody who asks to join is told: only who is on the list already is told so."""
    return NoticeKind.ALREADY if state is SubscriberState.CONFIRMED else NoticeKind.CONFIRM
