"""Notices on their way out: refused, put off, lost, killed half-way; and never twice because of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import compat32
from email.utils import parseaddr

import pytest

from pipeline.errors import TransportDown
from pipeline.mail.notices import Postman
from pipeline.mail.transport import Accepted, Deferred, Message, Outcome, Rejected, Unknown
from pipeline.store.notices import SqlOutbox
from pipeline.subscribers import SubscriberState
from tests.service.world import World

READER = "reader@lists.example.com"


@dataclass
class Scripted:
    """A way out that answers as a test says, one after the other."""

    answers: Iterator[Outcome | Exception]
    sent: list[Message] = field(default_factory=list)
    leaves_machine = False
    connections = 1

    def open(self) -> Scripted:
        return self

    def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        pass

    def probe(self) -> None:
        pass

    def describe(self) -> str:
        return "a script"


@pytest.fixture
def post(world: World) -> Callable[..., tuple[Postman, Scripted]]:
    """Somebody's wish, dealt with, and a postman whose way out answers so."""

    def made(*answers: Outcome | Exception) -> tuple[Postman, Scripted]:
        way = Scripted(iter(answers))
        world.join(READER)
        world.made.reception.work()
        return replace(world.made.postman, transport=way), way

    return made


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Belonging",
        'Ann "the \\ list" O\'Brien, editor',
        "Zugehörigkeit und Genesung, ein sehr langer Name für eine Liste mit Umlauten und noch mehr davon",
        "属于" * 20,
    ],
)
def test_the_sender_is_named_as_the_settings_say(local: World, name: str) -> None:
    local.join(READER)
    local.made.reception.work()
    writer = local.made.postman.writer
    writer._stationery = replace(writer._stationery, sender_name=name)
    (notice,) = SqlOutbox(local.project.engine).take(
        local.clock(), local.clock() + timedelta(minutes=1), most=9
    )
    content = writer.write(notice, to=READER, date=local.clock()).content
    message = message_from_bytes(content, policy=compat32)
    shown, address = parseaddr(message["From"])
    # Spaces between two encoded words are none (RFC 2047 §6.2); the newer parser of the library keeps them.
    assert (str(make_header(decode_header(shown))), address) == (name, "letters@belonging.example.org")
    assert len(message.get_all("From")) == 1
    head = content.partition(b"\r\n\r\n")[0]
    assert max(len(line) for line in head.split(b"\r\n")) <= 78


def test_a_notice_that_was_accepted_is_forgotten(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    postman, way = post(Accepted())
    assert (postman.work(), postman.work()) == (1, 0)
    assert len(way.sent) == 1
    assert world.everything()["notices"] == []


def test_an_address_that_does_not_exist_leaves_nothing_behind(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    postman, _ = post(Rejected("550 5.1.1"))
    postman.work()
    assert world.states() == []
    assert world.everything()["asks"] == world.everything()["notices"] == []


def test_one_that_is_put_off_comes_later_and_is_the_same_message(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    postman, way = post(Deferred("451 4.7.1"), Accepted())
    postman.work()
    assert postman.work() == 0
    world.clock.now += timedelta(minutes=1)
    postman.work()
    assert [message.id for message in way.sent] == [way.sent[0].id] * 2
    assert world.everything()["notices"] == []


def test_one_that_cannot_be_handed_over_in_time_is_given_up(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    postman, way = post(*[Deferred("451 4.7.1")] * 20)
    for _ in range(20):
        postman.work()
        world.clock.now += timedelta(days=1)
    assert world.everything()["notices"] == []
    assert len(way.sent) < 9


def test_a_closed_way_out_keeps_everything(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    postman, way = post(TransportDown("closed"), Accepted())
    postman.work()
    assert len(world.everything()["notices"]) == 1
    world.clock.now += timedelta(minutes=1)
    postman.work()
    assert len(way.sent) == 2
    assert world.everything()["notices"] == []


@pytest.mark.parametrize("how", ["lost", "killed"])
def test_one_that_may_have_arrived_is_not_sent_again_and_its_owner_may_ask_again(
    world: World, post: Callable[..., tuple[Postman, Scripted]], how: str
) -> None:
    postman, way = post(Unknown("connection lost"), Accepted())
    if how == "killed":  # between taking it and hearing what came of it
        SqlOutbox(world.project.engine).take(world.clock(), world.clock() + timedelta(minutes=15), most=9)
        way.answers = iter([Accepted()])
    else:
        postman.work()
    world.clock.now += timedelta(minutes=20)
    postman.work()
    assert len(way.sent) == (0 if how == "killed" else 1)
    world.join(READER)
    world.made.reception.work()
    postman.work()
    assert len(way.sent) == (1 if how == "killed" else 2)
    assert world.states() == [(SubscriberState.PENDING, 1)]


def test_the_one_who_hands_over_has_it_alone(
    world: World, post: Callable[..., tuple[Postman, Scripted]]
) -> None:
    post()
    outbox, until = SqlOutbox(world.project.engine), world.clock() + timedelta(minutes=15)
    assert len(outbox.take(world.clock(), until, most=9)) == 1
    assert outbox.take(world.clock(), until, most=9) == []
