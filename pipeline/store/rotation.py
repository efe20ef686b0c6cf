"""Rotation in the store. What each method promises is written in pipeline.subscribers.rotation."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Engine, and_, bindparam, delete, func, select, update

from pipeline.batches import batches
from pipeline.errors import KeyChanged, KeyProblem
from pipeline.store import facts
from pipeline.store.engine import KEY_CHECK, keep_key, transaction
from pipeline.store.tables import arrivals, moves, rewrapped, subscribers, suppressions
from pipeline.store.upserts import upsert
from pipeline.subscribers.rotation import Prepared, Seals, Unprepared
from pipeline.subscribers.sealing import KEPT, MOVING
from pipeline.subscribers.signing_up import ARRIVING

__all__ = ["SqlRotation"]

_NEXT = "next key check"
_BATCH = 1_000


class SqlRotation:
    """Seal a list anew in SQL (a RotationStore)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, check: str) -> None:
        """Go on with what was prepared for a key."""
        with transaction(self._engine) as connection:
            if facts.remember(connection, _NEXT, check) != check:
                connection.execute(delete(rewrapped))
                facts.write(connection, _NEXT, check)

    def unprepared(self, *, most: int) -> list[Unprepared]:
        """Answer people who were not prepared yet, or have changed since."""
        with transaction(self._engine) as connection:
            return _unprepared(connection, most)

    def prepare(self, rows: Sequence[Prepared]) -> None:
        """Keep rows."""
        with transaction(self._engine) as connection:
            _prepare(connection, rows)

    def switch(self, seals: Seals) -> None:
        """Put all the new in the place of the old."""
        with transaction(self._engine, guarded=False) as connection:
            keep_key(connection)
            if facts.read(connection, KEY_CHECK) != seals.old.check:
                raise KeyChanged
            if facts.read(connection, _NEXT) != seals.new.check:
                raise KeyChanged
            while rows := _unprepared(connection, _BATCH):
                _prepare(connection, [seals.prepared(row) for row in rows])
            connection.execute(
                update(subscribers)
                .where(subscribers.c.id == rewrapped.c.subscriber_id)
                .values({name: rewrapped.c[name] for name in ("address", "address_index", "choices")})
            )
            connection.execute(delete(rewrapped))
            _suppressions(connection, seals)
            _waiting(connection, seals)
            facts.put(connection, KEPT, base64.b64encode(seals.outliving()).decode("ascii"))
            facts.put(connection, KEY_CHECK, seals.new.check)
            facts.drop(connection, _NEXT)


def _same() -> ColumnElement[bool]:
    return and_(
        rewrapped.c.subscriber_id == subscribers.c.id,
        rewrapped.c.address_before == subscribers.c.address,
        func.coalesce(rewrapped.c.choices_before, b"") == func.coalesce(subscribers.c.choices, b""),
    )


def _unprepared(connection: Connection, most: int) -> list[Unprepared]:
    query = (
        select(*subscribers.c["id", "address", "address_index", "choices"])
        .select_from(subscribers.outerjoin(rewrapped, _same()))
        .where(rewrapped.c.subscriber_id.is_(None))
        .limit(most)
    )
    return [
        Unprepared(
            subscriber_id=row.id, address=row.address, address_index=row.address_index, choices=row.choices
        )
        for row in connection.execute(query)
    ]


def _prepare(connection: Connection, rows: Sequence[Prepared]) -> None:
    there = set(
        connection.execute(
            select(subscribers.c.id).where(subscribers.c.id.in_([row.before.subscriber_id for row in rows]))
        ).scalars()
    )
    statement = upsert(connection, rewrapped)
    new = {name: statement.excluded[name] for name in rewrapped.c.keys() if name != "subscriber_id"}  # noqa: SIM118
    values = [
        {
            "subscriber_id": row.before.subscriber_id,
            "address_before": row.before.address,
            "choices_before": row.before.choices,
            "address": row.address,
            "address_index": row.address_index,
            "choices": row.choices,
        }
        for row in rows
        if row.before.subscriber_id in there
    ]
    if values:
        connection.execute(
            statement.on_conflict_do_update(index_elements=["subscriber_id"], set_=new), values
        )


def _suppressions(connection: Connection, seals: Seals) -> None:
    # All names first: one that was changed must not be met again.
    names = list(connection.execute(select(suppressions.c.hash)).scalars())
    statement = (
        update(suppressions)
        .where(suppressions.c.hash == bindparam("_old"))
        .values(hash=bindparam("_new", type_=suppressions.c.hash.type))
    )
    for batch in batches(names, _BATCH):
        connection.execute(statement, [{"_old": name, "_new": seals.suppression(name)} for name in batch])


def _waiting(connection: Connection, seals: Seals) -> None:
    """Seal anew what waits to be dealt with; what does not open now would not be dealt with later either."""
    for table, name, column in ((arrivals, "id", ARRIVING), (moves, "subscriber_id", MOVING)):
        for row in connection.execute(select(table.c[name], table.c.address)).all():
            mine = table.c[name] == row[0]
            try:
                cell, index = seals.cell(row.address, column=column, row=row[0])
            except KeyProblem:
                connection.execute(delete(table).where(mine))
                continue
            values = {"address": cell} | ({"address_index": index} if "address_index" in table.c else {})
            connection.execute(update(table).where(mine).values(values))
