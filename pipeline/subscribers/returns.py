"""Return paths: the envelope sender of one subscriber's letters, by which a bounce names them without naming them."""

from __future__ import annotations

import base64
import hmac
import re

from pipeline.subscribers.tokens import Ticket

__all__ = ["ReturnPaths"]

_MAC = 16  # bytes: 128 bits
_TOKEN = 42  # characters: 8 + 2 + 16 bytes in base32


class ReturnPaths:
    """Make and read variable envelope senders ("VERP"): ``bounces+token@domain``.

    A token is subscriber (8 bytes), life (2), HMAC-SHA-256 cut to 16; in base32 and lower case, since some mail
    servers do not keep the case of what stands before the @.
    """

    def __init__(self, key: bytes, address: str) -> None:
        """Take the key that tokens are made with, and the address that bounces come back to."""
        self._key = key
        self._local, _, self._domain = address.partition("@")
        self._shape = re.compile(
            rf"(?<![^\s<,:;]){re.escape(self._local)}\+([a-z2-7]{{{_TOKEN}}})@{re.escape(self._domain)}(?![\w.-])",
            re.IGNORECASE,
        )

    def make(self, subscriber_id: int, life: int) -> str:
        """Make the envelope sender of one subscriber's letters."""
        body = subscriber_id.to_bytes(8, "big") + life.to_bytes(2, "big")
        token = base64.b32encode(body + self._mac(body)).decode("ascii").rstrip("=").lower()
        return f"{self._local}+{token}@{self._domain}"

    def find(self, text: str) -> Ticket | None:
        """Find in a header the first address of ours whose token is genuine; None where there is none."""
        for found in self._shape.finditer(text):
            raw = base64.b32decode(found[1].upper() + "=" * (-len(found[1]) % 8))
            body, mac = raw[:-_MAC], raw[-_MAC:]
            # One token, one spelling: the last character has bits to spare.
            spelt = base64.b32encode(raw).decode("ascii").rstrip("=").lower() == found[1].lower()
            if hmac.compare_digest(mac, self._mac(body)) and spelt:
                return Ticket(
                    subscriber_id=int.from_bytes(body[:8], "big"), life=int.from_bytes(body[8:], "big")
                )
        return None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"return\x00" + body, "sha256")[:_MAC]
