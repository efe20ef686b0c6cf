"""Sealing: what is sealed opens in its own place, with its own key, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.errors import KeyProblem
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer
from tests.builders import KEYRING

SEALER = Sealer(KEYRING)
rows = st.integers(0, 2**63 - 1)
columns = st.sampled_from([ADDRESS, "subscribers.name", "other.address"])


@given(text=st.text(max_size=400), column=columns, row=rows)
def test_what_was_sealed_opens_again(text: str, column: str, row: int) -> None:
    sealed = SEALER.seal(text, column=column, row=row)
    assert SEALER.open(sealed, column=column, row=row) == text
    assert len(sealed) == 1 + 12 + (32 + 16) + 64 * (len(text.encode()) // 64 + 1) + 16


def test_what_was_sealed_once_opens_for_ever() -> None:
    # Sealed by the first version; a change that cannot open it would lose every list there is.
    sealed = bytes.fromhex(
        "010102030405060708090a0b0c5856bf6c85bb4cb78545d1c5671d10c1f3ed9aa4c6d889f1a0d6822beb98cf"
    )
    assert SEALER.open(sealed, column=ADDRESS, row=42) == "ada@example.org"


@given(st.emails(), rows)
def test_a_seal_shows_nothing_and_is_never_the_same(text: str, row: int) -> None:
    seals = {SEALER.seal(text, column=ADDRESS, row=row) for _ in range(3)}
    assert len(seals) == 3
    assert len({sealed[1:13] for sealed in seals}) == 3, "a nonce was used twice"
    assert not any(text.encode() in sealed for sealed in seals)


@given(text=st.emails(), place=st.tuples(columns, rows), other=st.tuples(columns, rows))
def test_a_seal_that_was_moved_does_not_open(
    text: str, place: tuple[str, int], other: tuple[str, int]
) -> None:
    assume(place != other)
    sealed = SEALER.seal(text, column=place[0], row=place[1])
    with pytest.raises(KeyProblem) as caught:
        SEALER.open(sealed, column=other[0], row=other[1])
    assert text not in str(caught.value)


def test_two_people_whose_addresses_were_swapped_are_not_mailed_each_others_letters() -> None:
    ada, bo = (
        SEALER.seal(f"{who}@example.org", column=ADDRESS, row=row) for row, who in enumerate(("ada", "bo"))
    )
    for sealed, row in ((ada, 1), (bo, 0)):
        with pytest.raises(KeyProblem, match="does not open with this key"):
            SEALER.open(sealed, column=ADDRESS, row=row)


@given(text=st.text(max_size=40), row=rows, data=st.data())
def test_a_seal_with_one_bit_flipped_does_not_open(text: str, row: int, data: st.DataObject) -> None:
    sealed = bytearray(SEALER.seal(text, column=ADDRESS, row=row))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(KeyProblem):
        SEALER.open(bytes(sealed), column=ADDRESS, row=row)


@given(text=st.text(max_size=40), row=rows, data=st.data())
def test_a_seal_that_was_cut_or_made_longer_does_not_open(text: str, row: int, data: st.DataObject) -> None:
    sealed = SEALER.seal(text, column=ADDRESS, row=row)
    for other in (
        sealed[: data.draw(st.integers(0, len(sealed) - 1))],
        sealed + data.draw(st.binary(min_size=1, max_size=20)),
        data.draw(st.binary(max_size=60)),
    ):
        with pytest.raises(KeyProblem):
            SEALER.open(other, column=ADDRESS, row=row)


@given(st.binary(min_size=32, max_size=32))
def test_another_key_is_a_clear_error_and_never_garbage(root: bytes) -> None:
    assume(root != bytes(range(32)))
    sealed = SEALER.seal("ada@example.org", column=ADDRESS, row=7)
    with pytest.raises(KeyProblem) as caught:
        Sealer(Keyring.derive(root)).open(sealed, column=ADDRESS, row=7)
    assert caught.value.message == "subscribers.address of row 7 does not open with this key"
    assert "the key that this list was made with" in caught.value.advice
