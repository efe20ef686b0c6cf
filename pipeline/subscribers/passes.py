"""Passes: links of single messages, which act for a while; and the stamps that forms carry."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from pipeline.subscribers.tokens import Ticket

__all__ = ["LENGTH", "Errand", "Passes"]

LENGTH = 44  # characters of every pass
_MAC = 16  # bytes: 128 bits
_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{{LENGTH}}}")
_STAMP = re.compile(r"[A-Za-z0-9_-]{32}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Errand(IntEnum):
    """What a pass may be used for, and nothing else."""

    CONFIRM = 1
    RIGHTS = 2
    CHOICES = 3
    MOVE = 4


class Passes:
    """Make and read passes and stamps, both authenticated by HMAC-SHA-256 cut to 16 bytes.

    A pass is errand (1 byte), subscriber (8), life (2), end in seconds since 1970 (6), MAC; in base64url. What is
    authenticated begins with a word of its own, so that no token of a letter is a pass, nor the other way about.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, errand: Errand, subscriber_id: int, life: int, until: datetime) -> str:
        """Make a pass for one subscriber: 44 characters, the same each time."""
        end = int((until - _EPOCH).total_seconds())
        body = bytes([errand]) + subscriber_id.to_bytes(8, "big") + life.to_bytes(2, "big")
        body += end.to_bytes(6, "big")
        return base64.urlsafe_b64encode(body + self._mac(b"pass", body)).decode("ascii")

    def read(self, errand: Errand, text: str, now: datetime) -> Ticket | None:
        """Answer whom a pass speaks for; None for anything that is not a pass for this errand at this moment."""
        if not _SHAPE.fullmatch(text):
            return None
        raw = base64.urlsafe_b64decode(text)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(b"pass", body)) or body[0] != errand:
            return None
        if _EPOCH + timedelta(seconds=int.from_bytes(body[11:], "big")) <= now:
            return None
        return Ticket(subscriber_id=int.from_bytes(body[1:9], "big"), life=int.from_bytes(body[9:11], "big"))

    def end(self, text: str) -> datetime:
        """Tell when a pass ends that was read before; it names one wish among several."""
        return _EPOCH + timedelta(seconds=int.from_bytes(base64.urlsafe_b64decode(text)[11:-_MAC], "big"))

    def stamp(self, now: datetime) -> str:
        """Say when a form was shown: 32 characters."""
        body = ((now - _EPOCH) // timedelta(milliseconds=1)).to_bytes(8, "big")
        return base64.urlsafe_b64encode(body + self._mac(b"stamp", body)).decode("ascii")

    def stamped(self, text: str) -> datetime | None:
        """Tell when a form was shown, as its stamp says; None for what is no stamp of ours."""
        if not _STAMP.fullmatch(text):
            return None
        raw = base64.urlsafe_b64decode(text)
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if not hmac.compare_digest(mac, self._mac(b"stamp", body)):
            return None
        return _EPOCH + timedelta(milliseconds=int.from_bytes(body, "big"))

    def _mac(self, word: bytes, body: bytes) -> bytes:
        return hmac.digest(self._key, word + b"\x00" + body, "sha256")[:_MAC]
