"""The ledger beside a model of it, under every order of events that hypothesis can think of."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event

from pipeline.campaigns import TRANSITIONS, CampaignState
from pipeline.ledger import DeliveryState, Settlement
from pipeline.store.engine import connect
from pipeline.store.tables import metadata
from tests.builders import NOW
from tests.store.books import LEASE, Books

READERS = 6
OWNERS = ("one", "two", "three")
ENDS = (
    DeliveryState.ACCEPTED,
    DeliveryState.REJECTED,
    DeliveryState.DEFERRED,
    DeliveryState.EXCLUDED,
    DeliveryState.UNKNOWN,
    DeliveryState.WAITING,
)
OPEN = {DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.TRYING, DeliveryState.DEFERRED}

HELD = {DeliveryState.CLAIMED, DeliveryState.TRYING, DeliveryState.UNKNOWN}

owners = st.sampled_from(OWNERS)
some_ids = st.frozensets(st.integers(1, READERS), max_size=READERS)


@dataclass
class Delivery:
    """What the model knows of one delivery."""

    state: DeliveryState = DeliveryState.WAITING
    owner: str | None = None
    due_at: datetime = NOW - timedelta(days=1)
    lease_until: datetime = NOW
    attempts: int = 0
    may_have_arrived: bool = False  # handed over, and neither refused nor sent again by a person's will


@dataclass
class Model:
    """What a ledger should be."""

    campaign: CampaignState = CampaignState.SENDING
    deliveries: dict[int, Delivery] = field(
        default_factory=lambda: {number: Delivery() for number in range(1, READERS + 1)}
    )


@cache
def template() -> Path:
    """Make a store with a campaign that is being sent, once; the machine copies it."""
    folder = Path(tempfile.mkdtemp(prefix="belonging-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    engine = connect("sqlite:///list.sqlite", folder)
    Books(engine).sending(READERS)
    engine.dispose()
    return folder


class LedgerMachine(RuleBasedStateMachine):
    """Do to the ledger and to the model what senders, crashes and people do."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="belonging-model-"))
        shutil.copyfile(template() / "list.sqlite", self.folder / "list.sqlite")
        self.engine = connect("sqlite:///list.sqlite", self.folder)
        # No power is cut here, so nothing has to wait for the disk.
        event.listen(self.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF").close())
        self.engine.dispose()
        self.books = Books(self.engine)
        self.model = Model()
        self.now = NOW
        self.identity = self.books.campaigns.campaigns()[0].id

    def teardown(self) -> None:
        self.engine.dispose()
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        assert set(self.kept()) == set(self.model.deliveries)

    def kept(self) -> dict[int, tuple[str, int]]:
        with self.engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT id, state, attempts FROM deliveries").all()
        return {row.id: (row.state, row.attempts) for row in rows}

    # --- senders

    @rule(owner=owners, limit=st.integers(1, 4))
    def claim(self, owner: str, limit: int) -> None:
        claims = self.books.claim(self.identity, owner, limit, self.now)
        model = self.model
        due: list[int] = []
        if model.campaign is CampaignState.SENDING:
            for state in (DeliveryState.WAITING, DeliveryState.DEFERRED):
                due += sorted(
                    (i for i, d in model.deliveries.items() if d.state is state and d.due_at <= self.now),
                    key=lambda i: (model.deliveries[i].due_at, i),
                )
        assert [claim.delivery_id for claim in claims] == due[:limit]
        for claim in claims:
            one = model.deliveries[claim.delivery_id]
            assert claim.attempts == one.attempts
            one.state, one.owner, one.lease_until = DeliveryState.CLAIMED, owner, self.now + LEASE

    @rule(
        data=st.data(),
        states=st.lists(st.sampled_from(ENDS), min_size=6, max_size=6),
        next_=some_ids,
    )
    def settle(self, data: st.DataObject, states: list[DeliveryState], next_: frozenset[int]) -> None:
        # Mostly somebody about what is theirs, as it is in life; else anybody about anything.
        holders = sorted({one.owner for one in self.model.deliveries.values() if one.owner})
        owner = data.draw(st.sampled_from(holders) if holders else owners)
        theirs = [i for i, one in self.model.deliveries.items() if one.owner == owner]
        if theirs and data.draw(st.integers(0, 3)):
            tried = data.draw(st.frozensets(st.sampled_from(theirs)))
        else:
            tried = data.draw(some_ids)
        due = self.now + timedelta(minutes=1)
        settled = [
            Settlement(delivery_id=i, state=states[i - 1], due_at=due if i % 3 else None, tried=i % 2 == 0)
            for i in sorted(tried)
        ]
        self.hand_over(owner, settled, next_)

    def hand_over(self, owner: str, settled: list[Settlement], next_: frozenset[int]) -> None:
        """Record what came of some tries and what is tried next, in both; compare what was granted."""
        granted = self.books.ledger.settle(
            owner, settled, sorted(next_), now=self.now, until=self.now + LEASE
        )
        for settlement in settled:
            one = self.model.deliveries[settlement.delivery_id]
            if one.owner != owner or one.state not in HELD:
                continue
            if one.state is not DeliveryState.UNKNOWN:
                one.attempts += int(settlement.tried)
            refused = settlement.state not in {DeliveryState.ACCEPTED, DeliveryState.UNKNOWN}
            one.may_have_arrived &= not refused
            one.state, one.due_at = settlement.state, settlement.due_at or one.due_at
            one.owner = None
            again = settlement.state in {DeliveryState.WAITING, DeliveryState.DEFERRED}
            if again and self.model.campaign is CampaignState.CANCELLED:
                one.state = DeliveryState.EXCLUDED
        expected = {
            i
            for i in next_
            if self.model.deliveries[i].owner == owner
            and self.model.deliveries[i].state is DeliveryState.CLAIMED
        }
        assert granted == expected
        for i in granted:
            one = self.model.deliveries[i]
            assert not one.may_have_arrived, "a second letter to the same person"
            assert self.model.campaign is not CampaignState.CANCELLED
            one.state, one.lease_until, one.may_have_arrived = DeliveryState.TRYING, self.now + LEASE, True

    @rule(owner=owners, next_=some_ids)
    def try_next(self, owner: str, next_: frozenset[int]) -> None:
        self.hand_over(owner, [], next_)

    @rule(owner=owners, limit=st.integers(1, 3))
    def begin_to_work(self, owner: str, limit: int) -> None:
        self.claim(owner, limit)
        self.hand_over(owner, [], frozenset(range(1, READERS + 1)))

    @rule(dead=st.frozensets(owners))
    def reap(self, dead: frozenset[str]) -> None:
        self.books.ledger.reap(self.now, dead)
        for one in self.model.deliveries.values():
            if one.owner is None or not (one.owner in dead or one.lease_until < self.now):
                continue
            if one.state is DeliveryState.CLAIMED:
                one.state, one.owner = DeliveryState.WAITING, None
            elif one.state is DeliveryState.TRYING:
                one.state = DeliveryState.UNKNOWN
                one.attempts += 1

    @rule()
    def finish(self) -> None:
        done = not any(one.state in OPEN for one in self.model.deliveries.values())
        may = self.model.campaign in {CampaignState.SENDING, CampaignState.SENT}
        assert self.books.ledger.finish(self.identity, self.now) is (done and may)
        if done and may:
            self.model.campaign = CampaignState.SENT

    # --- people

    @rule(ids=some_ids, resend=st.booleans())
    def decide(self, ids: frozenset[int], resend: bool) -> None:
        unknown = [i for i in ids if self.model.deliveries[i].state is DeliveryState.UNKNOWN]
        if resend and self.model.campaign is CampaignState.CANCELLED:
            unknown = []
        assert self.books.ledger.decide(sorted(ids), resend=resend, now=self.now) == len(unknown)
        for i in unknown:
            one = self.model.deliveries[i]
            one.state = DeliveryState.WAITING if resend else DeliveryState.ACCEPTED
            one.owner, one.due_at = None, NOW - timedelta(days=1)
            one.may_have_arrived &= not resend
        if unknown and resend and self.model.campaign is CampaignState.SENT:
            self.model.campaign = CampaignState.SENDING

    @rule(then=st.sampled_from([CampaignState.PAUSED, CampaignState.SENDING]))
    def move(self, then: CampaignState) -> None:
        now = self.model.campaign
        allowed = then is now or then in TRANSITIONS[now]
        assert self.books.campaigns.move(self.identity, then, self.now) is allowed
        if allowed:
            self.model.campaign = then

    @precondition(lambda self: self.model.campaign not in {CampaignState.SENT, CampaignState.CANCELLED})
    @rule(really=st.sampled_from([False, False, True]))
    def cancel(self, really: bool) -> None:
        if not really:
            return
        self.books.cancel("a")
        self.model.campaign = CampaignState.CANCELLED
        for one in self.model.deliveries.values():
            if one.state in OPEN - {DeliveryState.TRYING}:
                one.state, one.owner = DeliveryState.EXCLUDED, None

    @rule(minutes=st.sampled_from([1, 4, 6]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    # --- what always holds

    @invariant()
    def the_ledger_is_what_the_model_is(self) -> None:
        model = self.model.deliveries
        assert self.kept() == {i: (one.state.value, one.attempts) for i, one in model.items()}
        assert self.books.state(self.identity) is self.model.campaign

    @invariant()
    def the_sums_add_up(self) -> None:
        tally = self.books.tally(self.identity)
        count = Counter(one.state for one in self.model.deliveries.values())
        assert tally.audience == READERS
        assert tally.accepted == count[DeliveryState.ACCEPTED]
        assert tally.unknown == count[DeliveryState.UNKNOWN]
        assert tally.open == sum(count[state] for state in OPEN)

    @invariant()
    def every_lease_has_an_owner_and_every_unknown_is_listed(self) -> None:
        leased = {DeliveryState.CLAIMED, DeliveryState.TRYING}
        held = {one.owner for one in self.model.deliveries.values() if one.state in leased}
        assert self.books.ledger.owners() == held
        listed = {one.delivery_id for one in self.books.ledger.unknown()}
        assert listed == {i for i, d in self.model.deliveries.items() if d.state is DeliveryState.UNKNOWN}


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=50, stateful_step_count=30)


def test_every_table_and_column_is_described_for_readers() -> None:
    """It stands on the page that tells what is stored: nothing is kept that nobody was told of."""
    for table in metadata.sorted_tables:
        assert len(table.info.get("about", "")) > 20, table.name
        for column in table.columns:
            assert column.doc, f"{table.name}.{column.name} has no doc"
            assert not column.doc.endswith("."), f"{table.name}.{column.name}"
