"""Where a build remembers what it did: one SQLite file for each output folder.

What is asked for in every build is one blob; the cards and bodies of content are rows, read when they are asked
for. Every blob carries a checksum. A file that is damaged, foreign or of another version is thrown away, and
everything is built.
"""

from __future__ import annotations

import sqlite3
import zlib
from hashlib import blake2b
from pathlib import Path

from .codec import Plain, pack, unpack

__all__ = ["Damaged", "Store"]

_VERSION = 1
_SUM = 16


class Damaged(Exception):
    """What was read is not what was written."""


class Store:
    """The file. One build at a time has it; another waits."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin a new one in its place."""
        self.path = path
        self.lost = ""  # why what was there is of no use
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except (sqlite3.DatabaseError, Damaged) as error:
            self.reset(str(error))

    def reset(self, why: str) -> None:
        """Throw away what there is, and begin anew."""
        self.lost = why
        self.close()
        for ending in ("", "-journal", "-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        self._open()

    def _open(self) -> None:
        # Whether the disk has it matters less than time: what a crash of the machine damages, a checksum finds.
        self._base = sqlite3.connect(self.path, timeout=600, isolation_level=None)
        self._base.executescript("PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;")
        version = self._base.execute("PRAGMA user_version").fetchone()[0]
        tables = self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version != _VERSION and (version or tables):
            raise Damaged(f"it is of version {version}")
        self._base.execute("BEGIN IMMEDIATE")
        if not tables:
            self._base.execute("CREATE TABLE whole (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID")
            self._base.execute("CREATE TABLE content (key TEXT PRIMARY KEY, card BLOB, body BLOB)")
            self._base.execute(f"PRAGMA user_version = {_VERSION}")

    def whole(self, name: str) -> Plain:
        """Read a blob; None if there is none.

        Raises:
            Damaged: It is not what was written.
        """
        row = self._one("SELECT data FROM whole WHERE name = ?", name)
        return None if row is None else unpack(_checked(row))

    def keep_whole(self, name: str, plain: Plain) -> None:
        """Write a blob."""
        self._base.execute("REPLACE INTO whole VALUES (?, ?)", (name, _summed(pack(plain))))

    def card(self, key: str) -> Plain:
        """Read what a piece of content says of itself.

        Raises:
            Damaged: It is gone, or not what was written.
        """
        row = self._one("SELECT card FROM content WHERE key = ?", key)
        if row is None:
            raise Damaged(f"{key} is gone")
        return unpack(_checked(row))

    def body(self, key: str) -> str | None:
        """Read a body.

        Raises:
            Damaged: It is gone, or not what was written.
        """
        row = self._one("SELECT body FROM content WHERE key = ?", key)
        if row is None:
            raise Damaged(f"{key} is gone")
        body: str | None = unpack(zlib.decompress(_checked(row)))
        return body

    def keep_content(self, key: str, card: Plain, body: str | None) -> None:
        """Write what a piece of content says, and its body."""
        packed = zlib.compress(pack(body), 1)
        self._base.execute(
            "REPLACE INTO content VALUES (?, ?, ?)", (key, _summed(pack(card)), _summed(packed))
        )

    def forget(self, keys: set[str]) -> None:
        """Forget content."""
        self._base.executemany("DELETE FROM content WHERE key = ?", [(key,) for key in keys])

    def _one(self, query: str, name: str) -> bytes | None:
        try:
            row = self._base.execute(query, (name,)).fetchone()
        except sqlite3.DatabaseError as error:
            raise Damaged(str(error)) from None
        return None if row is None else bytes(row[0])

    def commit(self) -> None:
        """Have all of it from now on."""
        self._base.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file; what was not committed never was."""
        self._base.close()


def _summed(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SUM).digest() + data


def _checked(data: bytes) -> bytes:
    if blake2b(data[_SUM:], digest_size=_SUM).digest() != data[:_SUM]:
        raise Damaged("its checksum is wrong")
    return data[_SUM:]
