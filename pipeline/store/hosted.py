"""What is under way to a list that somebody else keeps, in the store: nobody stays here longer than that takes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Row, case, delete, exists, literal, select, update

from pipeline.clock import Clock
from pipeline.store import arrivals, limits, notices
from pipeline.store.engine import transaction
from pipeline.store.members import SqlMembers, entered
from pipeline.store.tables import asks, subscribers
from pipeline.store.tables import notices as waiting
from pipeline.store.upserts import upsert
from pipeline.subscribers import Subscriber, SubscriberState
from pipeline.subscribers.limits import Limit
from pipeline.subscribers.membership import Arrival, Notice, NoticeKind, Record
from pipeline.subscribers.tokens import Ticket

__all__ = ["SqlGuests", "SqlPassage"]

_PASSED_ON = (NoticeKind.CONFIRM, NoticeKind.ALREADY, NoticeKind.LEAVE, NoticeKind.FORGET)
_GOING = (NoticeKind.LEAVE, NoticeKind.FORGET)
_PATIENCE = timedelta(days=30)  # that a wish to be gone is tried for
_LINK = (
    "link"  # instead of the form that a wish came by: somebody was mailed a link, which acts until it is over
)


class SqlGuests:
    """Keep who has asked for something, as long as that is under way (a MemberStore).

    What an embedded list left behind stays, so that the links in its letters still take their readers off.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._members = SqlMembers(engine)

    def ask(self, arrival: Arrival, person: Subscriber, limit: Limit, now: datetime, until: datetime) -> None:
        """Note a wish to join, to be passed on."""
        self._take_in(NoticeKind.CONFIRM, arrival.path, arrival, person, limit, now, until)

    def show(
        self,
        arrival: Arrival,
        person: Subscriber,
        limit: Limit,
        now: datetime,
        until: datetime,
        *,
        rarely: Limit,  # noqa: ARG002 - who keeps the list alone knows who is on it
    ) -> None:
        """Note a notice with a link, whoever it is: only who keeps the list knows who is on it."""
        self._take_in(NoticeKind.RIGHTS, _LINK, arrival, person, limit, now, until)

    def sealed(self, subscriber_id: int) -> bytes | None:
        """Answer one person's sealed address."""
        return self._members.sealed(subscriber_id)

    def confirm(
        self,
        ticket: Ticket,  # noqa: ARG002
        wording: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        *,
        lift: bytes,  # noqa: ARG002
        choices: bytes | None = None,  # noqa: ARG002
    ) -> bool:
        """Answer no: who keeps the list asks for that, and is answered."""
        return False

    def leave(self, ticket: Ticket) -> bool:
        """Take somebody off what is left of a list here, and note that they want to be off the one kept elsewhere."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket)
            if row is None:
                return False
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == row.id, subscribers.c.state == SubscriberState.CONFIRMED)
                .values(state=SubscriberState.UNSUBSCRIBED)
            )
            self._want(connection, NoticeKind.LEAVE, row, limit_name=b"", until=self._clock() + _PATIENCE)
            return True

    def record(self, ticket: Ticket) -> Record | None:
        """Answer what is stored here about one person."""
        return self._members.record(ticket)

    def erase(self, ticket: Ticket, suppress: bytes | None, unsuppress: bytes, now: datetime) -> bool:  # noqa: ARG002
        """Note that somebody wants to be erased; what is here goes when who keeps the list has done it."""
        with transaction(self._engine) as connection:
            row = _locked(connection, ticket)
            if row is not None:
                self._want(connection, NoticeKind.FORGET, row, limit_name=b"", until=now + _PATIENCE)
            return row is not None

    def sweep(self, now: datetime) -> int:
        """Delete what is over."""
        return self._members.sweep(now)

    def departed(self, address_index: bytes, state: SubscriberState) -> None:
        """Note that somebody left the list kept elsewhere, where an earlier list of ours still knows them."""
        with transaction(self._engine) as connection:
            connection.execute(
                update(subscribers)
                .where(
                    subscribers.c.address_index == address_index,
                    subscribers.c.state == SubscriberState.CONFIRMED,
                )
                .values(state=state)
            )

    def _take_in(  # noqa: PLR0917 - the contract's own arguments, and which of two it is
        self,
        kind: NoticeKind,
        path: str,
        arrival: Arrival,
        person: Subscriber,
        limit: Limit,
        now: datetime,
        until: datetime,
    ) -> None:
        with transaction(self._engine) as connection:
            if not arrivals.drop(connection, arrival.id) or not limits.count(connection, limit, now):
                return
            row = entered(connection, person)
            self._want(connection, kind, row, limit_name=limit.name, until=until, path=path)

    def _want(
        self,
        connection: Connection,
        kind: NoticeKind,
        row: Row[tuple[object, ...]],
        *,
        limit_name: bytes,
        until: datetime,
        path: str = _LINK,
    ) -> None:
        """Note what is to be done, and keep the entry as long as anything is to be done about it."""
        now = self._clock()
        if kind in _GOING:  # else a wish to join that was begun and not finished would bring them back
            connection.execute(
                delete(waiting).where(
                    waiting.c.subscriber_id == row.id, waiting.c.kind == NoticeKind.CONFIRM.value
                )
            )
        later = asks.c.expires_at > until
        connection.execute(
            upsert(connection, asks)
            .values(subscriber_id=row.id, life=row.life, path=path, asked_at=now, expires_at=until)
            .on_conflict_do_update(
                index_elements=["subscriber_id"],
                set_={
                    "path": case((asks.c.path == _LINK, asks.c.path), else_=path),
                    "expires_at": case(
                        (later, asks.c.expires_at), else_=literal(until, asks.c.expires_at.type)
                    ),
                },
            )
        )
        notices.add(
            connection,
            kind=kind,
            subscriber_id=row.id,
            life=row.life,
            limit_name=limit_name,
            now=now,
            until=until,
        )


class SqlPassage:
    """Keep what is to be passed on (a Passage)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ours = waiting.c.kind.in_([kind.value for kind in _PASSED_ON])

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Notice]:
        """Lease what is due."""
        with transaction(self._engine) as connection:
            connection.execute(
                update(waiting)
                .where(self._ours, waiting.c.trying == 1, waiting.c.due_at <= now)
                .values(trying=0)
            )
            connection.execute(
                delete(waiting).where(self._ours, waiting.c.expires_at <= now, waiting.c.trying == 0)
            )
            return notices.lease(connection, self._ours, now, until, most=most)

    def done(self, notice: Notice) -> None:
        """Forget what was passed on, and an entry that nothing waits for any more."""
        with transaction(self._engine) as connection:
            connection.execute(delete(waiting).where(waiting.c.id == notice.id))
            whose = subscribers.c.id == notice.subscriber_id
            if notice.kind is not NoticeKind.FORGET:
                whose &= subscribers.c.state == SubscriberState.PENDING
                whose &= ~exists().where(waiting.c.subscriber_id == subscribers.c.id)
                whose &= ~exists().where(asks.c.subscriber_id == subscribers.c.id, asks.c.path == _LINK)
            connection.execute(delete(subscribers).where(whose))

    def later(self, notice_id: int, due: datetime) -> None:
        """Keep what could not be passed on."""
        with transaction(self._engine) as connection:
            connection.execute(update(waiting).where(waiting.c.id == notice_id).values(trying=0, due_at=due))


def _locked(connection: Connection, ticket: Ticket) -> Row[tuple[object, ...]] | None:
    """Find a person in the life that a ticket names, and keep everybody else from changing the row meanwhile."""
    return connection.execute(
        select(subscribers)
        .where(subscribers.c.id == ticket.subscriber_id, subscribers.c.life == ticket.life)
        .with_for_update()
    ).one_or_none()
