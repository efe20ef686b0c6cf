"""State changes of campaigns, inside a transaction that is open already."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from pipeline.campaigns import TRANSITIONS, CampaignState
from pipeline.ledger import DeliveryState
from pipeline.store.tables import campaigns, deliveries

__all__ = ["cancel", "exclude", "hold", "is_cancelled", "move", "reopen"]


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


def hold(connection: Connection, delivery_ids: Collection[int], *, alone: bool) -> None:
    """Keep the campaigns of some deliveries as they are until this transaction ends.

    Whoever holds a campaign does so before touching its deliveries, so that nobody waits for anybody in a circle.

    Args:
        connection: Inside a transaction.
        delivery_ids: Some deliveries.
        alone: Whether others who hold the campaign have to wait, or only those who would change it.
    """
    theirs = select(deliveries.c.campaign_id).where(deliveries.c.id.in_(delivery_ids))
    query = select(campaigns.c.id).where(campaigns.c.id.in_(theirs)).order_by(campaigns.c.id)
    connection.execute(query.with_for_update(read=not alone)).all()


def reopen(connection: Connection, identities: Collection[str]) -> None:
    """Go on with campaigns that had ended; one that is paused stays so until a person releases it."""
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id.in_(identities), campaigns.c.state == CampaignState.SENT)
        .values(state=CampaignState.SENDING, finished_at=None)
    )


def cancel(connection: Connection, identity: str, now: datetime) -> None:
    """Stop a campaign for good; whoever was not tried yet is excluded, and the sums still add up."""
    move(connection, identity, CampaignState.PAUSED, now)
    if move(connection, identity, CampaignState.CANCELLED, now):
        exclude(connection, deliveries.c.campaign_id == identity, now)


def exclude(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
    """Exclude those of some deliveries whose campaign is cancelled and that nobody is trying just now."""
    connection.execute(
        update(deliveries)
        .where(which, deliveries.c.state.in_(_NOT_TRIED), is_cancelled())
        .values(
            state=DeliveryState.EXCLUDED,
            code="cancelled",
            variant=0,
            owner=None,
            lease_until=None,
            changed_at=now,
        )
    )


def is_cancelled() -> ColumnElement[bool]:
    """Say in SQL that a delivery's campaign is cancelled."""
    return deliveries.c.campaign_id.in_(
        select(campaigns.c.id).where(campaigns.c.state == CampaignState.CANCELLED)
    )


_NOT_TRIED = (DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.DEFERRED)
