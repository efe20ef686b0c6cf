"""Signing up: a wish is taken in without a look at the list, dealt with behind the answer, confirmed by its owner."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.clock import Clock
from pipeline.errors import KeyProblem
from pipeline.letters import Guise
from pipeline.subscribers import Origin, Subscriber, SubscriberState, SubscriberStore
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.choices import Choices, sealed
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.limits import (
    Limit,
    LimitKind,
    address_limit,
    global_limit,
    proof_limit,
    source_limit,
)
from pipeline.subscribers.membership import Arrival, ArrivalStore, ChoiceStore, MemberStore, Wish
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.puzzles import difficulty, solves
from pipeline.subscribers.sealing import ADDRESS, MOVING, Sealer
from pipeline.subscribers.tokens import Ticket

__all__ = ["ARRIVING", "Answer", "Form", "Reception", "Reply", "Rules", "SigningUp", "plausible"]

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

    @property
    def unworked(self) -> int:
        """Count the requests in an hour that may come without the answer to a puzzle."""
        return max(1, self.everybody // 2)


class Answer(StrEnum):
    """What whoever asked is told. None of it depends on who is on the list."""

    TAKEN = "taken"
    IMPLAUSIBLE = "implausible"  # no address at all
    ONCE_MORE = "once more"  # the form is shown once more, to be sent by a person
    TOO_MANY = "too many"  # from this network address
    FULL = "full"  # from all together


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """What came in, as it came in: of the first step an address, of the second what the first one sealed."""

    email: str = ""
    carried: str = ""
    stamp: str = ""  # "" from a form on a static page, which has none
    work: str = ""  # the answer to a puzzle


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What whoever asked is told, and what a second step is to hold."""

    answer: Answer
    carried: str = ""  # of ONCE_MORE: the address, sealed
    bits: int = 0  # of ONCE_MORE: how hard its puzzle is; 0: there is none


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

    def receive(self, wish: Wish, form: Form, *, source: str) -> Reply:
        """Take in what somebody typed, doing the same whoever it is.

        A quarter of what is taken in an hour may come without a stamp, and half of it without work. Beyond that a
        second step asks for a press of a button, and offers a puzzle that a browser solves by itself.

        Args:
            wish: What they want.
            form: What they sent.
            source: Network address of whoever asks; it is used as the name of a limit and not kept.
        """
        bits, carried = (0, "") if form.email else self._opened(form.carried)
        text = form.email or carried
        if not plausible(text):
            return Reply(answer=Answer.IMPLAUSIBLE)
        now = self.clock()
        if form.stamp:
            shown = self.passes.stamped(form.stamp)
            if shown is None or not self.rules.shortest <= now - shown <= _STAMP_LIVES:
                return self._once_more(text, bits)
        worked = bool(form.stamp and bits) and solves(f"{form.carried}.{form.stamp}", form.work, bits)
        reached = self.arrivals.put(
            self._arrival(wish, text, "service" if form.stamp else "site", now),
            self._limits(form, source, now, worked=worked),
            now,
        )
        if reached is None or reached.kind is LimitKind.PROOF:  # sent twice, and taken in the first time
            return Reply(answer=Answer.TAKEN)
        if reached.kind is LimitKind.SOURCE:
            return Reply(answer=Answer.TOO_MANY)
        if reached.kind is LimitKind.EVERYBODY or (reached.kind is LimitKind.UNWORKED and bits):
            return Reply(answer=Answer.FULL)
        return self._once_more(text, self._difficulty(now))

    def _limits(self, form: Form, source: str, now: datetime, *, worked: bool) -> tuple[Limit, ...]:
        always = (source_limit(self.keyring, source, now, most=self.rules.per_source), self._everybody)
        if worked:
            return (proof_limit(self.keyring, form.carried, window=_STAMP_LIVES), *always)
        unworked = global_limit(self.keyring, LimitKind.UNWORKED, most=self.rules.unworked)
        if form.stamp:
            return (*always, unworked)
        return (*always, unworked, global_limit(self.keyring, LimitKind.HASTY, most=self.rules.hasty))

    @property
    def _everybody(self) -> Limit:
        return global_limit(self.keyring, LimitKind.EVERYBODY, most=self.rules.everybody)

    def _difficulty(self, now: datetime) -> int:
        left_to_work = self.rules.everybody - self.rules.unworked
        return difficulty(
            self.arrivals.counted(self._everybody, now) - self.rules.unworked, max(1, left_to_work)
        )

    def _arrival(self, wish: Wish, text: str, path: str, now: datetime) -> Arrival:
        identity = secrets.randbits(63)
        # As long as the longest, so that its length tells nothing.
        padded = text.strip().ljust(_LONGEST)
        return Arrival(
            id=identity,
            wish=wish,
            address=Sealer(self.keyring).seal(padded, column=ARRIVING, row=identity),
            path=path,
            received_at=now,
        )

    def _once_more(self, text: str, bits: int) -> Reply:
        """Seal an address for the second step of a form, which then holds nobody's address in clear.

        How hard its puzzle is stands beside it, sealed as well, so that nobody makes it easier.
        """
        sealed = Sealer(self.keyring).seal(f"{bits} {text.strip()[:_LONGEST]}", column=_CARRIED, row=0)
        carried = base64.urlsafe_b64encode(sealed).decode("ascii")
        return Reply(answer=Answer.ONCE_MORE, carried=carried, bits=bits)

    def _opened(self, carried: str) -> tuple[int, str]:
        """Open what a second step carries: how hard its puzzle is, and the address; "" for what was not made here."""
        try:
            sealed = base64.b64decode(carried.encode("ascii"), altchars=b"-_", validate=True)
            bits, _, text = Sealer(self.keyring).open(sealed, column=_CARRIED, row=0).partition(" ")
        except (KeyProblem, binascii.Error, UnicodeEncodeError):
            return 0, ""
        return int(bits), text

    def recognises(self, text: str) -> bool:
        """Tell whether a pass for confirming is one and still in time, without looking at the list."""
        return self.passes.read(Errand.CONFIRM, text, self.clock()) is not None

    def move(self, ticket: Ticket, text: str, *, source: str) -> Answer:
        """Take in that somebody on the list wants letters at another address. What is answered depends on its looks.

        Args:
            ticket: Who wants it.
            text: The address as it was typed.
            source: See ``receive``.
        """
        if not plausible(text):
            return Answer.IMPLAUSIBLE
        now, identity = self.clock(), secrets.randbits(63)
        limits = (
            source_limit(self.keyring, source, now, most=self.rules.per_source),
            global_limit(self.keyring, LimitKind.EVERYBODY, most=self.rules.everybody),
        )
        whole = text.strip().ljust(_LONGEST) + f"{ticket.subscriber_id:016x}{ticket.life:04x}"
        arrival = Arrival(
            id=identity,
            wish=Wish.MOVE,
            address=Sealer(self.keyring).seal(whole, column=ARRIVING, row=identity),
            path="service",
            received_at=now,
        )
        reached = self.arrivals.put(arrival, limits, now)
        if reached is None:
            return Answer.TAKEN
        return Answer.TOO_MANY if reached.kind is LimitKind.SOURCE else Answer.FULL

    def confirm(self, text: str, wording: str, *, discreet: bool = False) -> bool:
        """Put on the list whom a pass speaks for, and record what they agreed to; tell whether they are on it now.

        Args:
            text: The pass.
            wording: The sentence that stood above the button.
            discreet: Whether they want letters that cannot be told by their outside, from the first one on.
        """
        now = self.clock()
        ticket = self.passes.read(Errand.CONFIRM, text, now)
        cell = self.members.sealed(ticket.subscriber_id) if ticket else None
        if ticket is None or cell is None:
            return False
        sealer, row = Sealer(self.keyring), ticket.subscriber_id
        try:
            address = sealer.open(cell, column=ADDRESS, row=row)
        except KeyProblem:  # tampered with since the message was mailed
            return False
        choices = Choices(guise=Guise.DISCREET if discreet else Guise.OPEN)
        return self.members.confirm(
            ticket,
            wording,
            now,
            lift=self.keyring.suppression_hash(address),
            choices=sealed(choices, sealer, row=row),
        )


