"""The delivery loop over a real store: everybody gets one letter, and whatever goes wrong is written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, event

from pipeline.campaigns import CampaignState, Tally
from pipeline.errors import KeyProblem, PolicyBlock, TransportDown
from pipeline.ledger import HELD, DeliveryState
from pipeline.letters import Edition, Guise
from pipeline.mail.alarm import REFUSED
from pipeline.mail.composing import Composer, Composers
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.retry import PAUSES
from pipeline.mail.senders import Sender
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Message, Outcome, Session, Transport
from pipeline.settings import Security, SmtpSettings
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.engine import connect
from pipeline.store.people import People
from pipeline.store.tables import subscribers
from pipeline.subscribers import Subscriber
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Purpose, Tokens
from tests.builders import KEYRING, NOW, Hands, address, envelope, letter, person
from tests.mail.servers import CLOSE, Server, serving
from tests.store.books import LEASE, Books

TOKENS = Tokens(KEYRING.token)
MINUTE = timedelta(minutes=1)


@dataclass
class World:
    """A store, a mail server and everything between them."""

    folder: Path
    engine: Engine
    server: Server
    hands: Hands = field(default_factory=Hands)
    slept: list[float] = field(default_factory=list)
    counted: int = 0

    @property
    def books(self) -> Books:
        return Books(self.engine)

    def smtp(self, connections: int = 1) -> Smtp:
        settings = SmtpSettings(
            host="127.0.0.1",
            port=self.server.port,
            security=Security.NONE,
            connections=connections,
            timeout_seconds=10,
        )
        return Smtp(settings, hello="belonging.example.org")

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.hands.sleep(seconds)

    def delivery(self, transport: Transport | None = None) -> Delivery:
        return Delivery(
            ledger=SqlDeliveries(self.engine),
            people=People(self.engine),
            transport=transport or self.smtp(),
            keyring=KEYRING,
            clock=self.hands,
            lease=LEASE,
            sleep=self.sleep,
        )

    def progress(self, more: int) -> None:
        self.counted += more

    def run(
        self,
        identity: str,
        delivery: Delivery | None = None,
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        composers = Composers([Edition(guise=Guise.OPEN, letter=letter())], envelope(campaign_id=identity))
        with Sender(self.folder / "senders") as sender:
            (delivery or self.delivery()).run(identity, composers, sender, progress=self.progress, stop=stop)

    def recipients(self) -> list[str]:
        return [to for _, to, _ in self.server.accepted]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine = connect("sqlite:///list.sqlite", tmp_path)
    with serving(Server()) as server:
        yield World(tmp_path, engine, server)
    engine.dispose()


def everybody(count: int) -> list[str]:
    return [address(number) for number in range(count)]


# --- what everybody gets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 4])
def test_everybody_gets_one_letter(world: World, connections: int) -> None:
    identity = world.books.sending(230)
    world.run(identity, world.delivery(world.smtp(connections)))
    assert sorted(world.recipients()) == sorted(everybody(230))
    assert world.books.tally(identity) == Tally(audience=230, accepted=230)
    assert world.counted == 230
    assert world.server.connections == connections
    assert world.server.steps.count("QUIT") == connections
    assert world.slept == []


def test_each_letter_is_its_readers_own(world: World) -> None:
    identity = world.books.sending(3)
    world.run(identity)
    for number, (sender, to, content) in enumerate(world.server.accepted):
        whom = person(number).id
        made = Composer(letter(), envelope(campaign_id=identity)).compose(
            to=address(number),
            message_id=TOKENS.message_id(identity, whom),
            date=world.hands.now,
            token=TOKENS.make(Purpose.UNSUBSCRIBE, whom, 1),
        )
        assert (sender, to, content) == (made.sender, made.to, made.content)


def test_a_token_belongs_to_the_readers_present_life(world: World) -> None:
    world.books.people.add([person(0, life=7)])
    identity = world.books.sending(1)
    world.run(identity)
    token = TOKENS.make(Purpose.UNSUBSCRIBE, person(0).id, 7)
    assert token.encode() in world.server.accepted[0][2].replace(b"=\r\n", b"")


def test_bounces_can_come_back_to_an_address_of_each_readers_own(world: World) -> None:
    paths = ReturnPaths(KEYRING.token, "bounces@belonging.example.org")
    identity = world.books.sending(2)
    world.run(identity, replace(world.delivery(), return_paths=paths))
    assert [sender for sender, _, _ in world.server.accepted] == [
        paths.make(person(number).id, 1) for number in range(2)
    ]


def test_a_campaign_without_readers_is_over_at_once(world: World) -> None:
    world.run(world.books.sending(0))
    assert world.server.connections == 0


def test_nobody_is_mailed_twice_by_running_twice(world: World) -> None:
    identity = world.books.sending(5)
    world.run(identity)
    world.run(identity)
    assert len(world.recipients()) == 5


# --- who gets none -----------------------------------------------------------------------------------------


def test_whoever_left_or_is_suppressed_is_not_mailed(world: World) -> None:
    identity = world.books.sending(5)
    world.books.unsubscribe(1)
    world.books.forget(2)
    world.books.people.suppress([KEYRING.suppression_hash(address(3).upper())], "complaint", world.hands.now)
    world.run(identity)
    assert world.recipients() == [address(0), address(4)]
    assert world.books.tally(identity) == Tally(audience=5, accepted=2, excluded=3)
    assert world.books.ledger.codes(identity) == {"gone": 1, "suppressed": 1, "unsubscribed": 1}
    assert world.counted == 5
    assert world.books.row(4).attempts == 0


def test_whoever_is_suppressed_while_letters_go_out_is_not_mailed_later(world: World) -> None:
    identity = world.books.sending(150)

    def first_batch_done() -> bool:
        if len(world.server.accepted) == 100:
            last = [KEYRING.suppression_hash(address(149))]
            world.books.people.suppress(last, "complaint", world.hands.now)
        return False

    world.run(identity, stop=first_batch_done)
    assert sorted(world.recipients()) == sorted(everybody(149))


# --- what servers answer -----------------------------------------------------------------------------------


def test_a_refused_recipient_does_not_hold_up_the_others(world: World) -> None:
    identity = world.books.sending(4)
    world.server.answers = {
        "RCPT reader1": "550 5.1.1 reader1@lists.example.com unknown",
        "END reader2": CLOSE,
    }
    world.run(identity)
    assert world.books.tally(identity) == Tally(audience=4, accepted=2, rejected=1, unknown=1)
    assert world.books.ledger.codes(identity) == {"550 5.1.1": 1, "connection lost": 1}


def test_a_deferred_recipient_is_tried_again_while_it_is_not_long(world: World) -> None:
    identity = world.books.sending(3)
    world.server.answers = _Times({"RCPT reader1": ["451 4.7.1 greylisted"]})
    world.run(identity)
    assert world.recipients() == [address(0), address(2), address(1)]
    assert sum(world.slept) == pytest.approx(PAUSES[0].total_seconds())
    assert max(world.slept) <= 1.0, "so that a person who wants to stop is heard"
    assert world.books.tally(identity) == Tally(audience=3, accepted=3)
    assert world.books.ledger.codes(identity) == {}


class _Times(dict[str, list[str]]):
    """Answers that are given one after the other, and then no more."""

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        left = super().get(key)
        return left.pop(0) if left else default


def test_a_deferred_recipient_is_tried_again_with_growing_pauses_and_at_last_given_up(world: World) -> None:
    identity = world.books.sending(2)
    world.server.answers = {"RCPT reader0": "452 4.2.2 mailbox of reader0 full"}
    begun = world.hands.now
    runs = 0
    while True:
        world.run(identity)
        runs += 1
        due = world.books.ledger.next_due(identity)
        if due is None:
            break
        assert world.books.tally(identity) == Tally(audience=2, accepted=1, deferred=1)
        assert world.books.ledger.codes(identity) == {"452 4.2.2": 1}
        assert due - world.hands.now > timedelta(seconds=90), "else it would have been waited for"
        world.hands.now = due
    assert runs == len(PAUSES)
    assert world.hands.now - begun >= sum(PAUSES, timedelta())
    assert world.books.tally(identity) == Tally(audience=2, accepted=1, rejected=1)
    assert world.books.ledger.codes(identity) == {"452 4.2.2, given up": 1}
    assert world.server.steps.count("RCPT") == 1 + len(PAUSES) + 1
    assert world.counted == 2


def test_a_refusal_by_policy_stops_and_keeps_what_was_not_sent(world: World) -> None:
    identity = world.books.sending(6)
    world.server.answers = {"END reader2": "550 5.7.1 spf"}
    with pytest.raises(PolicyBlock):
        world.run(identity)
    assert world.recipients() == everybody(2)
    assert world.books.tally(identity) == Tally(audience=6, accepted=2, waiting=4)
    assert world.books.states(3, 4, 5, 6) == ["waiting"] * 4
    assert world.books.row(3).attempts == 0
    # Whoever goes on from there begins with the others.
    with pytest.raises(PolicyBlock):
        world.run(identity)
    assert sorted(world.recipients()) == sorted([address(0), address(1), address(3), address(4), address(5)])
    assert world.books.states(3) == ["waiting"]


def test_a_server_that_refuses_everybody_does_not_use_up_the_list(world: World) -> None:
    identity = world.books.sending(50)
    world.server.answers = {"RCPT": "550 relay not permitted"}
    with pytest.raises(PolicyBlock, match="in a row"):
        world.run(identity)
    assert world.books.tally(identity) == Tally(audience=50, rejected=REFUSED, waiting=45)


# --- connections that die ----------------------------------------------------------------------------------


def test_a_server_that_is_down_is_waited_for_and_then_reported(world: World) -> None:
    identity = world.books.sending(10)
    world.server.answers = {"MAIL": CLOSE}
    with pytest.raises(TransportDown):
        world.run(identity)
    assert world.slept == [2.0, 10.0, 30.0]
    assert world.books.tally(identity) == Tally(audience=10, waiting=10)
    assert world.books.ledger.owners() == frozenset()
    assert world.books.row(1).attempts == 0


def test_a_server_that_comes_back_gets_the_rest(world: World) -> None:
    identity = world.books.sending(250)
    world.server.answers = _Times({f"RCPT reader{number}": [CLOSE] for number in (5, 120, 220)})
    world.run(identity)
    assert sorted(world.recipients()) == sorted(everybody(250))
    assert world.books.tally(identity) == Tally(audience=250, accepted=250)
    # A batch that went well in between, and there is as much patience as in the beginning.
    assert world.slept == [2.0, 2.0, 10.0]
    assert set(world.recipients()[-3:]) == {address(5), address(120), address(220)}


def test_one_recipient_who_brings_connections_down_does_not_keep_letters_from_the_others(
    world: World,
) -> None:
    identity = world.books.sending(30)
    world.server.answers = {"RCPT reader0": CLOSE}
    with pytest.raises(TransportDown):
        world.run(identity)
    assert sorted(world.recipients()) == sorted(set(everybody(30)) - {address(0)})
    assert world.books.tally(identity) == Tally(audience=30, accepted=29, waiting=1)


# --- what is on disk, and when -----------------------------------------------------------------------------


class Watched:
    """A transport that looks into the store each time a message is about to be handed over."""

    leaves_machine = False
    connections = 1

    def __init__(self, inner: Transport, look: Callable[[Message], None]) -> None:
        self._inner, self._look = inner, look

    def open(self) -> Session:
        self._session = self._inner.open()
        return self

    def send(self, message: Message) -> Outcome:
        self._look(message)
        return self._session.send(message)

    def close(self) -> None:
        self._session.close()

    def probe(self) -> None:
        self._inner.probe()

    def describe(self) -> str:
        return self._inner.describe()


def test_before_a_message_is_handed_over_the_ledger_says_so_on_disk(world: World) -> None:
    identity = world.books.sending(5)
    by_name = {TOKENS.message_id(identity, person(n).id): n + 1 for n in range(5)}
    other = connect("sqlite:///list.sqlite", world.folder)
    seen: list[int] = []

    def look(message: Message) -> None:
        books = Books(other)
        number = by_name[message.id]
        seen.append(number)
        assert books.states(number) == ["trying"]
        assert books.states(*seen[:-1]) == ["accepted"] * len(seen[:-1]), "and so is what came of the last"
        assert books.states(*sorted(set(by_name.values()) - set(seen))) == ["claimed"] * (5 - len(seen))
        assert len(books.ledger.owners()) == 1
        ours = {number} | set(by_name.values()) - set(seen)
        assert {books.row(n).lease_until for n in ours} == {world.hands.now + LEASE}, "nobody may take them"

    world.run(identity, world.delivery(Watched(Maildir(world.folder / "mail"), look)))
    other.dispose()
    assert seen == [1, 2, 3, 4, 5]


def test_one_commit_a_message_is_enough(world: World) -> None:
    identity = world.books.sending(100)
    commits: list[object] = []
    event.listen(world.engine, "commit", commits.append)
    world.run(identity, world.delivery(Maildir(world.folder / "mail")))
    assert len(commits) <= 100 + 15


@pytest.mark.parametrize("after", [0, 1, 7])
def test_stopping_leaves_nothing_half_done(world: World, after: int) -> None:
    identity = world.books.sending(20)
    world.run(identity, stop=lambda: len(world.server.accepted) >= after)
    assert len(world.recipients()) == after
    assert world.books.tally(identity) == Tally(audience=20, accepted=after, waiting=20 - after)
    assert set(world.books.states(*range(after + 1, 21))) == {"waiting"}
    assert world.books.ledger.owners() == frozenset()
    world.run(identity)
    assert sorted(world.recipients()) == sorted(everybody(20))


def test_whatever_breaks_in_the_middle_of_a_try_leaves_that_one_unknown(world: World) -> None:
    identity = world.books.sending(10)

    def interrupt(message: Message) -> None:
        if message.to == address(3):
            raise KeyboardInterrupt

    broken = world.delivery(Watched(world.smtp(), interrupt))
    with pytest.raises(KeyboardInterrupt):
        world.run(identity, broken)
    assert world.books.states(4) == ["trying"]
    assert set(world.books.states(*range(5, 11))) == {"waiting"}
    world.run(identity)
    assert world.books.tally(identity) == Tally(audience=10, accepted=9, unknown=1)
    assert world.books.ledger.codes(identity) == {"sender stopped": 1}
    assert address(3) not in world.recipients()
    (unknown,) = world.books.ledger.unknown()
    world.books.ledger.decide([unknown.delivery_id], resend=True, now=world.hands.now)
    world.run(identity)
    assert sorted(world.recipients()) == sorted(everybody(10))


def test_a_sender_whose_leases_ran_out_mails_nobody_twice(world: World) -> None:
    identity = world.books.sending(6)
    other = connect("sqlite:///list.sqlite", world.folder)

    def taken_over(message: Message) -> None:
        if message.to == address(1):
            Books(other).ledger.reap(world.hands.now + 2 * LEASE, frozenset())
            stolen = Books(other).trying(identity, "another machine", 2, world.hands.now)
            Books(other).settle("another machine", stolen, DeliveryState.ACCEPTED)

    world.run(identity, world.delivery(Watched(world.smtp(), taken_over)))
    other.dispose()
    # Two of the six were the other machine's; what this one was trying meanwhile still counts.
    assert len(world.recipients()) == len(set(world.recipients())) == 4
    assert world.books.tally(identity) == Tally(audience=6, accepted=6)


def test_a_campaign_that_is_paused_meanwhile_goes_no_further_than_this_batch(world: World) -> None:
    identity = world.books.sending(250)

    def pause(message: Message) -> None:
        if message.to == address(10):
            world.books.campaigns.move(identity, CampaignState.PAUSED, world.hands.now)

    world.run(identity, world.delivery(Watched(world.smtp(), pause)))
    assert len(world.recipients()) == 100
    assert world.books.tally(identity) == Tally(audience=250, accepted=100, waiting=150)


def test_with_a_wrong_key_nobody_is_mailed(world: World) -> None:
    identity = world.books.sending(3)
    with pytest.raises(KeyProblem):
        world.run(identity, replace(world.delivery(), keyring=Keyring.derive(bytes(32))))
    assert world.server.connections == 0
    world.run(identity)
    assert len(world.recipients()) == 3


def test_a_row_that_was_tampered_with_is_held_and_the_others_do_not_wait(world: World) -> None:
    """Its letter is sent once the row is as it was, and to nobody else."""
    identity = world.books.sending(5)
    swapped, chosen = person(0), person(1)
    foreign = Sealer(KEYRING).seal("evil@example.com", column=ADDRESS, row=person(2).id)

    def put(whom: Subscriber, **values: object) -> None:
        with world.engine.begin() as connection:
            connection.execute(sa.update(subscribers).where(subscribers.c.id == whom.id).values(**values))

    put(swapped, address=foreign)
    put(chosen, choices=foreign)
    world.run(identity)
    assert sorted(world.recipients()) == sorted(everybody(5)[2:])
    assert world.books.tally(identity) == Tally(audience=5, accepted=3, excluded=2)
    ledger = SqlDeliveries(world.engine)
    assert ledger.codes(identity) == {HELD: 2}
    assert ledger.finish(identity, NOW)

    put(swapped, address=swapped.address)
    assert ledger.retry_held(NOW) == 2
    world.run(identity)
    assert sorted(world.recipients()) == sorted([everybody(5)[0], *everybody(5)[2:]])
    assert ledger.codes(identity) == {HELD: 1}, "the other one is still as it was"
    put(chosen, choices=None)
    assert ledger.retry_held(NOW) == 1
    world.run(identity)
    assert sorted(world.recipients()) == sorted(everybody(5))
    assert ledger.retry_held(NOW) == 0


def test_a_list_most_of_which_was_tampered_with_is_mailed_to_nobody(world: World) -> None:
    identity = world.books.sending(8)
    with world.engine.begin() as connection:
        whom = [person(number).id for number in range(5)]
        connection.execute(sa.update(subscribers).where(subscribers.c.id.in_(whom)).values(address=b"x"))
    with pytest.raises(KeyProblem, match="most of the list"):
        world.run(identity)
    assert world.recipients() == []
    assert world.books.tally(identity).open == 8


def test_a_long_list_is_worked_through_batch_by_batch(world: World) -> None:
    identity = world.books.sending(350)
    most: list[int] = []
    claim = SqlDeliveries.claim

    class Counting(SqlDeliveries):
        def claim(self, campaign_id: str, owner: str, **rest: object) -> list[object]:  # type: ignore[override]
            made = claim(self, campaign_id, owner, **rest)  # type: ignore[arg-type]
            most.append(len(made))
            return made  # type: ignore[return-value]

    delivery = replace(world.delivery(Maildir(world.folder / "mail")), ledger=Counting(world.engine))
    world.run(identity, delivery)
    assert most == [100, 100, 100, 50, 0]
    assert world.books.tally(identity) == Tally(audience=350, accepted=350)
