"""Subscribers and suppressions in the store."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, exists, func, not_, select, update

from pipeline.batches import batches
from pipeline.store import facts, suppression
from pipeline.store.bulk import insert_rows, look_up
from pipeline.store.engine import KEY_CHECK, transaction
from pipeline.store.tables import consents, subscribers, suppressions, wordings
from pipeline.store.upserts import upsert
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.consent import Consent, wording_hash
from pipeline.subscribers.formats import Standing
from pipeline.subscribers.importing import IMPORTED, Leaver
from pipeline.subscribers.sealing import KEPT

__all__ = ["People", "outliving_in", "subscriber_of"]

_BATCH = 500  # bound parameters stay below every dialect's limit


class People:
    """Keep subscribers and suppressions (a SubscriberStore, and a TakeoverStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, people: Sequence[Subscriber]) -> int:
        """Insert people whose address is not there yet; answer how many were new."""
        if not people:
            return 0
        with transaction(self._engine) as connection:
            statement = upsert(connection, subscribers).on_conflict_do_nothing(
                index_elements=["address_index"]
            )
            return insert_rows(connection, statement, _COLUMNS, map(_values, people))

    def known(self, indexes: Sequence[bytes]) -> dict[bytes, bool]:
        """Answer who is in the store already, and whether they confirmed here by themselves."""
        query: Select[Any] = select(subscribers.c.address_index, _by_themselves().label("own"))
        with transaction(self._engine) as connection:
            found = look_up(connection, query, subscribers.c.address_index, indexes)
            return {row.address_index: bool(row.own) for row in found}

    def take_over(
        self, people: Sequence[tuple[Subscriber, Consent]], leavers: Sequence[Leaver], now: datetime
    ) -> int:
        """Insert people with their consents, and see to it that leavers are not mailed."""
        with transaction(self._engine) as connection:
            # In the order of their keys, so that each page of the table is touched once and not at random.
            ordered = sorted(people, key=_key)
            new = self._insert_people(connection, ordered) if ordered else 0
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
        with transaction(self._engine) as connection:
            found = look_up(connection, select(suppressions.c.hash), suppressions.c.hash, hashes)
            return frozenset(row.hash for row in found)

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
        return [(subscriber_of(row), _consent(row)) for row in rows]

    def sealed_with(self) -> str | None:
        """Tell which key this store was sealed with; None: it holds nothing that was sealed yet."""
        with transaction(self._engine) as connection:
            return facts.read(connection, KEY_CHECK)

    def outliving(self) -> bytes | None:
        """Answer the sealed keys that outlived a rotation."""
        with transaction(self._engine) as connection:
            return outliving_in(connection)

    def seal_with(self, check: str) -> str:
        """Remember the key this store is sealed with; answer what was remembered first."""
        with transaction(self._engine) as connection:
            return facts.remember(connection, KEY_CHECK, check)

    def _insert_people(self, connection: Connection, people: Sequence[tuple[Subscriber, Consent]]) -> int:
        new = insert_rows(
            connection,
            upsert(connection, subscribers).on_conflict_do_nothing(index_elements=["address_index"]),
            _COLUMNS,
            (_values(person) for person, _ in people),
        )
        if new != len(people):
            there = _present(connection, [person.id for person, _ in people])
            people = [(person, consent) for person, consent in people if person.id in there]
        names = {consent.wording: wording_hash(consent.wording) for _, consent in people}
        insert_rows(
            connection,
            upsert(connection, wordings).on_conflict_do_nothing(index_elements=["hash"]),
            ("hash", "text"),
            [(name, text) for text, name in names.items()],
        )
        insert_rows(
            connection,
            upsert(connection, consents).on_conflict_do_nothing(index_elements=["subscriber_id", "life"]),
            ("subscriber_id", "life", "wording", "path", "asked_at", "given_at"),
            [
                (person.id, given.life, names[given.wording], given.path, given.asked_at, given.given_at)
                for person, given in people
            ],
        )
        return new


def outliving_in(connection: Connection) -> bytes | None:
    """Answer the sealed keys that outlived a rotation, inside a transaction that is open already."""
    text = facts.read(connection, KEPT)
    return None if text is None else base64.b64decode(text)


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


def subscriber_of(row: Row[tuple[object, ...]]) -> Subscriber:
    """Read a person from a row of the whole table."""
    return Subscriber(
        id=row.id,
        address=row.address,
        address_index=row.address_index,
        state=SubscriberState(row.state),
        life=row.life,
        origin=Origin(row.origin),
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        choices=row.choices,
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


def _key(one: tuple[Subscriber, Consent]) -> int:
    return one[0].id


_COLUMNS = tuple(field.name for field in fields(Subscriber))
_values = attrgetter(*_COLUMNS)
