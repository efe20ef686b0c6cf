"""Deliveries in the store. What each method promises is written in pipeline.ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from pipeline.batches import batches
from pipeline.campaigns import CampaignState, Tally
from pipeline.ledger import HELD, Claim, DeliveryState, Settlement, UnknownDelivery
from pipeline.store import transitions
from pipeline.store.engine import transaction
from pipeline.store.tables import campaigns, deliveries, subscribers
from pipeline.subscribers import SubscriberState

__all__ = ["SqlDeliveries"]

_NOW = datetime(1970, 1, 1, tzinfo=UTC)  # due at once
_BATCH = 500
_LEASED = (DeliveryState.CLAIMED, DeliveryState.TRYING)
_OVER = (DeliveryState.ACCEPTED, DeliveryState.REJECTED, DeliveryState.EXCLUDED)
_OPEN = (DeliveryState.WAITING, *_LEASED, DeliveryState.DEFERRED)


class SqlDeliveries:
    """Keep deliveries in SQL (a DeliveryLedger)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(
        self, campaign_id: str, owner: str, *, limit: int, now: datetime, until: datetime
    ) -> list[Claim]:
        """Lease deliveries that are to be tried now."""
        with transaction(self._engine) as connection:
            if not _being_sent(connection, campaign_id):
                return []
            ids: list[int] = []
            for state in (DeliveryState.WAITING, DeliveryState.DEFERRED):
                query = (
                    select(deliveries.c.id)
                    .where(
                        deliveries.c.campaign_id == campaign_id,
                        deliveries.c.state == state,
                        deliveries.c.due_at <= now,
                    )
                    .order_by(deliveries.c.due_at, deliveries.c.id)
                    .limit(limit - len(ids))
                    .with_for_update(skip_locked=True)
                )
                ids += connection.execute(query).scalars()
            if not ids:
                return []
            connection.execute(
                update(deliveries)
                .where(deliveries.c.id.in_(ids))
                .values(state=DeliveryState.CLAIMED, owner=owner, lease_until=until, changed_at=now)
            )
            found = connection.execute(
                select(
                    *deliveries.c["id", "subscriber_id", "attempts", "variant"],
                    *subscribers.c["address", "life", "state", "choices"],
                )
                .select_from(deliveries.outerjoin(subscribers))
                .where(deliveries.c.id.in_(ids))
            )
            rows = {row.id: row for row in found}
            return [_claim(rows[identity]) for identity in ids]

    def settle(
        self,
        owner: str,
        settled: Sequence[Settlement],
        trying: Sequence[int],
        *,
        now: datetime,
        until: datetime,
    ) -> frozenset[int]:
        """Record what came of some tries and what is tried next."""
        # To be tried again, unless the campaign was cancelled meanwhile.
        again = [s.delivery_id for s in settled if s.state in {DeliveryState.WAITING, DeliveryState.DEFERRED}]
        # What came of a try is recorded whatever happened to the key meanwhile, or it would be unknown.
        with transaction(self._engine, guarded=False) as connection:
            if again:
                transitions.hold(connection, again, alone=False)
            if settled:
                connection.execute(
                    _SETTLE,
                    [
                        {
                            "_id": s.delivery_id,
                            "_owner": owner,
                            "_state": s.state.value,
                            "_code": s.code,
                            # What is held may be sent yet, and then as it was chosen.
                            "_over": int(s.state in _OVER and s.code != HELD),
                            "_due": s.due_at,
                            "_attempts": int(s.tried),
                            "_now": now,
                        }
                        for s in settled
                    ],
                )
            if again:
                transitions.exclude(connection, deliveries.c.id.in_(again), now)
            if not trying:
                return frozenset()
            mine = connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.id.in_(trying),
                    deliveries.c.owner == owner,
                    deliveries.c.state == DeliveryState.CLAIMED,
                )
                .values(state=DeliveryState.TRYING, lease_until=until, changed_at=now)
                .returning(deliveries.c.id)
            )
            return frozenset(mine.scalars())

    def owners(self) -> frozenset[str]:
        """Name everybody who holds a lease."""
        with transaction(self._engine) as connection:
            query = select(deliveries.c.owner).where(
                deliveries.c.owner.is_not(None), deliveries.c.state.in_(_LEASED)
            )
            return frozenset(owner for owner in connection.execute(query.distinct()).scalars() if owner)

    def reap(self, now: datetime, dead: frozenset[str]) -> None:
        """Take back leases that ran out or whose owners are dead."""
        over = and_(
            deliveries.c.owner.is_not(None),
            or_(deliveries.c.lease_until < now, deliveries.c.owner.in_(dead)),
        )
        with transaction(self._engine) as connection:
            connection.execute(
                update(deliveries)
                .where(over, deliveries.c.state == DeliveryState.CLAIMED)
                .values(
                    state=DeliveryState.WAITING,
                    owner=None,
                    lease_until=None,
                    changed_at=now,
                )
            )
            connection.execute(
                update(deliveries)
                .where(over, deliveries.c.state == DeliveryState.TRYING)
                .values(
                    state=DeliveryState.UNKNOWN,
                    code="sender stopped",
                    attempts=deliveries.c.attempts + 1,
                    changed_at=now,
                )
            )

    def next_due(self, campaign_id: str) -> datetime | None:
        """Tell when the next deferred delivery may be tried."""
        with transaction(self._engine) as connection:
            if not _being_sent(connection, campaign_id):
                return None
            return connection.execute(
                select(func.min(deliveries.c.due_at)).where(
                    deliveries.c.campaign_id == campaign_id, deliveries.c.state == DeliveryState.DEFERRED
                )
            ).scalar()

    def tally(self, campaign_id: str) -> Tally:
        """Count where the recipients stand."""
        with transaction(self._engine) as connection:
            audience = connection.execute(
                select(campaigns.c.audience).where(campaigns.c.id == campaign_id)
            ).scalar()
            rows = connection.execute(
                select(deliveries.c.state, func.count())
                .where(deliveries.c.campaign_id == campaign_id)
                .group_by(deliveries.c.state)
            ).all()
        count = {DeliveryState(state): int(number) for state, number in rows}
        return Tally(
            audience=int(audience or 0),
            accepted=count.get(DeliveryState.ACCEPTED, 0),
            waiting=sum(count.get(state, 0) for state in (DeliveryState.WAITING, *_LEASED)),
            deferred=count.get(DeliveryState.DEFERRED, 0),
            rejected=count.get(DeliveryState.REJECTED, 0),
            excluded=count.get(DeliveryState.EXCLUDED, 0),
            unknown=count.get(DeliveryState.UNKNOWN, 0),
        )

    def codes(self, campaign_id: str) -> dict[str, int]:
        """Count the reasons given."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(deliveries.c.code, func.count())
                .where(deliveries.c.campaign_id == campaign_id, deliveries.c.code != "")
                .group_by(deliveries.c.code)
                .order_by(func.count().desc(), deliveries.c.code)
            ).all()
        return {code: int(number) for code, number in rows}

    def finish(self, campaign_id: str, now: datetime) -> bool:
        """End a campaign that has nothing left to try."""
        with transaction(self._engine) as connection:
            # Held first, so that a decision to send again comes before this or after it, not in between.
            connection.execute(
                select(campaigns.c.id).where(campaigns.c.id == campaign_id).with_for_update()
            ).all()
            left = connection.execute(
                select(deliveries.c.id)
                .where(deliveries.c.campaign_id == campaign_id, deliveries.c.state.in_(_OPEN))
                .limit(1)
            ).first()
            return left is None and transitions.move(connection, campaign_id, CampaignState.SENT, now)

    def unknown(self) -> Sequence[UnknownDelivery]:
        """List what waits for a person's decision."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(*deliveries.c["id", "campaign_id", "subscriber_id", "changed_at"])
                .where(deliveries.c.state == DeliveryState.UNKNOWN)
                .order_by(deliveries.c.id)
            ).all()
        return [
            UnknownDelivery(
                delivery_id=row.id,
                campaign_id=row.campaign_id,
                subscriber_id=row.subscriber_id or 0,
                since=row.changed_at,
            )
            for row in rows
        ]

    def retry_held(self, now: datetime) -> int:
        """Let held deliveries be tried again."""
        with transaction(self._engine) as connection:
            held = and_(
                deliveries.c.state == DeliveryState.EXCLUDED,
                deliveries.c.code == HELD,
                not_(transitions.is_cancelled()),
            )
            ids = list(connection.execute(select(deliveries.c.id).where(held)).scalars())
            touched: set[str] = set()
            for batch in batches(ids, _BATCH):
                transitions.hold(connection, batch, alone=True)
                mine = update(deliveries).where(deliveries.c.id.in_(batch), held)
                mine = mine.values(state=DeliveryState.WAITING, code="", due_at=_NOW, changed_at=now)
                touched.update(connection.execute(mine.returning(deliveries.c.campaign_id)).scalars())
            transitions.reopen(connection, touched)
            return len(ids)

    def decide(self, delivery_ids: Sequence[int], *, resend: bool, now: datetime) -> int:
        """Carry out a person's decision."""
        state = DeliveryState.WAITING if resend else DeliveryState.ACCEPTED
        decided = 0
        with transaction(self._engine) as connection:
            for batch in batches(sorted(delivery_ids), _BATCH):
                transitions.hold(connection, batch, alone=True)
                touched = connection.execute(
                    update(deliveries)
                    .where(
                        deliveries.c.id.in_(batch),
                        deliveries.c.state == DeliveryState.UNKNOWN,
                        # Nothing of a cancelled campaign is sent; its unknown deliveries can be counted as sent.
                        not_(transitions.is_cancelled()) if resend else true(),
                    )
                    .values(
                        state=state,
                        code="" if resend else "counted as sent",
                        variant=deliveries.c.variant if resend else 0,
                        owner=None,
                        lease_until=None,
                        due_at=_NOW,
                        changed_at=now,
                    )
                    .returning(deliveries.c.campaign_id)
                ).scalars()
                reopened = list(touched)
                decided += len(reopened)
                if resend:
                    transitions.reopen(connection, set(reopened))
        return decided


