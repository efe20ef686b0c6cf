"""The order between fixing an audience and changing how often somebody is written to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, text

from pipeline.store.tables import campaigns

__all__ = ["frozen", "hold", "last_letter"]


def hold(connection: Connection, *, alone: bool) -> None:
    """Keep audiences from being fixed until this transaction ends and, ``alone``, choices from being changed.

    So every change comes before an audience is fixed, and is seen by it, or after, and then sees when it was.
    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        connection.execute(text(f"SELECT {name}(7121507)"))


def frozen(connection: Connection) -> datetime | None:
    """Tell when the last audience was fixed, of a letter or of a digest."""
    return connection.execute(select(func.max(campaigns.c.frozen_at))).scalar()


def last_letter(connection: Connection) -> datetime | None:
    """Tell when the last audience of a letter was fixed; a digest, whose name holds a colon, decides nothing."""
    letters = ~campaigns.c.post_id.contains(":")
    return connection.execute(select(func.max(campaigns.c.frozen_at)).where(letters)).scalar()
