"""Choices in the store: an audience is cut from them; a change comes before that or after it, never in between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.campaigns import CampaignState
from pipeline.ledger import HELD, DeliveryState, Settlement
from pipeline.letters import Edition, Guise
from pipeline.store import campaigns as store_campaigns
from pipeline.store.choices import SqlChoices
from pipeline.store.tables import campaigns, deliveries
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.tokens import Ticket
from tests.builders import NOW, letter, person
from tests.store.books import Books
from tests.store.conftest import Opener

EDITIONS = [Edition(guise=guise, letter=letter(guise)) for guise in Guise]


@dataclass
class ByFirstByte:
    """Give each person the variant that their cell begins with; none where that is 9."""

    everybody: bool = True
    asked: list[int] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def variant(self, subscriber_id: int, choices: bytes, frozen: datetime) -> int | None:
        self.meanwhile()
        self.asked.append(subscriber_id)
        return None if choices[0] == 9 else choices[0]

    def editions(self) -> Sequence[Edition]:
        return EDITIONS


@pytest.fixture
def books(engine: Engine) -> Books:
    return Books(engine)


def variants(books: Books, identity: str) -> dict[int, int]:
    with books.engine.begin() as connection:
        query = sa.select(*deliveries.c["subscriber_id", "variant"]).where(
            deliveries.c.campaign_id == identity
        )
        return {row.subscriber_id: row.variant for row in connection.execute(query)}


def ticket(number: int) -> Ticket:
    return Ticket(subscriber_id=person(number).id, life=1)


@pytest.mark.parametrize("everybody", [True, False])
def test_everybody_gets_what_they_chose_page_by_page(
    books: Books, monkeypatch: pytest.MonkeyPatch, everybody: bool
) -> None:
    monkeypatch.setattr(store_campaigns, "_PAGE", 3)
    cells = [None, bytes([1]), bytes([9]), bytes([4]), None, bytes([2]), bytes([5]), bytes([1]), bytes([3])]
    books.people.add([person(number, choices=cell) for number, cell in enumerate(cells)])
    books.people.add([person(20, choices=bytes([1]), state=SubscriberState.UNSUBSCRIBED)])
    (identity,) = books.planned("a")
    allotment = ByFirstByte(everybody=everybody)
    expected = {
        person(number).id: cell[0] if cell else 0
        for number, cell in enumerate(cells)
        if (cell or everybody) and cell != bytes([9])
    }
    assert books.campaigns.audience_size(NOW, samples=True, allotment=allotment) == len(expected)
    assert books.campaigns.freeze(identity, letter(), NOW, samples=True, allotment=allotment) == len(expected)
    assert variants(books, identity) == expected
    assert list(books.campaigns.editions(identity)) == EDITIONS
    assert sorted(allotment.asked) == sorted(2 * [person(n).id for n, cell in enumerate(cells) if cell])


def test_a_failure_while_an_audience_is_cut_leaves_nothing(books: Books) -> None:
    def broken() -> None:
        raise RuntimeError("no such letter")

    books.people.add([person(0), person(1, choices=bytes([1]))])
    (identity,) = books.planned("a")
    with pytest.raises(RuntimeError):
        books.campaigns.freeze(identity, letter(), NOW, samples=True, allotment=ByFirstByte(meanwhile=broken))
    assert variants(books, identity) == {}
    assert books.campaigns.editions(identity) == ()
    assert books.campaigns.freeze(identity, letter(), NOW, samples=True, allotment=ByFirstByte()) == 2


def test_no_audience_is_fixed_before_another_whatever_the_clock_says(books: Books) -> None:
    one, other = books.planned("a", "b")
    books.campaigns.freeze(one, letter(), NOW, samples=True)
    books.campaigns.freeze(other, letter(), NOW - timedelta(hours=1), samples=True)
    with books.engine.begin() as connection:
        assert set(connection.execute(sa.select(campaigns.c.frozen_at)).scalars()) == {NOW}


def test_a_change_waits_for_an_audience_that_is_being_cut_and_sees_when_that_was(
    books: Books, open_store: Opener
) -> None:
    books.people.add([person(0, choices=bytes([1]))])
    (identity,) = books.planned("a")
    inside, go = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        assert go.wait(20)

    allotment = ByFirstByte(meanwhile=wait)
    freezing = threading.Thread(
        target=books.campaigns.freeze,
        args=(identity, letter(), NOW),
        kwargs={"samples": True, "allotment": allotment},
    )
    seen: list[datetime | None] = []

    def change(cell: bytes | None, frozen: datetime | None) -> bytes | None:
        seen.append(frozen)
        return bytes([2])

    other = SqlChoices(open_store())
    choosing = threading.Thread(target=other.choose, args=(ticket(0), change))
    freezing.start()
    try:
        assert inside.wait(20)
        choosing.start()
        choosing.join(0.3)
        assert seen == []
    finally:
        go.set()
        freezing.join(20)
        choosing.join(20)
    assert seen == [NOW]
    assert variants(books, identity) == {person(0).id: 1}
    assert other.chosen(ticket(0)) == bytes([2])


def test_a_digest_decides_nothing_about_the_next_change(books: Books) -> None:
    books.people.add([person(0)])
    one, digest = books.planned("a", "weekly:2026-W09")
    books.campaigns.freeze(one, letter(), NOW, samples=True)
    books.campaigns.freeze(digest, letter(), NOW + timedelta(days=1), samples=True)
    seen: list[datetime | None] = []
    SqlChoices(books.engine).choose(ticket(0), lambda _, frozen: seen.append(frozen))
    assert seen == [NOW]


def test_only_who_is_on_the_list_in_this_life_chooses(books: Books) -> None:
    books.people.add([person(0), person(1, state=SubscriberState.PENDING)])
    choices = SqlChoices(books.engine)
    for nobody in (ticket(1), ticket(2), Ticket(subscriber_id=person(0).id, life=2)):
        assert choices.chosen(nobody) is None
        assert choices.choose(nobody, lambda *_: b"x") is False
    assert choices.chosen(ticket(0)) == b""


def test_what_was_held_is_sent_as_it_was_chosen_and_then_nobody_knows_how(books: Books) -> None:
    books.people.add([replace(person(0), choices=bytes([2]))])
    (identity,) = books.planned("a")
    books.campaigns.freeze(identity, letter(), NOW, samples=True, allotment=ByFirstByte())
    assert books.campaigns.move(identity, CampaignState.SENDING, NOW)
    (claim,) = books.claim(identity, "one")
    held = Settlement(delivery_id=claim.delivery_id, state=DeliveryState.EXCLUDED, code=HELD, tried=False)
    books.ledger.settle("one", [held], [], now=NOW, until=NOW)
    assert books.ledger.retry_held(NOW) == 1
    (again,) = books.claim(identity, "one")
    assert again.variant == 2
    sent = Settlement(delivery_id=claim.delivery_id, state=DeliveryState.ACCEPTED)
    books.ledger.settle("one", [sent], [], now=NOW, until=NOW)
    assert variants(books, identity) == {person(0).id: 0}
