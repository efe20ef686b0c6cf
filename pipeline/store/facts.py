"""Single facts about a store, by name."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from pipeline.store.tables import facts

__all__ = ["read", "write"]


def read(connection: Connection, name: str, *, lock: bool = False) -> str | None:
    """Read one fact; with ``lock``, nobody else changes it before this transaction ends."""
    query = select(facts.c.value).where(facts.c.name == name)
    return connection.execute(query.with_for_update() if lock else query).scalar()


def write(connection: Connection, name: str, value: str) -> None:
    """Write one fact, new or not."""
    done = connection.execute(update(facts).where(facts.c.name == name).values(value=value))
    if not done.rowcount:
        connection.execute(insert(facts).values(name=name, value=value))
