"""A store with a campaign in it, as most tests of the ledger begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.campaigns import EVERYBODY, CampaignState, Tally, campaign_id
from pipeline.ledger import Claim, DeliveryState, Settlement
from pipeline.planning import Decisions, Plan, Policy, plan
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.people import People
from pipeline.store.tables import deliveries, subscribers
from pipeline.subscribers import SubscriberState
from tests.builders import NOW, letter, person, persons, post

__all__ = ["LEASE", "POLICY", "Books"]

LEASE = timedelta(minutes=5)
POLICY = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))


@dataclass(frozen=True)
class Books:
    """Everything kept in one store."""

    engine: Engine

    @property
    def campaigns(self) -> SqlCampaigns:
        return SqlCampaigns(self.engine)

    @property
    def ledger(self) -> SqlDeliveries:
        return SqlDeliveries(self.engine)

    @property
    def people(self) -> People:
        return People(self.engine)

    def planned(self, *names: str) -> list[str]:
        """Accept a plan for new posts; answer the names of their campaigns."""
        if not self.campaigns.history().begun:
            self.campaigns.accept(plan([], self.campaigns.history(), NOW, policy=POLICY), NOW)
        made = plan([post(name) for name in names], self.campaigns.history(), NOW, policy=POLICY)
        self.campaigns.accept(made, NOW)
        return [campaign_id(EVERYBODY, name) for name in names]

    def sending(self, readers: int, name: str = "a") -> str:
        """Begin to send a campaign to so many people."""
        self.people.add(persons(readers))
        (identity,) = self.planned(name)
        self.campaigns.freeze(identity, letter(), NOW, samples=True)
        assert self.campaigns.move(identity, CampaignState.SENDING, NOW)
        return identity

    def giving_up(self, name: str) -> Plan:
        """Plan to cancel a campaign, as a person does it."""
        decisions = Decisions(skip=frozenset({name}))
        return plan([post(name)], self.campaigns.history(), NOW, policy=POLICY, decisions=decisions)

    def cancel(self, name: str) -> None:
        """Cancel a campaign."""
        self.campaigns.accept(self.giving_up(name), NOW)

    def claim(self, identity: str, owner: str, limit: int = 100, now: datetime = NOW) -> list[Claim]:
        return self.ledger.claim(identity, owner, limit=limit, now=now, until=now + LEASE)

    def trying(self, identity: str, owner: str, limit: int = 100, now: datetime = NOW) -> list[int]:
        """Claim some deliveries and write down that they are being tried."""
        ids = [claim.delivery_id for claim in self.claim(identity, owner, limit, now)]
        assert self.ledger.settle(owner, [], ids, now=now, until=now + LEASE) == frozenset(ids)
        return ids

    def settle(
        self,
        owner: str,
        ids: list[int],
        state: DeliveryState,
        *,
        code: str = "",
        now: datetime = NOW,
        due_at: datetime | None = None,
        tried: bool = True,
    ) -> None:
        settled = [Settlement(delivery_id=i, state=state, code=code, due_at=due_at, tried=tried) for i in ids]
        assert self.ledger.settle(owner, settled, [], now=now, until=now + LEASE) == frozenset()

    def state(self, identity: str) -> CampaignState:
        campaign = self.campaigns.campaign(identity)
        assert campaign is not None
        return campaign.state

    def states(self, *ids: int) -> list[str]:
        """Look past the ledger at what is written about some deliveries."""
        with self.engine.begin() as connection:
            rows = connection.execute(sa.select(deliveries.c["id", "state"])).all()
        kept = {row.id: row.state for row in rows}
        return [kept[i] for i in ids]

    def row(self, delivery_id: int) -> sa.Row[tuple[object, ...]]:
        with self.engine.begin() as connection:
            return connection.execute(sa.select(deliveries).where(deliveries.c.id == delivery_id)).one()

    def tally(self, identity: str) -> Tally:
        return self.ledger.tally(identity)

    def unsubscribe(self, number: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                sa.update(subscribers)
                .where(subscribers.c.id == person(number).id)
                .values(state=SubscriberState.UNSUBSCRIBED)
            )

    def forget(self, number: int) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.delete(subscribers).where(subscribers.c.id == person(number).id))
