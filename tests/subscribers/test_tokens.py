"""Tokens: the right one speaks for one person, and nothing else speaks for anybody."""

from __future__ import annotations

import base64
import hmac
import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.tokens import LENGTH, Purpose, Ticket, Tokens
from tests.builders import KEYRING

TOKENS = Tokens(KEYRING.token)
ALPHABET = string.ascii_letters + string.digits + "-_"
people = st.integers(0, 2**63 - 1)
lives = st.integers(1, 2**16 - 1)
purposes = st.sampled_from(Purpose)


def signed(body: bytes, key: bytes = KEYRING.token) -> str:
    """Make a token with any body, as somebody who has the key could."""
    return base64.urlsafe_b64encode(body + hmac.digest(key, b"token\0" + body, "sha256")[:16]).decode()


@given(purposes, people, lives)
def test_a_token_speaks_for_the_person_it_was_made_for(purpose: Purpose, person: int, life: int) -> None:
    token = TOKENS.make(purpose, person, life)
    assert TOKENS.read(purpose, token) == Ticket(subscriber_id=person, life=life)
    assert len(token) == LENGTH == 36
    assert set(token) <= set(ALPHABET), "needs no escaping in an address"
    assert token == TOKENS.make(purpose, person, life)


def test_tokens_in_letters_sent_years_ago_still_work() -> None:
    token = "AREiEPR96YEVAAOxur01XlTrqD9ZlBAOXHlJ"
    assert TOKENS.make(Purpose.UNSUBSCRIBE, 1234567890123456789, 3) == token
    assert TOKENS.read(Purpose.UNSUBSCRIBE, token) == Ticket(subscriber_id=1234567890123456789, life=3)
    assert TOKENS.message_id("0123456789abcdef", 42) == "5545a9b71a9e04d27a03a94f3c24d23a"


@given(purposes, people, lives, st.integers(0, 27 * 8 - 1))
def test_a_token_with_one_bit_flipped_is_refused(purpose: Purpose, person: int, life: int, bit: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(TOKENS.make(purpose, person, life)))
    raw[bit // 8] ^= 1 << bit % 8
    assert TOKENS.read(purpose, base64.urlsafe_b64encode(raw).decode()) is None


@given(purposes, people, lives, st.integers(0, LENGTH - 1), st.characters())
def test_a_token_with_another_character_is_refused(
    purpose: Purpose, person: int, life: int, place: int, character: str
) -> None:
    token = TOKENS.make(purpose, person, life)
    assume(token[place] != character)
    assert TOKENS.read(purpose, token[:place] + character + token[place + 1 :]) is None


@given(purposes, people, lives, st.integers(0, LENGTH - 1), st.text(min_size=1))
def test_a_token_that_was_cut_or_made_longer_is_refused(
    purpose: Purpose, person: int, life: int, cut: int, more: str
) -> None:
    token = TOKENS.make(purpose, person, life)
    for other in (token[:cut], token + more, more + token, token[:cut] + more + token[cut:], token + "\n"):
        assert TOKENS.read(purpose, other) is None


@pytest.mark.parametrize("standard", ["+", "/"])
def test_a_token_has_one_spelling(standard: str) -> None:
    ours = {"+": "-", "/": "_"}[standard]
    token = next(t for n in range(1000) if ours in (t := TOKENS.make(Purpose.UNSUBSCRIBE, n, 1)))
    assert TOKENS.read(Purpose.UNSUBSCRIBE, token) is not None
    assert TOKENS.read(Purpose.UNSUBSCRIBE, token.replace(ours, standard)) is None


@given(
    st.one_of(st.text(), st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH), st.from_regex(r"[\w=+/-]{36}"))
)
def test_no_other_text_is_a_token_or_an_error(text: str) -> None:
    for purpose in Purpose:
        assert TOKENS.read(purpose, text) is None


def test_a_lone_surrogate_is_no_error() -> None:
    assert TOKENS.read(Purpose.UNSUBSCRIBE, "\ud800" * LENGTH) is None


@given(people, lives, st.integers(0, 255))
def test_a_token_for_one_purpose_is_none_for_another(person: int, life: int, purpose: int) -> None:
    body = bytes([purpose]) + person.to_bytes(8, "big") + life.to_bytes(2, "big")
    ticket = TOKENS.read(Purpose.UNSUBSCRIBE, signed(body))
    assert (ticket is not None) is (purpose == Purpose.UNSUBSCRIBE)


@given(st.binary(max_size=40), st.binary(min_size=32, max_size=32))
def test_a_token_under_another_key_is_refused(body: bytes, root: bytes) -> None:
    assume(root != bytes(range(32)))
    other = Keyring.derive(root)
    # Neither another list's tokens nor what this list signs with its other keys.
    for key in (other.token, KEYRING.index, KEYRING.suppression, KEYRING.seal):
        assert TOKENS.read(Purpose.UNSUBSCRIBE, Tokens(key).make(Purpose.UNSUBSCRIBE, 1, 1)) is None
        assert TOKENS.read(Purpose.UNSUBSCRIBE, signed(body, key)) is None


@given(st.tuples(purposes, people, lives), st.tuples(purposes, people, lives))
def test_no_two_people_share_a_token(one: tuple[Purpose, int, int], other: tuple[Purpose, int, int]) -> None:
    assert (TOKENS.make(*one) == TOKENS.make(*other)) is (one == other)


names = st.tuples(st.text("0123456789abcdef", min_size=16, max_size=16), people)


@given(names, names)
def test_a_message_has_a_name_of_its_own_that_tells_nothing(
    one: tuple[str, int], other: tuple[str, int]
) -> None:
    name = TOKENS.message_id(*one)
    assert re.fullmatch("[0-9a-f]{32}", name)
    assert name == Tokens(KEYRING.token).message_id(*one)
    assert (name == TOKENS.message_id(*other)) is (one == other)
    assert name != Tokens(KEYRING.index).message_id(*one), "guessable without the key"
