"""Real databases: every test of a store runs over SQLite and over PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipeline.store.engine import connect
from pipeline.store.tables import metadata
from tests.postgres import Server

DIALECTS = ("sqlite", "postgresql")
Opener = Callable[[], Engine]


@pytest.fixture(scope="session")
def shared_database(postgresql: Server) -> Iterator[Engine]:
    """One migrated PostgreSQL database, emptied before each test that uses it."""
    engine = connect(postgresql.new_database(), Path())
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file, copied for each test that uses one."""
    file = tmp_path_factory.mktemp("store") / "list.sqlite"
    connect(f"sqlite:///{file}", Path()).dispose()
    return file


@pytest.fixture(params=DIALECTS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path, sqlite_file: Path) -> str:
    """The address of an empty store."""
    if request.param == "sqlite":
        shutil.copyfile(sqlite_file, tmp_path / "list.sqlite")
        return f"sqlite:///{tmp_path / 'list.sqlite'}"
    database: Engine = request.getfixturevalue("shared_database")
    with database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())  # quicker than TRUNCATE where there is little
    return database.url.render_as_string(hide_password=False)


@pytest.fixture
def open_store(store_url: str) -> Iterator[Opener]:
    """Open the store once more, as another process would."""
    engines: list[Engine] = []

    def opened() -> Engine:
        engines.append(connect(store_url, Path()))
        return engines[-1]

    yield opened
    for engine in engines:
        engine.dispose()


@pytest.fixture
def engine(open_store: Opener) -> Engine:
    """An open store."""
    return open_store()
