"""Opening a store: its schema, its privacy, and clear words when it cannot be used."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event

import pipeline.store
from pipeline.errors import SettingsError, StoreDamaged, StoreDown
from pipeline.store.backup import dump
from pipeline.store.engine import SCHEMA, connect, exists, see_whole, transaction
from pipeline.store.people import People
from pipeline.store.tables import Moment, metadata
from tests.builders import KEYRING, NOW, address, persons
from tests.postgres import Server
from tests.store.conftest import DIALECTS

MIGRATIONS = Path(pipeline.store.__file__).parent / "migrations"


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


@pytest.fixture(params=DIALECTS)
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fresh' / 'list.sqlite'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.new_database()


@contextlib.contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = connect(url, Path())
    try:
        yield engine
    finally:
        engine.dispose()


def bare(url: str) -> Engine:
    """Open a database past the store's own way."""
    return sa.create_engine(url, poolclass=sa.NullPool)


# --- the schema -----------------------------------------------------------------------------------------------------


def test_the_migrations_make_what_the_code_expects(fresh_url: str) -> None:
    with opened(fresh_url) as engine, engine.begin() as connection:
        # Alembic finds a difference in every empty default of SQLite, also between a table and itself.
        options = {"compare_type": True, "compare_server_default": engine.dialect.name != "sqlite"}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    assert version == SCHEMA == scripts().get_current_head()


@pytest.mark.parametrize("revision", [s.revision for s in scripts().walk_revisions()])
def test_a_store_of_an_earlier_version_is_brought_up_to_date(fresh_url: str, revision: str) -> None:
    where = bare(fresh_url)
    if fresh_url.startswith("sqlite"):
        Path(where.url.database or "").parent.mkdir()
    with where.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("INSERT INTO facts (name, value) VALUES ('kept', 'yes')")
    with opened(fresh_url) as engine, engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.exec_driver_sql("SELECT value FROM facts").scalar_one() == "yes"


def test_opening_again_changes_nothing(fresh_url: str) -> None:
    with opened(fresh_url) as engine:
        People(engine).add(persons(2))
    statements: list[str] = []
    with opened(fresh_url) as engine:
        event.listen(engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
        assert sum(People(engine).count().values()) == 2
    assert not [s for s in statements if "CREATE" in s]


def test_opening_a_new_store_many_times_at_once_makes_it_once(fresh_url: str) -> None:
    start = threading.Barrier(4)

    def first(_: int) -> None:
        start.wait()
        with opened(fresh_url) as engine:
            People(engine).count()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(first, range(4)))


@pytest.mark.parametrize("breaks_at", [1, 3, 7])
def test_a_migration_that_breaks_off_leaves_nothing_half_made(fresh_url: str, breaks_at: int) -> None:
    made: list[str] = []

    def break_off(*arguments: object) -> None:
        made.append(str(arguments[2]))
        if sum("CREATE" in statement for statement in made) == breaks_at:
            raise KeyboardInterrupt

    event.listen(Engine, "after_cursor_execute", break_off)
    try:
        with pytest.raises(KeyboardInterrupt):
            connect(fresh_url, Path())
    finally:
        event.remove(Engine, "after_cursor_execute", break_off)
    assert sa.inspect(bare(fresh_url)).get_table_names() == []
    with opened(fresh_url) as engine:
        assert People(engine).add(persons(1)) == 1


def test_a_store_of_a_newer_version_is_left_alone(fresh_url: str) -> None:
    with opened(fresh_url) as engine, engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SettingsError, match=r"newer version .* update the program"):
        connect(fresh_url, Path())
    with bare(fresh_url).begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "9999"


# --- what SQLite is told --------------------------------------------------------------------------------------------


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/a/b/list.sqlite") as engine:
        People(engine).add(persons(3))
        files = list((tmp_path / "a" / "b").iterdir())
        assert {file.name for file in files} == {"list.sqlite", "list.sqlite-wal", "list.sqlite-shm"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("busy_timeout", 60_000),
    ],
)
def test_every_connection_is_durable_and_leaves_no_traces(tmp_path: Path, pragma: str, value: object) -> None:
    with opened(f"sqlite:///{tmp_path}/list.sqlite") as engine, engine.begin() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


