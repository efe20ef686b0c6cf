"""Subscribers and suppressions in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, Row, exists, func, insert, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.batches import batches
from pipeline.store import facts, suppression
from pipeline.store.engine import transaction
from pipeline.store.tables import consents, subscribers, suppressions, wordings
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.consent import Consent, wording_hash
from pipeline.subscribers.formats import Standing
from pipeline.subscribers.importing import IMPORTED, Leaver

__all__ = ["People"]

_KEY_CHECK = "key check"
_BATCH = 500  # bound parameters stay below every dialect's limit


class People:
    """Keep subscribers and suppressions (a SubscriberStore, and a TakeoverStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert

    def add(self, people: Sequence[Subscriber]) -> int:
        """Insert people whose address is not there yet; answer how many were new."""
        if not people:
            return 0
        statement = self._insert(subscribers).on_conflict_do_nothing(index_elements=["address_index"])
        with transaction(self._engine) as connection:
            done = connection.execute(
                statement,
                [_values(person) for person in people],
                execution_options={"preserve_rowcount": True},  # else PostgreSQL's driver answers -1
            )
            return done.rowcount

    def known(self, indexes: Sequence[bytes]) -> dict[bytes, bool]:
        """Answer who is in the store already, and whether they confirmed here by themselves."""
        found: dict[bytes, bool] = {}
        with transaction(self._engine) as connection:
            for batch in batches(indexes, _BATCH):
                query = select(subscribers.c.address_index, _by_themselves()).where(
                    subscribers.c.address_index.in_(batch)
                )
                found |= {index: bool(own) for index, own in connection.execute(query)}
        return found

    def take_over(
        self, people: Sequence[tuple[Subscriber, Consent]], leavers: Sequence[Leaver], now: datetime
    ) -> int:
        """Insert people with their consents, and see to it that leavers are not mailed."""
        with transaction(self._engine) as connection:
            new = self._insert_people(connection, people) if people else 0
            for standing in {leaver.standing for leaver in leavers}:
                mine = [leaver for leaver in leavers if leaver.standing is standing]
                state = (
                    SubscriberState.BOUNCED if standing is Standing.BOUNCED else SubscriberState.UNSUBSCRIBED
                )
                for batch in batches(mine, _BATCH):
                    connection.execute(
                        update(subscribers)
                        .where(
                            subscribers.c.address_index.in_([leaver.address_index for leaver in batch]),
                            subscribers.c.state == SubscriberState.CONFIRMED,
                            not_(_by_themselves()),
                        )
                        .values(state=state)
                    )
                    suppression.add(connection, [leaver.suppression for leaver in batch], standing.value, now)
            return new

    def count(self) -> dict[SubscriberState, int]:
        """Count people by state."""
        with transaction(self._engine) as connection:
            rows = connection.execute(
                select(subscribers.c.state, func.count()).group_by(subscribers.c.state)
            ).all()
        found = {SubscriberState(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in SubscriberState}

    def suppress(self, hashes: Iterable[bytes], reason: str, now: datetime) -> None:
        """Note keyed hashes of addresses that must never be mailed again."""
        with transaction(self._engine) as connection:
            for batch in batches(hashes, _BATCH):
                suppression.add(connection, batch, reason, now)

    def suppressed(self, hashes: Sequence[bytes]) -> frozenset[bytes]:
        """Answer those of the hashes that are suppressed."""
        found: set[bytes] = set()
        with transaction(self._engine) as connection:
            for batch in batches(hashes, _BATCH):
                query = select(suppressions.c.hash).where(suppressions.c.hash.in_(batch))
                found.update(connection.execute(query).scalars())
        return frozenset(found)

    def barred(self, name: bytes) -> bool:
        """Tell whether somebody cannot come back even by asking for it."""
        with transaction(self._engine) as connection:
            reason = connection.execute(
                select(suppressions.c.reason).where(suppressions.c.hash == name)
            ).scalar()
        return reason is not None and reason != Standing.LEFT

    def after(self, identity: int, *, most: int) -> list[tuple[Subscriber, Consent | None]]:
        """Answer the next people by id, and what they agreed to for their present subscription."""
        mine = (consents.c.subscriber_id == subscribers.c.id) & (consents.c.life == subscribers.c.life)
        query = (
            select(
                subscribers,
                *(consents.c[name].label(f"consent_{name}") for name in ("asked_at", "given_at", "path")),
                wordings.c.text,
            )
            .select_from(subscribers.outerjoin(consents, mine).outerjoin(wordings))
            .where(subscribers.c.id > identity)
            .order_by(subscribers.c.id)
            .limit(most)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [(_subscriber(row), _consent(row)) for row in rows]

    def sealed_with(self) -> str | None:
        """Tell which key this store was sealed with; None: it holds nothing that was sealed yet."""
        with transaction(self._engine) as connection:
            return facts.read(connection, _KEY_CHECK)

    def seal_with(self, check: str) -> str:
        """Remember the key this store is sealed with; answer what was remembered first."""
        with transaction(self._engine) as connection:
            return facts.remember(connection, _KEY_CHECK, check)

    def _insert_people(self, connection: Connection, people: Sequence[tuple[Subscriber, Consent]]) -> int:
        done = connection.execute(
            self._insert(subscribers).on_conflict_do_nothing(index_elements=["address_index"]),
            [_values(person) for person, _ in people],
            execution_options={"preserve_rowcount": True},
        )
        if done.rowcount != len(people):
            there = _present(connection, [person.id for person, _ in people])
            people = [(person, consent) for person, consent in people if person.id in there]
        words = {consent.wording: wording_hash(consent.wording) for _, consent in people}
        if people:
            connection.execute(
                self._insert(wordings).on_conflict_do_nothing(index_elements=["hash"]),
                [{"hash": name, "text": text} for text, name in words.items()],
            )
            connection.execute(
                insert(consents),
                [
                    {
                        "subscriber_id": person.id,
                        "life": consent.life,
                        "wording": words[consent.wording],
                        "path": consent.path,
                        "asked_at": consent.asked_at,
                        "given_at": consent.given_at,
                    }
                    for person, consent in people
                ],
            )
        return done.rowcount


def _by_themselves() -> ColumnElement[bool]:
    """Say in SQL that somebody confirmed their present subscription here, and no list from elsewhere for them."""
    return exists().where(
        consents.c.subscriber_id == subscribers.c.id,
        consents.c.life == subscribers.c.life,
        not_(consents.c.path.startswith(IMPORTED)),
    )


def _present(connection: Connection, identities: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for batch in batches(identities, _BATCH):
        found.update(
            connection.execute(select(subscribers.c.id).where(subscribers.c.id.in_(batch))).scalars()
        )
    return found


def _subscriber(row: Row[tuple[object, ...]]) -> Subscriber:
    return Subscriber(
        id=row.id,
        address=row.address,
        address_index=row.address_index,
        state=SubscriberState(row.state),
        life=row.life,
        origin=Origin(row.origin),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
    )


def _consent(row: Row[tuple[object, ...]]) -> Consent | None:
    if row.text is None:
        return None
    return Consent(
        life=row.life,
        wording=row.text,
        asked_at=row.consent_asked_at,
        given_at=row.consent_given_at,
        path=row.consent_path,
    )


def _values(person: Subscriber) -> dict[str, object]:
    # dataclasses.asdict copies in depth and takes ten times as long.
    return {name: getattr(person, name) for name in _COLUMNS}


_COLUMNS = tuple(field.name for field in fields(Subscriber))
