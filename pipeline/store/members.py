"""Members in the store. What each method promises is written in pipeline.subscribers.membership."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, delete, exists, select, update

from pipeline.store import agreed, arrivals, limits, notices, suppression
from pipeline.store.engine import transaction
from pipeline.store.people import subscriber_of
from pipeline.store.tables import (
    asks,
    bounces,
    campaigns,
    consents,
    deliveries,
    moves,
    subscribers,
    wordings,
)
from pipeline.store.upserts import upsert
from pipeline.subscribers import Subscriber, SubscriberState
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.membership import Arrival, NoticeKind, Record, Wish, notice_for
from pipeline.subscribers.tokens import Ticket

__all__ = ["SqlMembers", "entered"]


class SqlMembers:
    """Keep who belongs to the list in SQL (a MemberStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ask(self, arrival: Arrival, person: Subscriber, limit: Limit, now: datetime, until: datetime) -> None:
        """Note a wish to join, and its notice."""
        with transaction(self._engine) as connection:
            if not arrivals.drop(connection, arrival.id) or not limits.count(connection, limit, now):
                return
            row = entered(connection, person)
            kind = notice_for(SubscriberState(row.state))
            life = row.life
            if kind is NoticeKind.CONFIRM:
                life = row.life if row.state == SubscriberState.PENDING else row.life + 1
                wish = {"life": life, "path": arrival.path, "asked_at": now, "expires_at": until}
                connection.execute(
                    upsert(connection, asks)
                    .values(subscriber_id=row.id, **wish)
                    .on_conflict_do_update(index_elements=["subscriber_id"], set_=wish)
                )
            notices.add(
                connection,
                kind=kind,
                subscriber_id=row.id,
                life=life,
                limit_name=limit.name,
                now=now,
                until=until,
            )

    def show(
        self,
        arrival: Arrival,
        person: Subscriber,
        limit: Limit,
        now: datetime,
        until: datetime,
        *,
        rarely: Limit,
    ) -> None:
        """Note a notice with a link to what is stored, or to how letters come."""
        kind, whom = NoticeKind.RIGHTS, subscribers.c.address_index == person.address_index
        if arrival.wish is Wish.CHOICES:
            kind, whom = NoticeKind.CHOICES, whom & (subscribers.c.state == SubscriberState.CONFIRMED)
        with transaction(self._engine) as connection:
            if not arrivals.drop(connection, arrival.id):
                return
            query = select(*subscribers.c["id", "life", "state"]).where(whom)
            row = connection.execute(query).one_or_none()
            if row is not None and row.state == SubscriberState.PENDING:
                limit = rarely
            if row is not None and limits.count(connection, limit, now):
                notices.add(
                    connection,
                    kind=kind,
                    subscriber_id=row.id,
                    life=row.life,
                    limit_name=limit.name,
                    now=now,
                    until=until,
                )

    def sealed(self, subscriber_id: int) -> bytes | None:
        """Answer one person's sealed address."""
        with transaction(self._engine) as connection:
            query = select(subscribers.c.address).where(subscribers.c.id == subscriber_id)
            return connection.execute(query).scalar()

    def confirm(
        self, ticket: Ticket, wording: str, now: datetime, *, lift: bytes, choices: bytes | None = None
    ) -> bool:
        """Begin a life, once."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket.subscriber_id)
            if row is None:
                return False
            if row.state == SubscriberState.CONFIRMED:
                return bool(row.life == ticket.life)
            ask = connection.execute(
                delete(asks)
                .where(
                    asks.c.subscriber_id == ticket.subscriber_id,
                    asks.c.life == ticket.life,
                    asks.c.expires_at > now,
                )
                .returning(asks.c.path, asks.c.asked_at)
            ).one_or_none()
            if ask is None:
                return False
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == row.id)
                .values(state=SubscriberState.CONFIRMED, life=ticket.life, confirmed_at=now, choices=choices)
            )
            suppression.lift(connection, lift)
            path = f"{ask.path} form, mail, button"
            agreed.note(connection, ticket, wording, path=path, asked_at=ask.asked_at, given_at=now)
            return True

    def leave(self, ticket: Ticket) -> bool:
        """Take somebody off the list."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket.subscriber_id)
            if row is None:
                return True
            if row.life != ticket.life:
                return False
            if row.state in {SubscriberState.CONFIRMED, SubscriberState.BOUNCED}:
                connection.execute(
                    update(subscribers)
                    .where(subscribers.c.id == row.id)
                    .values(state=SubscriberState.UNSUBSCRIBED, choices=None)
                )
                connection.execute(delete(moves).where(moves.c.subscriber_id == row.id))
            return True

    def record(self, ticket: Ticket) -> Record | None:
        """Answer what is stored about one person."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket.subscriber_id)
            if row is None or row.life != ticket.life:
                return None
            given = connection.execute(
                select(consents, wordings.c.text)
                .join_from(consents, wordings)
                .where(consents.c.subscriber_id == row.id)
                .order_by(consents.c.life)
            ).all()
            mailed = connection.execute(
                select(campaigns.c.url, *deliveries.c["state", "code", "changed_at"])
                .join_from(deliveries, campaigns)
                .where(deliveries.c.subscriber_id == row.id)
                .order_by(deliveries.c.changed_at, deliveries.c.id)
            ).all()
            asked = connection.execute(
                select(*asks.c["path", "asked_at", "expires_at"]).where(asks.c.subscriber_id == row.id)
            ).one_or_none()
            moving = connection.execute(
                select(*moves.c["address", "expires_at"]).where(moves.c.subscriber_id == row.id)
            ).one_or_none()
            returned = connection.execute(
                select(*bounces.c["count", "first_at", "last_at"]).where(bounces.c.subscriber_id == row.id)
            ).one_or_none()
        return Record(
            subscriber=subscriber_of(row),
            consents=tuple(
                Consent(
                    life=one.life,
                    wording=one.text,
                    asked_at=one.asked_at,
                    given_at=one.given_at,
                    path=one.path,
                )
                for one in given
            ),
            deliveries=tuple((one.url, one.state, one.code, one.changed_at) for one in mailed),
            asked=None if asked is None else (asked[0], asked[1], asked[2]),
            returned=None if returned is None else (returned[0], returned[1], returned[2]),
            moving=None if moving is None else (moving[0], moving[1]),
        )

    def erase(self, ticket: Ticket, suppress: bytes | None, unsuppress: bytes, now: datetime) -> bool:
        """Delete everything about one person but counts."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket.subscriber_id)
            if row is None:
                return True
            if row.life != ticket.life:
                return False
            # Consents, asks and notices go with it; deliveries stay as counts that name nobody.
            connection.execute(delete(subscribers).where(subscribers.c.id == row.id))
            if suppress is None:
                suppression.lift(connection, unsuppress, entirely=True)
            else:
                suppression.add(connection, [suppress], "erased", now)
            return True

    def sweep(self, now: datetime) -> int:
        """Delete what is over."""
        with transaction(self._engine) as connection:
            connection.execute(delete(asks).where(asks.c.expires_at <= now))
            connection.execute(delete(moves).where(moves.c.expires_at <= now))
            limits.sweep(connection, now)
            gone = connection.execute(
                delete(subscribers).where(
                    subscribers.c.state == SubscriberState.PENDING,
                    ~exists().where(asks.c.subscriber_id == subscribers.c.id),
                )
            )
            return gone.rowcount


def entered(connection: Connection, person: Subscriber) -> Row[tuple[object, ...]]:
    """Enter a person unless they are there already; answer the row, which nobody else changes meanwhile."""
    connection.execute(
        upsert(connection, subscribers)
        .values(**asdict(person))
        .on_conflict_do_nothing(index_elements=["address_index"])
    )
    return connection.execute(
        select(subscribers).where(subscribers.c.address_index == person.address_index).with_for_update()
    ).one()


def _locked(connection: Connection, subscriber_id: int) -> Row[tuple[object, ...]] | None:
    """Find a person, and keep everybody else from changing the row before this transaction ends."""
    return connection.execute(
        select(subscribers).where(subscribers.c.id == subscriber_id).with_for_update()
    ).one_or_none()