# A settlement counts only from the owner of the lease, or from whom the lease was taken while it was trying.
_SETTLE = (
    update(deliveries)
    .where(
        deliveries.c.id == bindparam("_id"),
        deliveries.c.owner == bindparam("_owner"),
        # Not "in": a list of values cannot be given to many rows at once.
        or_(*(deliveries.c.state == state for state in (*_LEASED, DeliveryState.UNKNOWN))),
    )
    .values(
        state=bindparam("_state"),
        code=bindparam("_code"),
        # Which variant somebody chose is nobody's business any more once they have it.
        variant=case((bindparam("_over", type_=Integer) == 1, 0), else_=deliveries.c.variant),
        due_at=func.coalesce(bindparam("_due", type_=deliveries.c.due_at.type), deliveries.c.due_at),
        # Whoever took back the lease of a try that was under way has counted it already.
        attempts=deliveries.c.attempts
        + case((deliveries.c.state == DeliveryState.UNKNOWN, 0), else_=bindparam("_attempts")),
        owner=None,
        lease_until=None,
        changed_at=bindparam("_now", type_=deliveries.c.changed_at.type),
    )
)


def _being_sent(connection: Connection, campaign_id: str) -> bool:
    state = connection.execute(select(campaigns.c.state).where(campaigns.c.id == campaign_id)).scalar()
    return state == CampaignState.SENDING


def _claim(row: Row[tuple[object, ...]]) -> Claim:
    gone = row.subscriber_id is None or row.state is None
    excluded = "gone" if gone else "" if row.state == SubscriberState.CONFIRMED else row.state
    return Claim(
        delivery_id=row.id,
        subscriber_id=row.subscriber_id or 0,
        sealed_address=row.address or b"",
        life=row.life or 0,
        attempts=row.attempts,
        excluded=excluded,
        variant=row.variant,
        choices=row.choices or b"",
    )
