"""Suppressing addresses, inside a transaction that is open already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete

from pipeline.store.tables import suppressions
from pipeline.store.upserts import upsert

__all__ = ["add", "lift"]

_LEFT = "left"  # left a list elsewhere: the one reason that its owner can take back, by confirming here


def add(connection: Connection, hashes: Sequence[bytes], reason: str, now: datetime) -> None:
    """Note keyed hashes of addresses that must not be mailed; a reason that nobody can take back goes first."""
    statement = upsert(connection, suppressions)
    statement = statement.on_conflict_do_update(
        index_elements=["hash"],
        set_={"reason": statement.excluded.reason, "created_at": statement.excluded.created_at},
        where=suppressions.c.reason == _LEFT,
    )
    # Once each: PostgreSQL changes no row twice in one statement.
    rows = [{"hash": name, "reason": reason, "created_at": now} for name in dict.fromkeys(hashes)]
    if rows:
        connection.execute(statement, rows)


def lift(connection: Connection, name: bytes, *, entirely: bool = False) -> None:
    """Take back a suppression whose owner has confirmed anew, or, entirely, whatever its reason."""
    mine = suppressions.c.hash == name
    connection.execute(
        delete(suppressions).where(mine if entirely else mine & (suppressions.c.reason == _LEFT))
    )
