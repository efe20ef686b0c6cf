"""What came back, in the store. What each method promises stands in pipeline.subscribers.bouncing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, case, delete, literal, select, update

from pipeline.store import facts, limits, suppression
from pipeline.store.engine import transaction
from pipeline.store.tables import bounces, subscribers
from pipeline.store.upserts import upsert
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.bouncing import CameBack, Meaning
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.tokens import Ticket

__all__ = ["SqlBounces"]


_COUNTED = "returned/"  # facts: how many of each meaning
_READ = "returned-read"  # fact: when everything was last read


class SqlBounces:
    """Keep what came back in SQL (a BouncingStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def count(
        self, once: Limit, ticket: Ticket, now: datetime, forget_before: datetime
    ) -> tuple[int, datetime] | None:
        """Count a passing reason."""
        with transaction(self._engine) as connection:
            if not _present(connection, ticket):
                return None
            if not limits.count(connection, once, now):
                row = connection.execute(
                    select(bounces.c.count, bounces.c.first_at).where(
                        bounces.c.subscriber_id == ticket.subscriber_id
                    )
                ).one_or_none()
                # Forgotten since: they were given up for it, or came back.
                return None if row is None else (int(row[0]), row[1])
            over = bounces.c.last_at < forget_before
            row = connection.execute(
                upsert(connection, bounces)
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

    def known(self, once: Limit, now: datetime) -> bool:
        """Tell whether a limit is reached."""
        with transaction(self._engine) as connection:
            return limits.reached(connection, once, now)

    def note(self, once: Limit, what: Meaning, now: datetime) -> bool:
        """Add one to what is told of all that came back."""
        with transaction(self._engine) as connection:
            if not limits.count(connection, once, now):
                return False
            name = f"{_COUNTED}{what.value}"
            before = int(facts.remember(connection, name, "0"))
            facts.write(connection, name, str(before + 1))
            return True

    def read(self, now: datetime) -> None:
        """Note that everything was read that was there."""
        with transaction(self._engine) as connection:
            facts.remember(connection, _READ, "")
            facts.write(connection, _READ, now.isoformat())

    def came_back(self) -> CameBack:
        """Answer what is told of all that came back."""
        with transaction(self._engine) as connection:
            counts = facts.beginning(connection, _COUNTED)
            read_at = facts.read(connection, _READ)
        return CameBack(
            counts={one: int(counts.get(f"{_COUNTED}{one.value}", "0")) for one in Meaning},
            read_at=datetime.fromisoformat(read_at) if read_at else None,
        )


def _present(connection: Connection, ticket: Ticket) -> bool:
    life = connection.execute(
        select(subscribers.c.life).where(subscribers.c.id == ticket.subscriber_id).with_for_update()
    ).scalar()
    return bool(life == ticket.life)