def test_what_is_erased_is_overwritten(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/list.sqlite") as engine:
        marker = b"SENTINEL" * 40
        with transaction(engine) as connection:
            connection.execute(
                metadata.tables["suppressions"].insert().values(hash=marker, reason="x", created_at=NOW)
            )
        with transaction(engine) as connection:
            connection.execute(metadata.tables["suppressions"].delete())
    assert b"SENTINEL" not in (tmp_path / "list.sqlite").read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["list.sqlite"]


def test_a_relative_file_lies_below_the_folder_of_the_settings(tmp_path: Path) -> None:
    assert not exists("sqlite:///var/list.sqlite", tmp_path)
    connect("sqlite:///var/list.sqlite", tmp_path).dispose()
    assert exists("sqlite:///var/list.sqlite", tmp_path)
    assert (tmp_path / "var" / "list.sqlite").exists()
    assert exists("postgresql+psycopg://db/list", tmp_path), "a server is asked when it is opened"


# --- what a person reads --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no address of a store"),
        ("var/list.sqlite", "no address of a store"),
        ("mysql://me:SECRET@db/list", "no address of a store"),
        ("postgresql+psycopg://me:SECRET@db:port/list", "no address of a store"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("postgresql+pg8000://me:SECRET@db/list", "the driver for postgresql+pg8000 is not installed"),
        ("postgresql+nosuch://me:SECRET@db/list", "the driver for postgresql+nosuch is not installed"),
        ("postgresql+psycopg://me:SECRET@/list?host=/nowhere", "cannot be opened (OperationalError)"),
    ],
)
def test_an_address_that_leads_nowhere_is_a_clear_mistake(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        connect(url, tmp_path)
    assert said in caught.value.message
    assert caught.value.advice
    assert "SECRET" not in str(caught.value)


def test_a_file_that_is_no_store_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "list.sqlite").write_bytes(b"not a database, whatever it is" * 50)
    with pytest.raises(StoreDamaged, match=r"/list\.sqlite is damaged, or none of ours"):
        connect("sqlite:///list.sqlite", tmp_path)


def test_damage_is_named_where_it_is_met_and_found_where_nobody_looks(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path}/list.sqlite", tmp_path / "list.sqlite"
    with opened(url) as engine:
        People(engine).add(persons(1))
        People(engine).seal_with(KEYRING.check)
        see_whole(engine)
    with contextlib.closing(sqlite3.connect(file)) as bare:
        (size,) = bare.execute("PRAGMA page_size").fetchone()
        (page,) = bare.execute("SELECT rootpage FROM sqlite_master WHERE name = 'subscribers'").fetchone()
    with file.open("r+b") as stream:
        stream.seek((page - 1) * size)
        stream.write(b"\xde\xad" * (size // 2))
    with opened(url) as engine:
        for meet in (
            lambda: People(engine).add(persons(2)),
            lambda: see_whole(engine),
            lambda: list(dump(engine, KEYRING.check)),
        ):
            with pytest.raises(StoreDamaged, match="belonging restore") as caught:
                meet()
            assert caught.value.exit_code == 3
            assert address(1) not in repr(caught.value.__context__)


def test_a_place_where_no_file_can_be_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where the folder belongs")
    with pytest.raises(SettingsError, match=r"cannot be made \(.+\)"):
        connect("sqlite:///var/list.sqlite", tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SettingsError, match=r"cannot be opened \(SQLITE_CANTOPEN\)"):
        connect("sqlite:///folder", tmp_path)


def test_a_store_that_somebody_else_holds_says_so_and_shows_nothing(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/list.sqlite") as engine:
        event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout = 10").close())
        engine.dispose()
        other = sqlite3.connect(tmp_path / "list.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            with pytest.raises(StoreDown, match="SQLITE_BUSY") as caught:
                People(engine).add(persons(1))
        finally:
            other.close()
        assert caught.value.exit_code == 5
        assert caught.value.__cause__ is None
        assert address(0) not in repr(caught.value.__context__)
        assert People(engine).add(persons(1)) == 1


def test_a_server_that_went_away_says_so_and_is_found_again(postgresql: Server) -> None:
    url = postgresql.new_database()
    with opened(url) as engine:
        people = People(engine)
        people.add(persons(1))
        with bare(url).begin() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(StoreDown, match=r"OperationalError|AdminShutdown"):
            people.add(persons(2))
        assert people.add(persons(2)) == 1


def test_a_mistake_of_ours_shows_the_statement_but_nobodys_data(engine: Engine) -> None:
    secret = "SENTINEL@example.org"
    with pytest.raises(sa.exc.IntegrityError) as caught, transaction(engine) as connection:
        for _ in range(2):
            connection.execute(metadata.tables["facts"].insert().values(name=secret, value=secret))
    # PostgreSQL quotes the key of a row; so nothing in clear may ever be a key (they are hashes and numbers).
    assert "SQL parameters hidden" in str(caught.value)
    clear = {
        column.name
        for table in metadata.sorted_tables
        for column in [*table.primary_key.columns, *(c for c in table.columns if c.unique)]
        if isinstance(column.type, sa.Text)
    }
    assert clear <= {"name", "post_id", "id", "hash"}, "a text that is a key shows up in errors"


# --- moments --------------------------------------------------------------------------------------------------------

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones))  # noqa: DTZ001 - bounds are naive
def test_a_moment_comes_back_as_the_same_moment_in_utc(moment: datetime) -> None:
    dialect = sa.create_engine("sqlite://").dialect
    kept = Moment().process_bind_param(moment, dialect)
    back = Moment().process_result_value(kept, dialect)
    assert back == moment
    assert back is not None
    assert back.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Moment().process_bind_param(datetime(2026, 3, 1), sa.create_engine("sqlite://").dialect)  # noqa: DTZ001
