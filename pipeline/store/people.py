"""Subscribers and suppressions in the store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.batches import batches
from pipeline.store import facts
from pipeline.store.engine import transaction
from pipeline.store.tables import subscribers, suppressions
from pipeline.subscribers import Subscriber, SubscriberState

__all__ = ["People"]

_KEY_CHECK = "key check"
_BATCH = 500  # bound parameters stay below every dialect's limit


class People:
    """Keep subscribers and suppressions (a SubscriberStore)."""

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
                [asdict(person) for person in people],
                execution_options={"preserve_rowcount": True},  # else PostgreSQL's driver answers -1
            )
            return done.rowcount

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
            statement = self._insert(suppressions).on_conflict_do_nothing(index_elements=["hash"])
            for batch in batches(hashes, _BATCH):
                connection.execute(
                    statement, [{"hash": h, "reason": reason, "created_at": now} for h in batch]
                )

    def suppressed(self, hashes: Sequence[bytes]) -> frozenset[bytes]:
        """Answer those of the hashes that are suppressed."""
        found: set[bytes] = set()
        with transaction(self._engine) as connection:
            for batch in batches(hashes, _BATCH):
                query = select(suppressions.c.hash).where(suppressions.c.hash.in_(batch))
                found.update(connection.execute(query).scalars())
        return frozenset(found)

    def sealed_with(self) -> str | None:
        """Tell which key this store was sealed with; None: it holds nothing that was sealed yet."""
        with transaction(self._engine) as connection:
            return facts.read(connection, _KEY_CHECK)

    def seal_with(self, check: str) -> str:
        """Remember the key this store is sealed with; answer what was remembered first."""
        with transaction(self._engine) as connection:
            return facts.remember(connection, _KEY_CHECK, check)
