"""A stolen store: whoever has all of it but the key learns nobody's name, not even by guessing the right one.

The thief has the database, its journal and everything else below var/ but the key; the program's source; and a
million guesses, the right addresses among them. What can be made of a guess without a key is looked for in all that
was stolen. The long form makes more of each guess.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.store.engine import connect
from pipeline.store.tables import metadata, subscribers
from pipeline.subscribers.keys import Keyring, decoded
from tests.service.people import unsubscribe_path
from tests.service.test_rights import ask, mailed
from tests.service.world import World, running

READER, GONE, WAITING = "reader@lists.example.com", "gone@lists.example.com", "wait@lists.example.com"
SOAK = "BELONGING_SOAK" in os.environ
GUESSES = 1_000_000
WINDOW = 8  # bytes; two that agree in so many are the same


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What lies there after somebody joined, was mailed, and somebody else was erased."""
    root = tmp_path_factory.mktemp("stolen")
    with running(root) as world:
        world.confirmed(READER)
        world.confirmed(GONE)
        mailed(world)
        world.client.post(ask(world, GONE), data={"do": "erase"})
        world.client.post(unsubscribe_path(world, READER))
        ask(world, READER)
        world.client.post("/list/subscribe", data={"email": WAITING})
        with (root / "var" / "list.backup").open("w+b") as file:
            world.project.back_up(file)
    return root


def booty(root: Path) -> bytes:
    """Everything below var/, but the key and the letters, which are in their readers' mailboxes."""
    kept = [
        path
        for path in sorted((root / "var").rglob("*"))
        if path.is_file() and path.name != "key" and "mail" not in path.relative_to(root / "var").parts[:1]
    ]
    assert {"list.sqlite", "farewells", "list.backup"} <= {path.name for path in kept}
    content = b"".join(path.read_bytes() for path in kept)
    # What stands there as hex digits is looked for as bytes.
    return content + bytes.fromhex("".join(_hex_runs(content)))


def _hex_runs(content: bytes) -> Iterator[str]:
    import re

    for run in re.findall(rb"(?:[0-9a-f]{2}){8,}", content):
        yield run.decode("ascii")


Making = Callable[[bytes], bytes]


def makings(salts: list[bytes]) -> list[Making]:
    """List what can be made of an address without the key; what the program itself would make first."""
    found: list[Making] = [partial(_hashed, name) for name in ("sha256", "sha1", "md5")]
    if SOAK:
        found += [partial(_hashed, name) for name in ("sha512", "blake2b", "sha3_256")]
        found += [partial(_keyed, salt) for salt in salts]
        found += [partial(_salted, salt) for salt in salts]
    return found


def _hashed(name: str, raw: bytes) -> bytes:
    return hashlib.new(name, raw).digest()


def _keyed(key: bytes, raw: bytes) -> bytes:
    return hmac.digest(key, raw, "sha256")


def _salted(salt: bytes, raw: bytes) -> bytes:
    return hashlib.sha256(salt + raw).digest()


RIGHT = [READER.encode(), GONE.encode(), WAITING.encode()]


def guesses(count: int) -> list[bytes]:
    """So many addresses, the right ones among them."""
    return [b"r%d@lists.example.com" % number for number in range(count - len(RIGHT))] + RIGHT


def found_by(stolen: bytes, ways: list[Making], count: int = GUESSES) -> set[bytes]:
    """Guess, and answer which guesses the booty confirms."""
    windows = {stolen[place : place + WINDOW] for place in range(len(stolen) - WINDOW)}
    tried = guesses(count)
    hits = {guess for way in ways for guess in tried if way(guess)[:WINDOW] in windows}
    return hits | {guess for guess in RIGHT if guess in stolen.lower()}


def test_a_million_guesses_find_nobody(stolen: Path) -> None:
    """With the key, or were a hash made without one, the same search finds them at once."""
    content = booty(stolen)
    salts = [b"", b"belonging/1/index", b"belonging/1/suppression", b"index", b"suppression"]
    engine = connect("sqlite:///var/list.sqlite", stolen)
    with engine.connect() as connection:
        salts += [
            value.encode() for value in connection.execute(sa.text("SELECT value FROM facts")).scalars()
        ]
    engine.dispose()
    assert found_by(content, makings(salts)) == set()

    raw = (stolen / "var" / "key").read_text(encoding="ascii")
    keyring = Keyring.derive(decoded(raw, "the key"))
    assert READER.encode() in found_by(content, [partial(_keyed, keyring.index)], 1_000)
    assert GONE.encode() in found_by(content, [partial(_keyed, keyring.suppression)], 1_000)
    careless = content + hashlib.sha256(GONE.encode()).digest()
    assert found_by(careless, makings(salts), 1_000) == {GONE.encode()}


def test_how_long_an_address_is_cannot_be_seen(stolen: Path) -> None:
    with running(stolen) as world:
        for address in ("a@b.example", "a.rather.long.name.for.a.reader@lists.example.com"):
            world.project.joining.add(address)
        with world.project.engine.connect() as connection:
            lengths = {len(cell) for cell in connection.execute(sa.select(subscribers.c.address)).scalars()}
    assert len(lengths) == 1


def test_two_cells_that_were_swapped_are_both_refused(tmp_path: Path) -> None:
    """Nobody's letters can be turned to somebody else by changing the store."""
    with running(tmp_path) as world:
        for number in range(3):
            world.project.joining.add(f"r{number}@lists.example.com")
        with world.project.engine.begin() as connection:
            rows = connection.execute(sa.select(subscribers).limit(2)).all()
            for row, other in (rows, rows[::-1]):
                connection.execute(
                    sa.update(subscribers).where(subscribers.c.id == row.id).values(address=other.address)
                )
        assert world.project.unreadable() == 2
        with (tmp_path / "out.csv").open("w", newline="") as file:
            report = world.project.exporting.csv(file)
        assert (report.exported, report.unreadable) == (1, 2)
        assert "cannot be opened" in "".join(one.detail for one in _examined(world))


def _examined(world: World) -> list[object]:
    from pipeline.doctor import examine

    return list(examine(world.project))


def test_no_column_holds_anything_that_was_not_thought_of() -> None:
    """Each binary column is sealed, or a keyed hash, or the letter that everybody gets."""
    binary = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary)
    }
    assert binary == {
        *("arrivals.address", "moves.address", "moves.address_index", "campaigns.letter", "limits.name"),
        *("notices.limit_name", "subscribers.address", "subscribers.address_index", "subscribers.choices"),
        *("suppressions.hash", "rewrapped.address", "rewrapped.address_before", "rewrapped.address_index"),
        *("rewrapped.choices", "rewrapped.choices_before"),
    }
