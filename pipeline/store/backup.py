"""Backups: the whole store as lines of JSON, the same for every dialect, taken while it is in use.

The first line says which schema it is of; then for each table its name and columns, and its rows; the last line
counts them, so that one that was cut short is refused.
"""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, insert, text, update
from sqlalchemy.exc import DBAPIError

from pipeline.batches import batches
from pipeline.campaigns import CampaignState
from pipeline.errors import BelongingError, KeyChanged
from pipeline.ledger import DeliveryState
from pipeline.store import facts
from pipeline.store.campaigns import HISTORY, RESTORED
from pipeline.store.engine import KEY_CHECK, SCHEMA, keep_key, migrate, transaction, unusable
from pipeline.store.tables import campaigns, deliveries, metadata

__all__ = ["dump", "is_empty", "load"]

_LEFT_OUT = frozenset({"rewrapped"})  # what is there only while a key is changed
_BATCH = 1_000
_OPEN = (DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.TRYING, DeliveryState.DEFERRED)
_GOING_ON = (CampaignState.PLANNED, CampaignState.READY, CampaignState.SENDING)


def dump(engine: Engine, check: str) -> Iterator[bytes]:
    """Yield the lines of a backup, all as they are at one moment. Nobody has to wait for it.

    Args:
        engine: The store.
        check: Tells the key that it is sealed with.

    Raises:
        KeyChanged: It was given another key just now.
        StoreDamaged: What was met cannot be read, and never will be.
        StoreDown: The store cannot be used now.
    """
    count = 0
    with _snapshot(engine) as rows:
        if dict(map(tuple, rows("SELECT name, value FROM facts"))).get(KEY_CHECK) != check:
            raise KeyChanged
        yield _line({"schema": SCHEMA})
        for table in metadata.sorted_tables:
            if table.name in _LEFT_OUT:
                continue
            columns = [column.name for column in table.columns]
            yield _line({"table": table.name, "columns": columns})
            for row in rows(f"SELECT {', '.join(columns)} FROM {table.name}"):  # noqa: S608 - our own names
                count += 1
                yield _line([_out(value) for value in row])
    yield _line({"rows": count})


def is_empty(engine: Engine) -> bool:
    """Tell whether a store holds nothing that a restored backup would take away."""
    with transaction(engine, guarded=False) as connection:
        return all(
            connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() is None  # noqa: S608
            for name in ("facts", "subscribers", "suppressions", "campaigns", "earlier_posts")
        )


def load(engine: Engine, lines: Iterable[bytes], afterwards: Callable[[Connection], None]) -> None:
    """Put a backup in the place of all that is in a store, in one transaction.

    Args:
        engine: The store.
        lines: Of the backup.
        afterwards: Done in the same transaction, once everything is there.

    Raises:
        BelongingError: It is no whole backup, or one of a newer version of this program. Nothing was changed.
    """
    lines = iter(lines)
    with transaction(engine, guarded=False) as connection:
        keep_key(connection)
        try:
            schema = json.loads(next(lines, b"null"))["schema"]
            before = MetaData()
            before.reflect(connection)
            before.drop_all(connection)
            migrate(connection, schema)
            _fill(connection, lines)
        except (ValueError, KeyError, TypeError, IndexError):
            raise _broken() from None
        migrate(connection, "head")
        if connection.dialect.name == "postgresql":
            connection.execute(
                text(
                    "SELECT setval(pg_get_serial_sequence('deliveries', 'id'), "
                    "(SELECT coalesce(max(id), 0) + 1 FROM deliveries), false)"
                )
            )
        _hold(connection)
        afterwards(connection)


def _fill(connection: Connection, lines: Iterator[bytes]) -> None:
    there = MetaData()
    there.reflect(connection)
    count, said = 0, None
    head = json.loads(next(lines))
    while "table" in head:
        table, columns, following = there.tables[head["table"]], head["columns"], None

        def rows() -> Iterator[Sequence[Any]]:
            nonlocal following
            for line in lines:
                row = json.loads(line)
                if isinstance(row, dict):
                    following = row
                    return
                yield row

        for batch in batches(rows(), _BATCH):
            values = [dict(zip(columns, map(_in, row), strict=True)) for row in batch]
            connection.execute(insert(table), values)
            count += len(values)
        if following is None:
            raise _broken()
        head = following
    said = head["rows"]
    if said != count or next(lines, None) is not None:
        raise _broken()


def _hold(connection: Connection) -> None:
    """Let nothing be mailed that may have been mailed since the backup, before a person has said so.

    Letters that were still to be sent become unknown, campaigns that were not finished are paused, and posts count as
    on a first run.
    """
    connection.execute(
        update(deliveries)
        .where(deliveries.c.state.in_(_OPEN))
        .values(state=DeliveryState.UNKNOWN, code="restored", owner=None, lease_until=None)
    )
    connection.execute(
        update(campaigns).where(campaigns.c.state.in_(_GOING_ON)).values(state=CampaignState.PAUSED)
    )
    facts.drop(connection, HISTORY)
    facts.put(connection, RESTORED, "once")


def _broken() -> BelongingError:
    return BelongingError("this is no whole backup; nothing was changed", advice="take another copy of it")


@contextlib.contextmanager
def _snapshot(engine: Engine) -> Iterator[Callable[[str], Iterable[Sequence[Any]]]]:
    """See the store as it is at one moment, without keeping anybody from changing it."""
    try:
        if engine.dialect.name == "sqlite":
            # A connection of its own: those of the engine take the write lock at once.
            with contextlib.closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as bare:
                bare.execute("PRAGMA busy_timeout = 60000").close()
                bare.execute("BEGIN").close()
                yield bare.execute
        else:
            with engine.connect().execution_options(
                isolation_level="REPEATABLE READ", stream_results=True, yield_per=_BATCH
            ) as connection:
                yield connection.exec_driver_sql
    except sqlite3.Error as error:
        raise unusable(engine, error) from None
    except DBAPIError as error:
        raise unusable(engine, error.orig) from None


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n"


def _out(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode("ascii")}
    return value


def _in(value: Any) -> Any:
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value
