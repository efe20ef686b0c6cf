"""Strongboxes: what was put in comes out, and nothing comes out of one that was touched or is opened wrongly."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import KeyProblem
from pipeline.strongbox import Box, Lock, Opening, PassphraseLock, RootLock, opened, peek

ROOT = RootLock(bytes(range(32)), "0123456789abcdef")
PASS = PassphraseLock("four words that fit", cost=4)
CHUNK = 65_536


def locked(*parts: bytes, lock: Lock = ROOT) -> bytes:
    """Make a box."""
    file = io.BytesIO()
    box = Box(file, lock, content="things")
    for part in parts:
        assert box.write(part) == len(part)
    box.lock()
    return file.getvalue()


def unlocked(raw: bytes, lock: Lock = ROOT) -> bytes:
    return b"".join(opened(io.BytesIO(raw), lock, content="things"))


@settings(max_examples=30)
@given(sizes=st.lists(st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]), max_size=4))
def test_what_was_put_in_comes_out(sizes: list[int]) -> None:
    parts = [bytes([number]) * size for number, size in enumerate(sizes)]
    raw = locked(*parts)
    assert unlocked(raw) == b"".join(parts)
    assert io.BufferedReader(Opening(io.BytesIO(raw), ROOT, content="things")).read() == b"".join(parts)


@pytest.mark.parametrize("lock", [ROOT, PASS], ids=["root", "passphrase"])
def test_a_box_tells_what_it_is_and_nothing_of_what_is_in_it(lock: Lock) -> None:
    raw = locked(b"reader@example.org" * 100, lock=lock)
    assert peek(io.BytesIO(raw)) == "things"
    assert b"reader" not in raw
    assert locked(b"the same", lock=lock) != locked(b"the same", lock=lock)
    assert unlocked(raw, lock) == b"reader@example.org" * 100


@pytest.mark.parametrize("place", [0, 25, 30, 70, 85, 110, -1, -CHUNK])
def test_a_box_that_was_changed_in_one_bit_does_not_open(place: int) -> None:
    raw = bytearray(locked(b"x" * 2 * CHUNK))
    raw[place] ^= 1
    with pytest.raises(KeyProblem):
        unlocked(bytes(raw))


def test_a_box_that_was_cut_or_put_together_anew_does_not_open() -> None:
    raw = locked(b"a" * CHUNK, b"b" * CHUNK, b"c")
    start = raw.index(b"\n") + 1
    first, second, rest = (
        raw[start : start + CHUNK + 16],
        raw[start + CHUNK + 16 : start + 2 * (CHUNK + 16)],
        raw[start + 2 * (CHUNK + 16) :],
    )
    line = raw[:start]
    for broken in (
        line,
        line + first,
        line + first + second,
        line + second + first + rest,
        line + first + rest,
        raw + rest,
        locked()[:start] + first + second + rest,
    ):
        with pytest.raises(KeyProblem):
            unlocked(broken)


def test_only_its_own_lock_opens_a_box() -> None:
    for lock in (RootLock(bytes(32), "0123456789abcdef"), RootLock(ROOT.root, "f" * 16), PASS):
        with pytest.raises(KeyProblem):
            unlocked(locked(b"x"), lock)
    for other in (PassphraseLock("four words that fi", cost=4), ROOT):
        with pytest.raises(KeyProblem):
            unlocked(locked(b"x", lock=PASS), other)
    with pytest.raises(KeyProblem, match="holds things, not other"):
        list(opened(io.BytesIO(locked(b"x")), ROOT, content="other"))


@pytest.mark.parametrize("raw", [b"", b"email\nx@example.org\n", b"belonging strongbox 1 ", b"\0" * 300])
def test_what_is_no_box_is_said_to_be_none(raw: bytes) -> None:
    assert peek(io.BytesIO(raw)) is None
    with pytest.raises(KeyProblem, match="no file that this program has locked"):
        unlocked(raw)


def test_a_box_cannot_ask_for_a_gigabyte() -> None:
    raw = locked(b"x", lock=PASS).replace(b"scrypt 4 8 1", b"scrypt 30 8 1")
    with pytest.raises(KeyProblem, match="more memory"):
        unlocked(raw, PASS)
