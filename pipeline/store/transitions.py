"""State changes of campaigns, inside a transaction that is open already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Connection,
    update,
)

from pipeline.campaigns import TRANSITIONS, CampaignState
from pipeline.ledger import DeliveryState
from pipeline.store.tables import campaigns, deliveries

__all__ = ["cancel", "move"]


def move(connection: Connection, identity: str, state: CampaignState, now: datetime) -> bool:
    """Bring a campaign into another state, if the table of transitions allows it; tell whether it did."""
    origins = [origin for origin, targets in TRANSITIONS.items() if state in targets or origin is state]
    ended = state in {CampaignState.SENT, CampaignState.CANCELLED}
    done = connection.execute(
        update(campaigns)
        .where(campaigns.c.id == identity, campaigns.c.state.in_(origins))
        .values(state=state, finished_at=now if ended else None)
    )
    return bool(done.rowcount)


def cancel(connection: Connection, identity: str, now: datetime) -> None:
    """Stop a campaign for good; whoever was not tried yet is excluded, and the sums still add up."""
    move(connection, identity, CampaignState.PAUSED, now)
    if move(connection, identity, CampaignState.CANCELLED, now):
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.campaign_id == identity,
                deliveries.c.state.in_(
                    (DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.DEFERRED)
                ),
            )
            .values(
                state=DeliveryState.EXCLUDED,
                code="cancelled",
                owner=None,
                lease_until=None,
                changed_at=now,
            )
        )
