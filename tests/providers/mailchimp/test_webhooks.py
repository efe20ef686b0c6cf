"""Calls that say they are from Mailchimp."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pipeline.providers.mailchimp.webhooks import TOLERANCE, EventKind, genuine, read_event
from tests.builders import NOW

SECRET = SecretStr("whsec-0123")
BODY = urlencode(
    {"type": "unsubscribe", "data[email]": "Reader@example.com", "data[list_id]": "ab12"}
).encode()
SECONDS = int(NOW.timestamp())


def signed(body: bytes = BODY, *, at: int = SECONDS, secret: str = "whsec-0123") -> str:
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


def test_a_signed_call_is_genuine() -> None:
    assert genuine(signed(), BODY, SECRET, NOW)
    assert genuine(signed().replace(",", ", "), BODY, SECRET, NOW)
    assert genuine(f"{signed()},v1={'0' * 64}", BODY, SECRET, NOW), "two secrets while one is replaced"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        signed().replace("t=", "t=1"),
        signed().replace("v1", "v0"),
        signed()[:-1],
        signed(BODY + b"x"),
        signed(secret="other"),
        signed().partition(",")[2],
        f"{signed()},t={SECONDS}",
        f"t={SECONDS},v1=" + "0" * 64,
        "t=" + "9" * 30 + ",v1=" + "0" * 64,
    ],
)
def test_anything_else_is_not(header: str) -> None:
    assert not genuine(header, BODY, SECRET, NOW)


def test_nothing_is_genuine_without_a_secret() -> None:
    assert not genuine(signed(secret=""), BODY, SecretStr(""), NOW)


@pytest.mark.parametrize("away", [TOLERANCE, -TOLERANCE])
def test_an_old_call_cannot_be_played_again(away: timedelta) -> None:
    assert genuine(signed(), BODY, SECRET, NOW + away)
    assert not genuine(signed(), BODY, SECRET, NOW + away + (away / abs(away)) * timedelta(seconds=1))


@given(header=st.text(max_size=200), body=st.binary(max_size=200))
def test_no_header_and_no_body_does_any_harm(header: str, body: bytes) -> None:
    assert not genuine(header, body, SECRET, NOW)
    read_event(body)


@pytest.mark.parametrize(
    ("fields", "kind", "address"),
    [
        ({"type": "unsubscribe", "data[email]": "a@example.com"}, EventKind.UNSUBSCRIBE, "a@example.com"),
        ({"type": "cleaned", "data[email]": "a@example.com"}, EventKind.CLEANED, "a@example.com"),
        (
            {"type": "upemail", "data[old_email]": "a@example.com", "data[new_email]": "b@example.com"},
            EventKind.CHANGED,
            "a@example.com",
        ),
    ],
)
def test_what_happened_to_whom_is_read(fields: dict[str, str], kind: EventKind, address: str) -> None:
    event = read_event(urlencode({**fields, "data[list_id]": "ab12"}).encode())
    assert event is not None
    assert (event.kind, event.list_id, event.address.get_secret_value()) == (kind, "ab12", address)
    assert address not in repr(event)


@pytest.mark.parametrize("body", [b"", b"type=campaign&data[list_id]=a", b"type=subscribe", b"\xff=1", b"{}"])
def test_what_concerns_nobody_is_ignored(body: bytes) -> None:
    assert read_event(body) is None
