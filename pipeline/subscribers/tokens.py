"""Tokens: what a link in a letter carries instead of an address."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["LENGTH", "Purpose", "Ticket", "Tokens"]

LENGTH = 36  # characters of every token
_MAC = 16  # bytes: 128 bits
_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{{LENGTH}}}")


class Purpose(IntEnum):
    """What a token may be used for, and nothing else."""

    UNSUBSCRIBE = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    """Whom a token speaks for."""

    subscriber_id: int
    life: int  # of the subscription it was made for


class Tokens:
    """Make and read tokens: purpose (1 byte), subscriber (8), life (2), HMAC-SHA-256 cut to 16, in base64url."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, purpose: Purpose, subscriber_id: int, life: int) -> str:
        """Make the token of one subscriber for one purpose: 36 characters, the same each time."""
        body = bytes([purpose]) + subscriber_id.to_bytes(8, "big") + life.to_bytes(2, "big")
        return base64.urlsafe_b64encode(body + self._mac(body)).decode("ascii")

    def read(self, purpose: Purpose, token: str) -> Ticket | None:
        """Answer whom a token speaks for; None for anything that is not a token of this purpose, of whatever kind.

        The MAC is compared first and in constant time, so that no answer tells how near a forgery came.
        """
        # One token, one spelling: base64 would also take "+" for "-" and padding at the end.
        if not _SHAPE.fullmatch(token):
            return None
        raw = base64.urlsafe_b64decode(token)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(body)) or body[0] != purpose:
            return None
        return Ticket(subscriber_id=int.from_bytes(body[1:9], "big"), life=int.from_bytes(body[9:], "big"))

    def message_id(self, campaign_id: str, subscriber_id: int) -> str:
        """Name the message of one campaign to one subscriber: 32 hex digits, the same each time it is made."""
        name = f"message\x00{campaign_id}\x00{subscriber_id}".encode()
        return hmac.digest(self._key, name, "sha256")[:16].hex()

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"token\x00" + body, "sha256")[:_MAC]
