"""Choices in the store. What each method promises is written in pipeline.subscribers.membership."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Row, delete, select, update

from pipeline.store import agreed, arrivals, limits, notices, pace, suppression
from pipeline.store.engine import transaction
from pipeline.store.tables import asks, bounces, consents, moves, subscribers
from pipeline.store.tables import notices as waiting
from pipeline.store.upserts import upsert
from pipeline.subscribers import Subscriber, SubscriberState
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.membership import Arrival, NoticeKind
from pipeline.subscribers.tokens import Ticket

__all__ = ["SqlChoices"]

_PATH = "another address, mail, button"


class SqlChoices:
    """Keep what people chose in SQL (a ChoiceStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def chosen(self, ticket: Ticket) -> bytes | None:
        """Answer somebody's sealed choices."""
        with transaction(self._engine) as connection:
            row = _on_the_list(connection, ticket)
            return None if row is None else bytes(row.choices or b"")

    def choose(self, ticket: Ticket, change: Callable[[bytes | None, datetime | None], bytes | None]) -> bool:
        """Change somebody's choices."""
        with transaction(self._engine) as connection:
            pace.hold(connection, alone=False)
            row = _on_the_list(connection, ticket)
            if row is None:
                return False
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == row.id)
                .values(choices=change(row.choices, pace.last_letter(connection)))
            )
            return True

    def move(
        self,
        arrival: Arrival,
        ticket: Ticket,
        new: Subscriber,
        *,
        limit: Limit,
        now: datetime,
        until: datetime,
    ) -> None:
        """Note that somebody wants letters at another address."""
        with transaction(self._engine) as connection:
            if not arrivals.drop(connection, arrival.id):
                return
            row = _on_the_list(connection, ticket)
            if row is None or row.address_index == new.address_index:
                return
            there = connection.execute(
                select(*subscribers.c["id", "life", "state"]).where(
                    subscribers.c.address_index == new.address_index
                )
            ).one_or_none()
            if not limits.count(connection, limit, now):  # what was asked for before goes on
                return
            before = connection.execute(
                delete(moves).where(moves.c.subscriber_id == row.id).returning(moves.c.expires_at)
            ).scalar()
            connection.execute(
                delete(waiting).where(
                    waiting.c.subscriber_id == row.id, waiting.c.kind == NoticeKind.MOVE.value
                )
            )
            kind, whose = NoticeKind.ALREADY, there
            if there is None or there.state != SubscriberState.CONFIRMED:
                if before is not None:  # a link names a wish by its end, so each has another one
                    until = max(until, before + timedelta(seconds=1))
                kind, whose = NoticeKind.MOVE, row
                connection.execute(
                    upsert(connection, moves).values(
                        subscriber_id=row.id,
                        life=row.life,
                        address=new.address,
                        address_index=new.address_index,
                        expires_at=until,
                    )
                )
            assert whose is not None  # noqa: S101 - it is one or the other
            notices.add(
                connection,
                kind=kind,
                subscriber_id=whose.id,
                life=whose.life,
                limit_name=limit.name,
                now=now,
                until=until,
            )

    def moved(
        self,
        ticket: Ticket,
        until: datetime,
        wording: str,
        reseal: Callable[[bytes], tuple[bytes, bytes]],
        *,
        asked_at: datetime,
        now: datetime,
    ) -> bool:
        """Put a new address in the place of the old one."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(subscribers).where(subscribers.c.id == ticket.subscriber_id).with_for_update()
            ).one_or_none()
            wish = connection.execute(
                select(moves).where(
                    moves.c.subscriber_id == ticket.subscriber_id, moves.c.expires_at == until
                )
            ).one_or_none()
            if row is None or row.state != SubscriberState.CONFIRMED:
                return False
            if wish is None or row.life != ticket.life:
                done = select(consents.c.life).where(
                    consents.c.subscriber_id == row.id,
                    consents.c.life == row.life,
                    consents.c.path == _PATH,
                    consents.c.asked_at == asked_at,
                )
                return row.life == ticket.life + 1 and connection.execute(done).first() is not None
            there = connection.execute(
                select(*subscribers.c["id", "state"])
                .where(subscribers.c.address_index == wish.address_index)
                .with_for_update()
            ).one_or_none()
            if there is not None and there.state == SubscriberState.CONFIRMED:
                return False
            if there is not None:  # they left, or never confirmed; what is confirmed now takes its place
                connection.execute(delete(subscribers).where(subscribers.c.id == there.id))
            for table in (asks, bounces, moves, waiting):
                connection.execute(delete(table).where(table.c.subscriber_id == row.id))
            address, lift = reseal(wish.address)
            suppression.lift(connection, lift)
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == row.id)
                .values(address=address, address_index=wish.address_index, life=row.life + 1)
            )
            begun = Ticket(subscriber_id=row.id, life=row.life + 1)
            agreed.note(connection, begun, wording, path=_PATH, asked_at=asked_at, given_at=now)
            return True


def _on_the_list(connection: Connection, ticket: Ticket) -> Row[tuple[object, ...]] | None:
    """Find a person on the list, in the life that a ticket names; nobody else changes the row meanwhile."""
    return connection.execute(
        select(subscribers)
        .where(
            subscribers.c.id == ticket.subscriber_id,
            subscribers.c.life == ticket.life,
            subscribers.c.state == SubscriberState.CONFIRMED,
        )
        .with_for_update()
    ).one_or_none()
