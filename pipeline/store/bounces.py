"""How often letters came back, in the store. What each method promises stands in pipeline.subscribers.bouncing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, case, delete, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store import suppression
from pipeline.store.engine import transaction
from pipeline.store.tables import bounces, subscribers
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.tokens import Ticket

__all__ = ["SqlBounces"]


class SqlBounces:
    """Keep how often letters came back in SQL (a BouncingStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def gone(self, ticket: Ticket, suppress: bytes, now: datetime) -> bool:
        """Mark somebody as unreachable."""
        with transaction(self._engine) as connection:
            if not _present(connection, ticket):
                return False
            connection.execute(
                update(subscribers)
                .where(
                    subscribers.c.id == ticket.subscriber_id, subscribers.c.state == SubscriberState.CONFIRMED
                )
                .values(state=SubscriberState.BOUNCED)
            )
            connection.execute(delete(bounces).where(bounces.c.subscriber_id == ticket.subscriber_id))
            suppression.add(connection, [suppress], "bounced", now)
            return True

    def count(self, ticket: Ticket, now: datetime, forget_before: datetime) -> tuple[int, datetime] | None:
        """Count a passing reason."""
        with transaction(self._engine) as connection:
            if not _present(connection, ticket):
                return None
            over = bounces.c.last_at < forget_before
            row = connection.execute(
                self._insert(bounces)
                .values(subscriber_id=ticket.subscriber_id, count=1, first_at=now, last_at=now)
                .on_conflict_do_update(
                    index_elements=["subscriber_id"],
                    set_={
                        "count": case((over, 1), else_=bounces.c.count + 1),
                        "first_at": case(
                            (over, literal(now, bounces.c.first_at.type)), else_=bounces.c.first_at
                        ),
                        "last_at": now,
                    },
                )
                .returning(bounces.c.count, bounces.c.first_at)
            ).one()
            return int(row[0]), row[1]


def _present(connection: Connection, ticket: Ticket) -> bool:
    life = connection.execute(
        select(subscribers.c.life).where(subscribers.c.id == ticket.subscriber_id).with_for_update()
    ).scalar()
    return bool(life == ticket.life)
