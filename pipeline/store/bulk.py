"""Very many rows at once, inside a transaction that is open already.

SQLAlchemy looks at each value of each row anew, which takes longer than all else that an import does. Here a
statement is prepared once, and a value is converted only where its column asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Text
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.batches import batches
from pipeline.store.tables import Moment

__all__ = ["insert_rows", "look_up"]

_BATCH = 500  # bound parameters stay below every dialect's limit


def insert_rows(
    connection: Connection,
    statement: postgresql.Insert | sqlite.Insert,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Insert rows and answer how many are new.

    Args:
        connection: Inside a transaction.
        statement: An insert into a table, without values.
        columns: The columns that are given, in the order of the table.
        rows: Their values, in the order of the columns.
    """
    table, dialect = statement.table, connection.dialect
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    assert not compiled.positional or compiled.positiontup == list(columns)  # noqa: S101 - as promised above
    moment = Moment().process_bind_param
    moments = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, Moment)]
    texts = [place for place, name in enumerate(columns) if isinstance(table.c[name].type, Text)]

    def converted(row: Sequence[Any]) -> tuple[Any, ...]:
        values = list(row)
        for place in moments:
            values[place] = moment(values[place], dialect)
        for place in texts:
            if isinstance(values[place], Enum):  # over which a driver takes ten times as long
                values[place] = values[place].value
        return tuple(values)

    given: list[Any] = [converted(row) for row in rows]
    if not given:
        return 0
    if not compiled.positional:
        given = [dict(zip(columns, row, strict=True)) for row in given]
    done = connection.exec_driver_sql(str(compiled), given, execution_options={"preserve_rowcount": True})
    return done.rowcount


def look_up(
    connection: Connection, query: Select[Any], column: ColumnElement[bytes], values: Sequence[bytes]
) -> Iterator[Row[Any]]:
    """Yield what a query finds whose column is one of many values.

    Args:
        connection: Inside a transaction.
        query: Without a where clause.
        column: Where the values stand.
        values: Keyed hashes.
    """
    dialect = connection.dialect
    text = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    mark = "?" if dialect.paramstyle == "qmark" else "%s"
    for batch in batches(values, _BATCH):
        marks = ", ".join([mark] * len(batch))
        yield from connection.exec_driver_sql(f"{text} WHERE {column} IN ({marks})", tuple(batch))
