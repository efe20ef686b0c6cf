"""Signing up: a wish is taken in without a look at the list, dealt with behind the answer, confirmed by its owner."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.clock import Clock
from pipeline.errors import KeyProblem
from pipeline.subscribers import Origin, Subscriber, SubscriberState, SubscriberStore
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.limits import LimitKind, address_limit, global_limit, source_limit
from pipeline.subscribers.membership import Arrival, ArrivalStore, MemberStore, Wish
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["ARRIVING", "Answer", "Reception", "Rules", "SigningUp", "plausible"]

ARRIVING = "arrivals.address"  # the column that addresses are sealed for while they wait
_CARRIED = "form.address"  # … and while a form carries them to its second step
_LONGEST = 254  # characters, RFC 5321 §4.5.3.1.3 less the angle brackets
_LEASE = timedelta(minutes=2)
_BATCH = 50
_STAMP_LIVES = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """How much is taken in, and how soon."""

    per_source: int  # requests from one network address in an hour
    everybody: int  # requests from all in an hour
    shortest: timedelta  # between showing a form and a person sending it
    quiet: timedelta  # between two notices to one address that has not confirmed, or has already
    confirm_within: timedelta
    rights_within: timedelta

    @property
    def hasty(self) -> int:
        """Count the requests in an hour that may come without a stamp, from forms on static pages."""
        return max(1, self.everybody // 4)


class Answer(StrEnum):
    """What whoever asked is told. None of it depends on who is on the list."""

    TAKEN = "taken"
    IMPLAUSIBLE = "implausible"  # no address at all
    ONCE_MORE = "once more"  # the form is shown once more, to be sent by a person
    TOO_MANY = "too many"  # from this network address
    FULL = "full"  # from all together


def plausible(text: str) -> bool:
    """Tell whether a text might be an address, by its looks alone: something, an @, something."""
    before, at, after = text.strip().rpartition("@")
    return bool(before and at and after) and len(text) <= _LONGEST and text.isprintable()


@dataclass(frozen=True, kw_only=True)
class SigningUp:
    """Take in wishes, and confirmations."""

    arrivals: ArrivalStore
    members: MemberStore
    keyring: Keyring
    passes: Passes
    rules: Rules
    clock: Clock

    def receive(self, wish: Wish, text: str, *, stamp: str, source: str) -> Answer:
        """Take in what somebody typed, doing the same whoever it is.

        Args:
            wish: What they want.
            text: The address as it was typed.
            stamp: Of the form, or "" from a form on a static page, which has none.
            source: Network address of whoever asks; it is used as the name of a limit and not kept.
        """
        if not plausible(text):
            return Answer.IMPLAUSIBLE
        now = self.clock()
        if stamp:
            shown = self.passes.stamped(stamp)
            if shown is None or not self.rules.shortest <= now - shown <= _STAMP_LIVES:
                return Answer.ONCE_MORE
        limits = [
            source_limit(self.keyring, source, now, most=self.rules.per_source),
            global_limit(self.keyring, LimitKind.EVERYBODY, most=self.rules.everybody),
        ]
        if not stamp:
            limits.append(global_limit(self.keyring, LimitKind.HASTY, most=self.rules.hasty))
        identity = secrets.randbits(63)
        arrival = Arrival(
            id=identity,
            wish=wish,
            # As long as the longest, so that its length tells nothing.
            address=Sealer(self.keyring).seal(text.strip().ljust(_LONGEST), column=ARRIVING, row=identity),
            path="service" if stamp else "site",
            received_at=now,
        )
        reached = self.arrivals.put(arrival, tuple(limits), now)
        if reached is None:
            return Answer.TAKEN
        return {LimitKind.SOURCE: Answer.TOO_MANY, LimitKind.HASTY: Answer.ONCE_MORE}.get(
            reached.kind, Answer.FULL
        )

    def carry(self, text: str) -> str:
        """Seal an address for the second step of a form, which then holds nobody's address in clear."""
        sealed = Sealer(self.keyring).seal(text.strip()[:_LONGEST], column=_CARRIED, row=0)
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def carried(self, text: str) -> str:
        """Open what `carry` sealed; "" for what it did not."""
        try:
            sealed = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            return Sealer(self.keyring).open(sealed, column=_CARRIED, row=0)
        except (KeyProblem, binascii.Error, UnicodeEncodeError):
            return ""

    def recognises(self, text: str) -> bool:
        """Tell whether a pass for confirming is one and still in time, without looking at the list."""
        return self.passes.read(Errand.CONFIRM, text, self.clock()) is not None

    def confirm(self, text: str, wording: str) -> bool:
        """Put on the list whom a pass speaks for, and record what they agreed to; tell whether they are on it now.

        Args:
            text: The pass.
            wording: The sentence that stood above the button.
        """
        now = self.clock()
        ticket = self.passes.read(Errand.CONFIRM, text, now)
        sealed = self.members.sealed(ticket.subscriber_id) if ticket else None
        if ticket is None or sealed is None:
            return False
        address = Sealer(self.keyring).open(sealed, column=ADDRESS, row=ticket.subscriber_id)
        return self.members.confirm(ticket, wording, now, lift=self.keyring.suppression_hash(address))


@dataclass(frozen=True, kw_only=True)
class Reception:
    """Deal with what was taken in, behind the answers."""

    arrivals: ArrivalStore
    members: MemberStore
    people: SubscriberStore
    keyring: Keyring
    rules: Rules
    clock: Clock

    def work(self) -> int:
        """Deal with what is waiting, as far as one lease goes; answer how much it was."""
        now = self.clock()
        waiting = self.arrivals.take(now, now + _LEASE, most=_BATCH)
        for arrival in waiting:
            self._deal_with(arrival, now)
        return len(waiting)

    def _deal_with(self, arrival: Arrival, now: datetime) -> None:
        sealer = Sealer(self.keyring)
        try:
            address = normalise(sealer.open(arrival.address, column=ARRIVING, row=arrival.id))
        except KeyProblem:  # damaged; it must not keep the others waiting
            address = None
        if address is None or self.people.barred(self.keyring.suppression_hash(address)):
            self.arrivals.drop(arrival.id)
            return
        window = self.rules.quiet if arrival.wish is Wish.JOIN else self.rules.rights_within
        limit = address_limit(self.keyring, arrival.wish, address, most=1, window=window)
        identity = secrets.randbits(63)
        person = Subscriber(
            id=identity,
            address=sealer.seal(address, column=ADDRESS, row=identity),
            address_index=self.keyring.address_index(address),
            state=SubscriberState.PENDING,
            origin=Origin.FORM,
            created_at=now,
        )
        if arrival.wish is Wish.RIGHTS:
            self.members.show(arrival, person, limit, now, now + self.rules.rights_within)
        else:
            self.members.ask(arrival, person, limit, now, now + self.rules.confirm_within)
