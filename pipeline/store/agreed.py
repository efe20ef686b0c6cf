"""What people agreed to, noted inside a transaction that is open already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.store.tables import consents, wordings
from pipeline.subscribers.consent import wording_hash
from pipeline.subscribers.tokens import Ticket

__all__ = ["note"]


def note(
    connection: Connection,
    ticket: Ticket,
    wording: str,
    *,
    path: str,
    asked_at: datetime | None,
    given_at: datetime,
) -> None:
    """Note once that somebody agreed, as they began a life.

    Args:
        connection: Inside a transaction.
        ticket: Who, in which life.
        wording: To what, word for word.
        path: How they did.
        asked_at: When they asked for it, aware.
        given_at: When they agreed, aware.
    """
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    name = wording_hash(wording)
    connection.execute(
        insert(wordings).values(hash=name, text=wording).on_conflict_do_nothing(index_elements=["hash"])
    )
    given = {"wording": name, "path": path, "asked_at": asked_at, "given_at": given_at}
    connection.execute(
        insert(consents)
        .values(subscriber_id=ticket.subscriber_id, life=ticket.life, **given)
        .on_conflict_do_nothing(index_elements=["subscriber_id", "life"])
    )
