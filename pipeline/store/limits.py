"""Counting against limits, inside a transaction that is open already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, case, delete, literal, select

from pipeline.store.tables import limits
from pipeline.store.upserts import upsert
from pipeline.subscribers.limits import Limit

__all__ = ["count", "counted", "lift", "reached", "sweep"]


def count(connection: Connection, limit: Limit, now: datetime) -> bool:
    """Count once more, in one statement, so that two at once are two; tell whether it is still allowed."""
    ends_at = now + limit.window
    over = limits.c.ends_at <= now
    statement = (
        upsert(connection, limits)
        .values(name=limit.name, count=1, ends_at=ends_at)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={
                "count": case((over, 1), else_=limits.c.count + 1),
                "ends_at": case((over, literal(ends_at, limits.c.ends_at.type)), else_=limits.c.ends_at),
            },
        )
        .returning(limits.c.count)
    )
    return int(connection.execute(statement).scalar_one()) <= limit.most


def counted(connection: Connection, limit: Limit, now: datetime) -> int:
    """Tell how often it was counted, and count nothing."""
    query = select(limits.c.count).where(limits.c.name == limit.name, limits.c.ends_at > now)
    return int(connection.execute(query).scalar() or 0)


def reached(connection: Connection, limit: Limit, now: datetime) -> bool:
    """Tell whether counting once more would not be allowed, and count nothing."""
    return counted(connection, limit, now) >= limit.most


def lift(connection: Connection, name: bytes) -> None:
    """Forget how often something happened."""
    connection.execute(delete(limits).where(limits.c.name == name))


def sweep(connection: Connection, now: datetime) -> None:
    """Forget what no longer counts."""
    connection.execute(delete(limits).where(limits.c.ends_at <= now))
