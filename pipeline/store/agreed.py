"""What people agreed to, noted inside a transaction that is open already."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from pipeline.store.tables import consents, wordings
from pipeline.store.upserts import upsert
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
    name = wording_hash(wording)
    connection.execute(
        upsert(connection, wordings)
        .values(hash=name, text=wording)
        .on_conflict_do_nothing(index_elements=["hash"])
    )
    given = {"wording": name, "path": path, "asked_at": asked_at, "given_at": given_at}
    connection.execute(
        upsert(connection, consents)
        .values(subscriber_id=ticket.subscriber_id, life=ticket.life, **given)
        .on_conflict_do_nothing(index_elements=["subscriber_id", "life"])
    )