@dataclass(frozen=True, kw_only=True)
class Reception:
    """Deal with what was taken in, behind the answers."""

    arrivals: ArrivalStore
    members: MemberStore
    choices: ChoiceStore
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
            whole = sealer.open(arrival.address, column=ARRIVING, row=arrival.id)
        except KeyProblem:  # damaged; it must not keep the others waiting
            whole = ""
        address = normalise(whole[:_LONGEST])
        if address is None or self.people.barred(self.keyring.suppression_hash(address)):
            self.arrivals.drop(arrival.id)
            return
        # Whoever is written to without having asked for it is so once in a while, whatever it is about.
        strange = arrival.wish in {Wish.JOIN, Wish.MOVE}
        window = self.rules.quiet if strange else self.rules.rights_within
        what = Wish.JOIN if strange else arrival.wish
        limit = address_limit(self.keyring, what, address, most=1, window=window)
        identity = secrets.randbits(63)
        person = Subscriber(
            id=identity,
            address=sealer.seal(address, column=ADDRESS, row=identity),
            address_index=self.keyring.address_index(address),
            state=SubscriberState.PENDING,
            origin=Origin.FORM,
            created_at=now,
        )
        until = now + self.rules.confirm_within
        match arrival.wish:
            case Wish.JOIN:
                self.members.ask(arrival, person, limit, now, until)
            case Wish.MOVE:
                who, until = _ticket(whole[_LONGEST:]), until.replace(microsecond=0)
                waiting = sealer.seal(address, column=MOVING, row=who.subscriber_id)
                new = replace(person, address=waiting)
                self.choices.move(arrival, who, new, limit=limit, now=now, until=until)
            case Wish.RIGHTS | Wish.CHOICES:
                rarely = address_limit(self.keyring, Wish.JOIN, address, most=1, window=self.rules.quiet)
                until = now + self.rules.rights_within
                self.members.show(arrival, person, limit, now, until, rarely=rarely)


def _ticket(text: str) -> Ticket:
    """Read who wants a move, as ``SigningUp.move`` wrote it."""
    return Ticket(subscriber_id=int(text[:16], 16), life=int(text[16:], 16))
