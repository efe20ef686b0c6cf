"""A real PostgreSQL server in a temporary folder, reached by a Unix socket, gone when the tests are."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from tests import layers

__all__ = ["Server"]

_INSTALL = "sudo apt-get install postgresql"
_NUMBERS = count()


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running server."""

    socket: Path
    user: str

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[Server]:
        """Start a server and stop it again."""
        bin_folder = _programs()
        layers.require("PostgreSQL", found=bin_folder is not None, install=_INSTALL)
        assert bin_folder is not None
        # A short path of our own: sockets allow 107 characters, and the server's user has to get there.
        folder = Path(tempfile.mkdtemp(prefix="belonging-pg-"))
        as_user, user = _as_user(folder)
        data, log = folder / "data", folder / "log"

        def run(program: str, *arguments: str) -> None:
            command = [*as_user, str(bin_folder / program), *arguments]
            done = subprocess.run(
                command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True
            )
            assert done.returncode == 0, done.stdout

        try:
            run("initdb", "-D", str(data), "-U", user, "-A", "trust", "-E", "UTF8", "--no-sync")
            options = f"-c fsync=off -c listen_addresses='' -c unix_socket_directories='{folder}'"
            run("pg_ctl", "start", "-D", str(data), "-w", "-l", str(log), "-o", options)
            try:
                yield cls(socket=folder, user=user)
            finally:
                run("pg_ctl", "stop", "-D", str(data), "-m", "immediate")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Answer a database's address, as BELONGING_STORE takes it."""
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.socket}"

    def new_database(self) -> str:
        """Make an empty database; answer its address."""
        name = f"belonging_{os.getpid()}_{next(_NUMBERS)}"
        engine = sa.create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        engine.dispose()
        return self.url(name)


def _programs() -> Path | None:
    """Find where Debian, or anybody else, keeps the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def _as_user(folder: Path) -> tuple[list[str], str]:
    """Answer how to run the programs: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return [], getpass.getuser()
    account = pwd.getpwnam("postgres")
    os.chown(folder, account.pw_uid, account.pw_gid)
    return ["runuser", "-u", "postgres", "--"], "postgres"
