"""Single facts about a store, by name."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from pipeline.store.tables import facts
from pipeline.store.upserts import upsert

__all__ = ["beginning", "drop", "put", "read", "remember", "write"]


def read(connection: Connection, name: str) -> str | None:
    """Read one fact."""
    return connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar()


def beginning(connection: Connection, prefix: str) -> dict[str, str]:
    """Read all facts whose names begin alike."""
    query = select(facts.c.name, facts.c.value).where(facts.c.name.startswith(prefix, autoescape=True))
    return {row.name: row.value for row in connection.execute(query)}


def remember(connection: Connection, name: str, value: str) -> str:
    """Keep a fact unless it is known already; answer what is kept.

    From here on nobody else changes it, or finds it missing, before this transaction has ended.
    """
    connection.execute(
        upsert(connection, facts)
        .values(name=name, value=value)
        .on_conflict_do_nothing(index_elements=["name"])
    )
    kept = select(facts.c.value).where(facts.c.name == name).with_for_update()
    return str(connection.execute(kept).scalar_one())


def write(connection: Connection, name: str, value: str) -> None:
    """Change a fact that is remembered."""
    connection.execute(update(facts).where(facts.c.name == name).values(value=value))


def put(connection: Connection, name: str, value: str) -> None:
    """Keep a fact, in the place of the one before."""
    remember(connection, name, value)
    write(connection, name, value)


def drop(connection: Connection, name: str) -> None:
    """Forget a fact."""
    connection.execute(delete(facts).where(facts.c.name == name))
