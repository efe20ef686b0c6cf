"""Open a store: connect, bring its schema up to date, set what a dialect needs."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from pipeline.errors import KeyChanged, SettingsError, StoreDamaged, StoreDown
from pipeline.folders import make_private

__all__ = [
    "KEY_CHECK",
    "SCHEMA",
    "connect",
    "exists",
    "guard",
    "keep_key",
    "migrate",
    "see_whole",
    "transaction",
    "unusable",
]

SCHEMA = "0005"  # the newest migration
KEY_CHECK = "key check"  # the fact that tells which key the store is sealed with

_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")  # as they begin; trying again does not help
_GUARD = "belonging_key"
_KEY_LOCK = 7_121_507


def connect(url: str, root: Path) -> Engine:
    """Open the store at a URL, making it if it is not there and bringing an older one up to date.

    Args:
        url: "sqlite:///path" or "postgresql+psycopg://…".
        root: The folder that a relative SQLite path starts from.

    Raises:
        SettingsError: The URL is none, the driver is missing, the database cannot be reached, or it was made by
            a newer version of this program. The message never holds the URL.
        StoreDamaged: An SQLite file is no longer whole.
    """
    where = _url(url, root)
    try:
        engine = create_engine(where, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError):
        raise SettingsError(
            f"the driver for {where.drivername} is not installed", advice='pip install "belonging[postgres]"'
        ) from None
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, Path(where.database or ""))
    try:
        with transaction(engine) as connection:
            migrate(connection)
    except BaseException as error:
        engine.dispose()
        if not isinstance(error, DBAPIError | StoreDown):
            raise
        why = error.why if isinstance(error, StoreDown) else type(error.orig).__name__
        raise SettingsError(
            f"the store cannot be opened ({why})",
            advice="see that list.store names a database that is running and that you may write to",
        ) from None
    return engine


def exists(url: str, root: Path) -> bool:
    """Tell whether there is a store already; a server's database always counts as one."""
    where = _url(url, root)
    return where.get_backend_name() != "sqlite" or Path(where.database or "").exists()


def guard(engine: Engine, check: str) -> None:
    """From now on see in each transaction that the store is still sealed with the key that this process uses.

    Else a process that knows only the old key would find nobody under the new hashes: neither who is on the list nor
    who must not be mailed.
    """
    engine.update_execution_options(**{_GUARD: check})


@contextlib.contextmanager
def transaction(engine: Engine, *, guarded: bool = True) -> Iterator[Connection]:
    """Run a block as one transaction that sees and changes the store alone where it matters.

    Args:
        engine: The store.
        guarded: False where nothing is looked up or written that a key has to do with.

    Raises:
        StoreDown: The store cannot be used now. The message never holds what was written.
        StoreDamaged: What was met cannot be read, and never will be.
        KeyChanged: The store was given another key since `guard`.
    """
    try:
        with engine.begin() as connection:
            check = engine.get_execution_options().get(_GUARD)
            if guarded and check is not None:
                _see_key(connection, check)
            yield connection
    except DBAPIError as error:
        trouble = unusable(engine, error.orig)
        if isinstance(error, OperationalError) or isinstance(trouble, StoreDamaged):
            raise trouble from None
        raise


def unusable(engine: Engine, error: BaseException | None) -> StoreDamaged | StoreDown:
    """Say what a driver's error means for a store. The message never holds what was read or written."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    return StoreDamaged(engine.url.database or "") if name.startswith(_DAMAGED) else StoreDown(name)


def see_whole(engine: Engine) -> None:
    """Read an SQLite store to its end; damage may lie where no run has looked for weeks. A server sees to its own.

    Raises:
        StoreDamaged: It is not whole.
    """
    if engine.dialect.name == "sqlite":
        with transaction(engine, guarded=False) as connection:
            if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
                raise StoreDamaged(engine.url.database or "")


def keep_key(connection: Connection) -> None:
    """Let no guarded transaction run beside this one; needed where the key itself is changed."""
    if connection.dialect.name == "postgresql":  # SQLite lets nobody else write or begin anyway
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_KEY_LOCK})"))


def _see_key(connection: Connection, check: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock_shared({_KEY_LOCK})"))
    found = connection.execute(text("SELECT value FROM facts WHERE name = :name"), {"name": KEY_CHECK})
    if found.scalar() != check:
        raise KeyChanged


def _url(url: str, root: Path) -> URL:
    try:
        where = make_url(url)
        backend = where.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
        where = URL.create("")
    if backend not in {"sqlite", "postgresql"}:
        raise SettingsError(
            "list.store is no address of a store",
            advice="write sqlite:///var/list.sqlite or postgresql+psycopg://user@host/name",
        )
    if backend == "sqlite":
        if not where.database or where.database == ":memory:":
            raise SettingsError(
                "list.store is a database in memory, which forgets who was mailed",
                advice="write sqlite:///var/list.sqlite",
            )
        where = where.set(database=str(root / where.database))
    return where


def _prepare_sqlite(engine: Engine, file: Path) -> None:
    try:
        make_private(file.parent)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise SettingsError(
            f"the store cannot be made ({error.strerror})",
            advice="see that list.store names a file in a folder that you may write to",
        ) from None

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, see below
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",  # an outcome that was recorded survives a power cut
            "foreign_keys = ON",
            "busy_timeout = 60000",
            "secure_delete = ON",  # what is erased is overwritten
            "temp_store = MEMORY",  # nothing of the list in a temporary folder
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        # Take the write lock at once: two senders wait for each other instead of failing half-way.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)


def migrate(connection: Connection, target: str = "head") -> None:
    """Bring the schema up to date, or to an earlier version; Alembic is imported only where there is something to do.

    Raises:
        SettingsError: The store, or what it is to become, is of a newer version of this program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7121506)"))  # one migration at a time
    tables = set(inspect(connection).get_table_names())
    version = None
    if "alembic_version" in tables:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if version == SCHEMA and target == "head":
        return

    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if (version is not None and version not in known) or target not in {"head", *known}:
        raise SettingsError(
            "the store was made by a newer version of this program", advice="update the program and try again"
        )
    command.upgrade(config, target)
