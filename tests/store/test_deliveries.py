"""Deliveries: each has one owner at a time, only its owner moves it, and the sums always add up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event

from pipeline.campaigns import CampaignState, Tally
from pipeline.ledger import DeliveryState, Settlement
from tests.builders import NOW, letter, person, persons
from tests.store.books import LEASE, Books
from tests.store.conftest import Opener

ACCEPTED, REJECTED, DEFERRED = DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.DEFERRED
EXCLUDED, UNKNOWN, WAITING = DeliveryState.EXCLUDED, DeliveryState.UNKNOWN, DeliveryState.WAITING
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def books(engine: Engine) -> Books:
    return Books(engine)


# --- claiming -------------------------------------------------------------------------------------------------------


def test_a_claim_holds_what_is_needed_to_mail_a_person(books: Books) -> None:
    identity = books.sending(1)
    (claim,) = books.claim(identity, "one")
    assert claim.subscriber_id == person(0).id
    assert claim.life == 1
    assert claim.attempts == 0
    assert claim.excluded == ""
    with books.engine.begin() as connection:
        kept = connection.exec_driver_sql("SELECT address FROM subscribers").scalar_one()
    assert claim.sealed_address == bytes(kept)


def test_what_one_has_claimed_no_other_gets(books: Books) -> None:
    identity = books.sending(10)
    first = {claim.delivery_id for claim in books.claim(identity, "one", 4)}
    second = {claim.delivery_id for claim in books.claim(identity, "two", 100)}
    assert (len(first), len(second)) == (4, 6)
    assert not first & second
    assert books.claim(identity, "three") == []
    assert books.ledger.owners() == {"one", "two"}


def test_senders_at_the_same_time_share_everybody_out(open_store: Opener) -> None:
    books = Books(open_store())
    identity = books.sending(120)
    stores = [Books(open_store()) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def claim_all(number: int) -> list[int]:
        start.wait()
        mine: list[int] = []
        while claims := stores[number].claim(identity, f"sender-{number}", 7):
            mine += [claim.delivery_id for claim in claims]
        return mine

    with ThreadPoolExecutor(len(stores)) as pool:
        claimed = [i for ids in pool.map(claim_all, range(len(stores))) for i in ids]
    # Nobody twice. One who looked away while another held the last rows may leave with less, never with the same.
    assert len(claimed) == len(set(claimed))
    assert sorted(claimed) == sorted(range(min(claimed), min(claimed) + 120))


def test_deliveries_of_other_campaigns_are_left_alone(books: Books) -> None:
    books.sending(3, "a")
    other = books.sending(3, "b")
    claims = books.claim(other, "one")
    assert {books.row(claim.delivery_id).campaign_id for claim in claims} == {other}


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.SENT])
def test_of_a_campaign_that_is_not_being_sent_nothing_is_claimed_or_due(
    books: Books, state: CampaignState
) -> None:
    identity = books.sending(2)
    books.settle("one", books.trying(identity, "one", 1), DEFERRED, due_at=NOW + MINUTE)
    assert books.ledger.next_due(identity) == NOW + MINUTE
    assert books.campaigns.move(identity, state, NOW)
    assert books.claim(identity, "one", now=NOW + MINUTE) == []
    assert books.ledger.next_due(identity) is None
    books.campaigns.move(identity, CampaignState.SENDING, NOW)
    assert len(books.claim(identity, "one", now=NOW + MINUTE)) == 2


def test_a_campaign_that_is_only_ready_is_not_claimed(books: Books) -> None:
    books.people.add(persons(1))
    (identity,) = books.planned("a")
    assert books.claim(identity, "one") == []
    books.campaigns.freeze(identity, letter(), NOW, samples=True)
    assert books.claim(identity, "one") == []
    assert books.claim("0" * 16, "one") == []


def test_a_deferred_delivery_waits_for_its_time_and_comes_after_those_who_wait_longer(books: Books) -> None:
    identity = books.sending(3)
    first, second = books.trying(identity, "one", 2)
    books.settle("one", [first], DEFERRED, code="451 4.7.1", due_at=NOW + 2 * MINUTE)
    books.settle("one", [second], DEFERRED, code="451 4.7.1", due_at=NOW + MINUTE)
    assert books.ledger.next_due(identity) == NOW + MINUTE
    assert [c.delivery_id for c in books.claim(identity, "one", now=NOW + MINUTE - MOMENT)] not in (
        [first],
        [second],
    )
    (claim,) = books.claim(identity, "one", now=NOW + MINUTE)
    assert (claim.delivery_id, claim.attempts) == (second, 1)
    assert books.ledger.next_due(identity) == NOW + 2 * MINUTE
    assert [c.delivery_id for c in books.claim(identity, "one", now=NOW + 3 * MINUTE)] == [first]
    assert books.ledger.next_due(identity) is None


def test_a_delivery_that_was_put_back_goes_behind_everybody_else(books: Books) -> None:
    identity = books.sending(4)
    first, *others = books.trying(identity, "one")
    books.settle("one", others, WAITING, tried=False)
    books.settle("one", [first], WAITING, due_at=NOW, tried=False)
    order = [claim.delivery_id for _ in range(4) for claim in books.claim(identity, "one", 1)]
    assert order == [*others, first]
    assert books.row(first).attempts == 0


def test_whoever_left_or_is_gone_is_claimed_to_be_excluded(books: Books) -> None:
    identity = books.sending(3)
    books.unsubscribe(0)
    books.forget(1)
    claims = books.claim(identity, "one")
    assert sorted((claim.excluded, claim.subscriber_id) for claim in claims) == [
        ("", person(2).id),
        ("gone", 0),
        ("unsubscribed", person(0).id),
    ]
    assert next(claim for claim in claims if claim.excluded == "gone").sealed_address == b""
    books.settle("one", [c.delivery_id for c in claims if c.excluded], EXCLUDED, code="gone", tried=False)
    assert books.tally(identity) == Tally(audience=3, waiting=1, excluded=2)


# --- settling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tally"),
    [
        (ACCEPTED, Tally(audience=2, waiting=1, accepted=1)),
        (REJECTED, Tally(audience=2, waiting=1, rejected=1)),
        (DEFERRED, Tally(audience=2, waiting=1, deferred=1)),
        (EXCLUDED, Tally(audience=2, waiting=1, excluded=1)),
        (UNKNOWN, Tally(audience=2, waiting=1, unknown=1)),
        (WAITING, Tally(audience=2, waiting=2)),
    ],
)
def test_an_outcome_is_recorded_and_counted(books: Books, state: DeliveryState, tally: Tally) -> None:
    identity = books.sending(2)
    assert books.tally(identity) == Tally(audience=2, waiting=2)
    (one,) = books.trying(identity, "one", 1)
    assert books.tally(identity) == Tally(audience=2, waiting=2)
    books.settle("one", [one], state, code="x", due_at=NOW + MINUTE)
    assert books.tally(identity) == tally
    assert books.ledger.codes(identity) == {"x": 1}
    row = books.row(one)
    assert (row.attempts, row.lease_until, row.changed_at) == (1, None, NOW)
    assert row.owner is None


def test_an_outcome_and_the_next_try_are_one_step(books: Books) -> None:
    identity = books.sending(3)
    first, second, third = (claim.delivery_id for claim in books.claim(identity, "one"))
    assert books.ledger.settle("one", [], [first], now=NOW, until=NOW + LEASE) == {first}
    done = [Settlement(delivery_id=first, state=ACCEPTED)]
    assert books.ledger.settle("one", done, [second], now=NOW, until=NOW + LEASE) == {second}
    assert books.states(first, second, third) == ["accepted", "trying", "claimed"]


@pytest.mark.parametrize("state", list(DeliveryState))
def test_nobody_but_the_owner_settles_or_tries(books: Books, state: DeliveryState) -> None:
    identity = books.sending(2)
    tried, claimed = (claim.delivery_id for claim in books.claim(identity, "owner"))
    books.ledger.settle("owner", [], [tried], now=NOW, until=NOW + LEASE)
    for stranger in ("stranger", "", "owner2"):
        settled = [Settlement(delivery_id=i, state=state) for i in (tried, claimed)]
        assert not books.ledger.settle(stranger, settled, [tried, claimed], now=NOW, until=NOW + LEASE)
    assert books.states(tried, claimed) == ["trying", "claimed"]
    assert books.row(tried).attempts == 0


@pytest.mark.parametrize("state", [ACCEPTED, REJECTED, DEFERRED, EXCLUDED, UNKNOWN, WAITING])
def test_what_is_settled_stays_settled(books: Books, state: DeliveryState) -> None:
    identity = books.sending(1)
    ids = books.trying(identity, "one")
    books.settle("one", ids, state, due_at=NOW)
    for other in DeliveryState:
        books.settle("one", ids, other)
        assert not books.ledger.settle("one", [], ids, now=NOW, until=NOW + LEASE)
    assert books.states(*ids) == [state]


def test_only_what_was_claimed_can_be_tried_and_only_once(books: Books) -> None:
    identity = books.sending(2)
    ids = books.trying(identity, "one", 1)
    assert not books.ledger.settle("one", [], ids, now=NOW, until=NOW + LEASE)
    other = ids[0] + 1
    assert books.states(other) == ["waiting"]
    assert not books.ledger.settle("one", [], [other], now=NOW, until=NOW + LEASE)


def test_the_same_settlement_arriving_twice_counts_once(books: Books) -> None:
    identity = books.sending(1)
    ids = books.trying(identity, "one")
    for _ in range(2):
        books.settle("one", ids, UNKNOWN)
    assert books.row(ids[0]).attempts == 1


# --- taking back ----------------------------------------------------------------------------------------------------


def test_a_dead_sender_leaves_what_it_tried_unknown_and_the_rest_to_others(books: Books) -> None:
    identity = books.sending(5)
    tried = books.trying(identity, "dead", 2)
    claimed = [claim.delivery_id for claim in books.claim(identity, "dead", 2)]
    books.ledger.reap(NOW, frozenset({"dead"}))
    assert books.states(*tried, *claimed) == ["unknown", "unknown", "waiting", "waiting"]
    assert books.tally(identity) == Tally(audience=5, waiting=3, unknown=2)
    assert books.ledger.codes(identity) == {"sender stopped": 2}
    assert books.row(tried[0]).attempts == 1
    assert books.row(claimed[0]).attempts == 0
    assert books.ledger.owners() == frozenset()
    assert len(books.claim(identity, "next")) == 3


def test_the_living_keep_their_leases_until_they_run_out(books: Books) -> None:
    identity = books.sending(2)
    (tried,) = books.trying(identity, "alive", 1)
    (claimed,) = (claim.delivery_id for claim in books.claim(identity, "alive", 1))
    for now in (NOW, NOW + LEASE):
        books.ledger.reap(now, frozenset({"somebody else"}))
        assert books.states(tried, claimed) == ["trying", "claimed"]
    books.ledger.reap(NOW + LEASE + MOMENT, frozenset())
    assert books.states(tried, claimed) == ["unknown", "waiting"]


def test_taking_back_touches_no_outcome(books: Books) -> None:
    identity = books.sending(6)
    states = (ACCEPTED, REJECTED, DEFERRED, EXCLUDED, UNKNOWN, WAITING)
    ids = books.trying(identity, "one")
    for one, state in zip(ids, states, strict=True):
        books.settle("one", [one], state, due_at=NOW)
    books.ledger.reap(NOW + 10 * LEASE, frozenset({"one"}))
    assert books.states(*ids) == list(states)


def test_a_sender_that_was_only_slow_can_still_say_what_came_of_its_try(books: Books) -> None:
    identity = books.sending(1)
    ids = books.trying(identity, "slow")
    books.ledger.reap(NOW + 2 * LEASE, frozenset())
    assert books.states(*ids) == ["unknown"]
    books.settle("slow", ids, ACCEPTED)
    assert books.states(*ids) == ["accepted"]
    assert books.row(ids[0]).attempts == 1, "the try was counted once"


@pytest.mark.parametrize("resend", [True, False])
def test_after_a_persons_decision_a_late_answer_changes_nothing(books: Books, resend: bool) -> None:
    identity = books.sending(1)
    ids = books.trying(identity, "slow")
    books.ledger.reap(NOW + 2 * LEASE, frozenset())
    assert books.ledger.decide(ids, resend=resend, now=NOW) == 1
    decided = books.states(*ids)
    books.settle("slow", ids, REJECTED)
    assert books.states(*ids) == decided == ["waiting" if resend else "accepted"]
    if resend:
        assert books.trying(identity, "next") == ids
        books.settle("slow", ids, ACCEPTED)
        assert books.states(*ids) == ["trying"], "the slow one spoke for another's try"


def test_a_sender_whose_claims_were_taken_back_may_not_try_them(books: Books) -> None:
    identity = books.sending(1)
    (claim,) = books.claim(identity, "slow")
    books.ledger.reap(NOW + 2 * LEASE, frozenset())
    assert books.trying(identity, "other") == [claim.delivery_id]
    assert not books.ledger.settle("slow", [], [claim.delivery_id], now=NOW, until=NOW + LEASE)


# --- ending ---------------------------------------------------------------------------------------------------------


def test_a_campaign_ends_when_nobody_is_left_to_be_tried(books: Books) -> None:
    identity = books.sending(5)
    ids = books.trying(identity, "one")
    for one, state in zip(ids, (ACCEPTED, REJECTED, EXCLUDED, UNKNOWN, DEFERRED), strict=True):
        assert not books.ledger.finish(identity, NOW)
        books.settle("one", [one], state, due_at=NOW)
    assert not books.ledger.finish(identity, NOW)
    again = books.claim(identity, "one")
    assert not books.ledger.finish(identity, NOW)
    books.settle("one", [claim.delivery_id for claim in again], ACCEPTED)
    assert books.ledger.finish(identity, NOW + MINUTE)
    campaign = books.campaigns.campaign(identity)
    assert campaign is not None
    assert (campaign.state, campaign.finished_at) == (CampaignState.SENT, NOW + MINUTE)


def test_a_campaign_for_nobody_ends_at_once(books: Books) -> None:
    identity = books.sending(0)
    assert books.ledger.finish(identity, NOW)
    assert books.tally(identity) == Tally(audience=0)


def test_a_paused_campaign_does_not_end_by_itself(books: Books) -> None:
    identity = books.sending(0)
    books.campaigns.move(identity, CampaignState.PAUSED, NOW)
    assert not books.ledger.finish(identity, NOW)
    assert books.state(identity) is CampaignState.PAUSED


# --- a person decides -----------------------------------------------------------------------------------------------


def left_unknown(books: Books, readers: int = 3) -> tuple[str, list[int]]:
    identity = books.sending(readers)
    ids = books.trying(identity, "one", readers)
    books.settle("one", ids, UNKNOWN, code="connection lost")
    return identity, ids


def test_unknown_deliveries_are_listed_without_naming_anybody(books: Books) -> None:
    identity, ids = left_unknown(books)
    listed = books.ledger.unknown()
    assert [(one.delivery_id, one.campaign_id, one.since) for one in listed] == [
        (i, identity, NOW) for i in ids
    ]
    assert {one.subscriber_id for one in listed} == {person(n).id for n in range(3)}
    books.forget(0)
    assert len(books.ledger.unknown()) == 3


def test_what_is_sent_again_is_exactly_what_was_named(books: Books) -> None:
    identity, ids = left_unknown(books)
    books.ledger.finish(identity, NOW)
    assert books.state(identity) is CampaignState.SENT
    assert books.ledger.decide(ids[:1], resend=True, now=NOW) == 1
    campaign = books.campaigns.campaign(identity)
    assert campaign is not None
    assert (campaign.state, campaign.finished_at) == (CampaignState.SENDING, None)
    assert [claim.delivery_id for claim in books.claim(identity, "two")] == ids[:1]
    assert books.tally(identity) == Tally(audience=3, waiting=1, unknown=2)


def test_what_is_counted_as_sent_is_not_sent(books: Books) -> None:
    identity, ids = left_unknown(books)
    books.ledger.finish(identity, NOW)
    assert books.ledger.decide(ids[:2], resend=False, now=NOW) == 2
    assert books.state(identity) is CampaignState.SENT
    assert books.claim(identity, "two") == []
    assert books.tally(identity) == Tally(audience=3, accepted=2, unknown=1)
    assert books.ledger.codes(identity) == {"counted as sent": 2, "connection lost": 1}


@pytest.mark.parametrize("resend", [True, False])
def test_a_decision_is_carried_out_once_and_about_unknown_deliveries_only(books: Books, resend: bool) -> None:
    identity = books.sending(8)
    ids = books.trying(identity, "one", 5)
    for one, state in zip(ids, (ACCEPTED, REJECTED, EXCLUDED, DEFERRED, UNKNOWN), strict=True):
        books.settle("one", [one], state, due_at=NOW + MINUTE)
    (tried,) = books.trying(identity, "one", 1)
    (claimed,) = (claim.delivery_id for claim in books.claim(identity, "one", 1))
    everything = [*ids, tried, claimed, claimed + 1, 999_999]
    assert books.ledger.decide(everything, resend=resend, now=NOW) == 1
    assert books.states(*ids[:4], tried, claimed) == [
        "accepted",
        "rejected",
        "excluded",
        "deferred",
        "trying",
        "claimed",
    ]
    assert books.ledger.decide(everything, resend=resend, now=NOW) == 0
    assert books.ledger.decide([], resend=resend, now=NOW) == 0


def test_a_decision_does_not_release_a_paused_campaign(books: Books) -> None:
    identity = books.sending(2)
    ids = books.trying(identity, "one", 1)
    books.settle("one", ids, UNKNOWN)
    books.campaigns.move(identity, CampaignState.PAUSED, NOW)
    assert books.ledger.decide(ids, resend=True, now=NOW) == 1
    assert books.state(identity) is CampaignState.PAUSED
    assert books.tally(identity) == Tally(audience=2, waiting=2)


def test_a_decision_about_more_than_one_batch_is_one_decision(books: Books) -> None:
    identity, ids = left_unknown(books, 1201)
    assert books.ledger.decide(ids[::-1], resend=True, now=NOW) == 1201
    assert books.tally(identity) == Tally(audience=1201, waiting=1201)


# --- cancelling -----------------------------------------------------------------------------------------------------


def test_cancelling_excludes_whoever_was_not_tried_and_keeps_every_outcome(books: Books) -> None:
    identity = books.sending(8)
    ids = books.trying(identity, "one", 5)
    for one, state in zip(ids, (ACCEPTED, REJECTED, EXCLUDED, DEFERRED, UNKNOWN), strict=True):
        books.settle("one", [one], state, due_at=NOW + MINUTE)
    (tried,) = books.trying(identity, "one", 1)
    (claimed,) = (claim.delivery_id for claim in books.claim(identity, "one", 1))
    books.cancel("a")
    assert books.state(identity) is CampaignState.CANCELLED
    assert books.states(*ids, tried, claimed) == [
        "accepted",
        "rejected",
        "excluded",
        "excluded",
        "unknown",
        "trying",
        "excluded",
    ]
    assert not books.ledger.settle("one", [], [claimed], now=NOW, until=NOW + LEASE)
    assert books.tally(identity) == Tally(
        audience=8, accepted=1, rejected=1, excluded=4, unknown=1, waiting=1
    )
    assert books.claim(identity, "two") == []


@pytest.mark.parametrize("state", [WAITING, DEFERRED])
def test_a_try_under_way_when_its_campaign_is_cancelled_is_not_made_again(
    books: Books, state: DeliveryState
) -> None:
    identity, other = books.sending(1, "a"), books.sending(1, "b")
    ids, others = books.trying(identity, "one"), books.trying(other, "one")
    books.cancel("a")
    books.settle("one", [*ids, *others], state, due_at=NOW + MINUTE)
    assert books.states(*ids, *others) == ["excluded", state]
    assert books.ledger.codes(identity) == {"cancelled": 1}
    assert books.tally(identity).open == 0


def test_of_a_cancelled_campaign_nothing_is_sent_again_but_its_unknowns_can_be_settled(books: Books) -> None:
    identity, ids = left_unknown(books)
    books.cancel("a")
    assert books.ledger.decide(ids, resend=True, now=NOW) == 0
    assert books.tally(identity) == Tally(audience=3, unknown=3)
    assert books.ledger.decide(ids, resend=False, now=NOW) == 3
    assert books.tally(identity) == Tally(audience=3, accepted=3)
    assert books.state(identity) is CampaignState.CANCELLED


# --- at the same time -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def in_the_middle(books: Books, action: Callable[[], object]) -> Iterator[None]:
    """Let somebody else act between the last word of a transaction and its commit, as far as they are let."""
    with ThreadPoolExecutor(1) as pool:
        acting: list[Future[object]] = []

        def about_to_commit(_: Connection) -> None:
            if not acting:
                acting.append(pool.submit(action))
                wait(acting, timeout=0.3)

        event.listen(books.engine, "commit", about_to_commit)
        yield
        event.remove(books.engine, "commit", about_to_commit)
        acting[0].result()


def test_a_decision_in_the_middle_of_an_ending_leaves_nobody_waiting_in_an_ended_campaign(
    open_store: Opener,
) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity, ids = left_unknown(books, 1)
    with in_the_middle(books, lambda: other.ledger.decide(ids, resend=True, now=NOW)):
        books.ledger.finish(identity, NOW)
    assert books.tally(identity).waiting == 1
    assert books.state(identity) is CampaignState.SENDING


def test_an_ending_in_the_middle_of_a_decision_leaves_nobody_waiting_in_an_ended_campaign(
    open_store: Opener,
) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity, ids = left_unknown(books, 1)
    with in_the_middle(books, lambda: other.ledger.finish(identity, NOW)):
        books.ledger.decide(ids, resend=True, now=NOW)
    assert books.tally(identity).waiting == 1
    assert books.state(identity) is CampaignState.SENDING


def test_cancelling_in_the_middle_of_putting_back_leaves_nobody_waiting(open_store: Opener) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity = books.sending(2)
    ids = books.trying(identity, "one", 1)
    with in_the_middle(books, lambda: other.cancel("a")):
        books.settle("one", ids, WAITING, tried=False)
    assert books.tally(identity) == Tally(audience=2, excluded=2)


def test_cancelling_in_the_middle_of_claiming_leaves_nobody_to_be_tried(open_store: Opener) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity = books.sending(2)
    with in_the_middle(books, lambda: other.cancel("a")):
        claims = books.claim(identity, "one", 1)
    assert len(claims) == 1
    assert not books.ledger.settle("one", [], [claims[0].delivery_id], now=NOW, until=NOW + LEASE)
    assert books.tally(identity) == Tally(audience=2, excluded=2)


def test_a_decision_in_the_middle_of_cancelling_sends_nothing_again(open_store: Opener) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity, ids = left_unknown(books, 2)
    decided: list[int] = []
    giving_up = books.giving_up("a")
    with in_the_middle(books, lambda: decided.append(other.ledger.decide(ids, resend=True, now=NOW))):
        books.campaigns.accept(giving_up, NOW)
    assert decided == [0]
    assert books.tally(identity) == Tally(audience=2, unknown=2)


def test_taking_back_in_the_middle_of_a_settlement_does_not_undo_it(open_store: Opener) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity = books.sending(1)
    ids = books.trying(identity, "slow")
    with in_the_middle(books, lambda: other.ledger.reap(NOW + 2 * LEASE, frozenset({"slow"}))):
        books.settle("slow", ids, ACCEPTED)
    assert books.tally(identity) == Tally(audience=1, accepted=1)


def test_a_settlement_in_the_middle_of_taking_back_still_counts(open_store: Opener) -> None:
    books, other = Books(open_store()), Books(open_store())
    identity = books.sending(1)
    ids = books.trying(identity, "slow")
    with in_the_middle(books, lambda: other.settle("slow", ids, ACCEPTED)):
        books.ledger.reap(NOW + 2 * LEASE, frozenset())
    assert books.tally(identity) == Tally(audience=1, accepted=1)
