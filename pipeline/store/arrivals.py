"""Arrivals in the store. What each method promises is written in pipeline.subscribers.membership."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from pipeline.store import limits
from pipeline.store.engine import transaction
from pipeline.store.tables import arrivals
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.membership import Arrival, Wish

__all__ = ["SqlArrivals", "drop"]

_PATIENCE = 5  # times that dealing with one may fail


class SqlArrivals:
    """Keep arrivals in SQL (an ArrivalStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, arrival: Arrival, limits_: tuple[Limit, ...], now: datetime) -> Limit | None:
        """Keep an arrival unless a limit is reached."""
        try:
            with transaction(self._engine) as connection:
                _count(connection, limits_, now)
                connection.execute(
                    insert(arrivals).values(
                        id=arrival.id,
                        wish=arrival.wish.value,
                        address=arrival.address,
                        path=arrival.path,
                        received_at=arrival.received_at,
                        due_at=arrival.received_at,
                    )
                )
        except _Reached as reached:
            return reached.limit
        return None

    def counted(self, limit: Limit, now: datetime) -> int:
        """Tell how often something happened that is limited."""
        with transaction(self._engine) as connection:
            return limits.counted(connection, limit, now)

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Arrival]:
        """Lease arrivals."""
        with transaction(self._engine) as connection:
            query = (
                select(arrivals)
                .where(arrivals.c.due_at <= now)
                .order_by(arrivals.c.received_at, arrivals.c.id)
                .limit(most)
                .with_for_update(skip_locked=True)
            )
            rows = connection.execute(query).all()
            spent = [row.id for row in rows if row.attempts >= _PATIENCE]
            taken = [row for row in rows if row.attempts < _PATIENCE]
            if spent:
                connection.execute(delete(arrivals).where(arrivals.c.id.in_(spent)))
            if taken:
                connection.execute(
                    update(arrivals)
                    .where(arrivals.c.id.in_([row.id for row in taken]))
                    .values(due_at=until, attempts=arrivals.c.attempts + 1)
                )
        return [
            Arrival(
                id=row.id,
                wish=Wish(row.wish),
                address=row.address,
                path=row.path,
                received_at=row.received_at,
            )
            for row in taken
        ]

    def drop(self, arrival_id: int) -> None:
        """Forget one."""
        with transaction(self._engine) as connection:
            drop(connection, arrival_id)

    def oldest(self) -> datetime | None:
        """Tell since when the oldest one waits."""
        with transaction(self._engine) as connection:
            return connection.execute(select(func.min(arrivals.c.received_at))).scalar()


class _Reached(Exception):
    """Rolls back what was counted for a request that is turned away."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.kind)
        self.limit = limit


def _count(connection: Connection, limits_: tuple[Limit, ...], now: datetime) -> None:
    for limit in limits_:
        if not limits.count(connection, limit, now):
            raise _Reached(limit)


def drop(connection: Connection, arrival_id: int) -> bool:
    """Forget an arrival inside a transaction that is open already; tell whether it was still there."""
    return bool(connection.execute(delete(arrivals).where(arrivals.c.id == arrival_id)).rowcount)
