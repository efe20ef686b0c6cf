"""Notices in the store. What each method promises is written in pipeline.subscribers.membership."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, case, delete, insert, or_, select, update

from pipeline.store import limits
from pipeline.store.engine import transaction
from pipeline.store.tables import asks, moves, notices, subscribers
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.membership import Notice, NoticeKind

__all__ = ["MAILED", "SqlOutbox", "add", "lease"]

MAILED = (
    NoticeKind.CONFIRM,
    NoticeKind.ALREADY,
    NoticeKind.RIGHTS,
    NoticeKind.CHOICES,
    NoticeKind.MOVE,
)


class SqlOutbox:
    """Keep notices in SQL (an Outbox)."""

    def __init__(self, engine: Engine, kinds: Sequence[NoticeKind] = MAILED) -> None:
        """Take a store, and which notices are kept here."""
        self._engine = engine
        self._ours = notices.c.kind.in_([kind.value for kind in kinds])

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Notice]:
        """Lease notices that are due."""
        with transaction(self._engine) as connection:
            left = connection.execute(
                select(notices.c.id).where(self._ours, notices.c.trying == 1, notices.c.due_at <= now)
            ).scalars()
            for identity in list(left):
                _lose(connection, identity)
            connection.execute(
                delete(notices).where(self._ours, notices.c.expires_at <= now, notices.c.trying == 0)
            )
            return lease(connection, self._ours, now, until, most=most)

    def sent(self, notice_id: int) -> None:
        """Forget a notice that was handed over."""
        with transaction(self._engine) as connection:
            connection.execute(delete(notices).where(notices.c.id == notice_id))

    def later(self, notice_id: int, due: datetime) -> None:
        """Keep a notice that was not handed over."""
        with transaction(self._engine) as connection:
            connection.execute(update(notices).where(notices.c.id == notice_id).values(trying=0, due_at=due))

    def lost(self, notice_id: int) -> None:
        """Forget a notice that may not have arrived, and lift its limit."""
        with transaction(self._engine) as connection:
            _lose(connection, notice_id)

    def refused(self, notice_id: int) -> None:
        """Forget a notice whose address does not exist."""
        with transaction(self._engine) as connection:
            gone = connection.execute(
                delete(notices)
                .where(notices.c.id == notice_id)
                .returning(notices.c.subscriber_id, notices.c.kind)
            ).one_or_none()
            whom, kind = gone or (None, None)
            if kind == NoticeKind.MOVE:  # it was another address than the one of the entry
                connection.execute(delete(moves).where(moves.c.subscriber_id == whom))
                return
            connection.execute(delete(asks).where(asks.c.subscriber_id == whom))
            connection.execute(
                delete(subscribers).where(
                    subscribers.c.id == whom, subscribers.c.state == SubscriberState.PENDING
                )
            )


def lease(
    connection: Connection, which: ColumnElement[bool], now: datetime, until: datetime, *, most: int
) -> list[Notice]:
    """Lease notices that are due and of a kind, inside a transaction that is open already."""
    query = (
        select(
            *notices.c["id", "kind", "subscriber_id", "life", "expires_at", "attempts"],
            case(
                (notices.c.kind == NoticeKind.MOVE.value, moves.c.address), else_=subscribers.c.address
            ).label("address"),
        )
        .join_from(notices, subscribers)
        .outerjoin(moves, moves.c.subscriber_id == subscribers.c.id)
        .where(
            which,
            notices.c.trying == 0,
            notices.c.due_at <= now,
            or_(notices.c.kind != NoticeKind.MOVE.value, moves.c.address.is_not(None)),
        )
        .order_by(notices.c.due_at, notices.c.id)
        .limit(most)
        .with_for_update(of=notices, skip_locked=True)
    )
    rows = connection.execute(query).all()
    if rows:
        connection.execute(
            update(notices)
            .where(notices.c.id.in_([row.id for row in rows]))
            .values(trying=1, due_at=until, attempts=notices.c.attempts + 1)
        )
    return [
        Notice(
            id=row.id,
            kind=NoticeKind(row.kind),
            subscriber_id=row.subscriber_id,
            address=row.address,
            life=row.life,
            expires_at=row.expires_at,
            attempts=row.attempts + 1,
        )
        for row in rows
    ]


def add(
    connection: Connection,
    *,
    kind: NoticeKind,
    subscriber_id: int,
    life: int,
    limit_name: bytes,
    now: datetime,
    until: datetime,
) -> None:
    """Note a notice inside a transaction that is open already; one of the same kind that still waits is enough."""
    waits = connection.execute(
        select(notices.c.id).where(
            notices.c.subscriber_id == subscriber_id,
            notices.c.kind == kind.value,
            notices.c.trying == 0,
        )
    ).first()
    if waits is None:
        connection.execute(
            insert(notices).values(
                id=secrets.randbits(63),
                kind=kind.value,
                subscriber_id=subscriber_id,
                life=life,
                limit_name=limit_name,
                due_at=now,
                expires_at=until,
            )
        )


def _lose(connection: Connection, notice_id: int) -> None:
    name = connection.execute(
        delete(notices).where(notices.c.id == notice_id).returning(notices.c.limit_name)
    ).scalar()
    if name is not None:
        limits.lift(connection, name)
