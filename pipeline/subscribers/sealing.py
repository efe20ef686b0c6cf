"""Sealing: encryption at rest, cell by cell (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.errors import KeyProblem
from pipeline.subscribers.keys import Keyring

__all__ = ["ADDRESS", "KEPT", "MOVING", "Sealer"]

ADDRESS = "subscribers.address"  # the column that addresses are sealed for
MOVING = "moves.address"  # … and those that wait to take the place of another

KEPT = "facts.keys"  # keys that outlive the root key they were made from

_PLAIN, _WRAPPED = b"\x01", b"\x02"  # sealed with the list's key itself; with a key of its own
_NONCE = 12  # bytes, random: safe for 2^32 seals under one key (SP 800-38D §8.3)
_ONCE = bytes(_NONCE)  # a key that seals one text needs no nonce
_KEY = 32 + 16  # bytes of a cell's own key, sealed
_BLOCK = 64  # bytes; a text is filled up to a multiple of it, so that nearly all addresses are of one length
_END = b"\x80"  # where the text ends and the filling begins (ISO/IEC 7816-4)


class Sealer:
    """Seal and open single cells. Where a cell stands is part of the seal, so a cell that was moved fails.

    Each text is sealed with a key made for it alone; that key is sealed with the list's key and stands in the same
    cell. So another list's key is put on without touching the text, and a cell that is gone has taken its key along.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._cipher = AESGCM(keyring.seal)

    def seal(self, text: str, *, column: str, row: int) -> bytes:
        """Seal the text of one cell.

        Args:
            text: What is to be hidden.
            column: "table.column".
            row: The row's primary key.
        """
        random, padded, place = secrets.token_bytes(32 + _NONCE), text.encode() + _END, _place(column, row)
        key, nonce = random[:32], random[32:]
        padded += bytes(-len(padded) % _BLOCK)
        return self._wrap(key, nonce, place) + AESGCM(key).encrypt(_ONCE, padded, place)

    def open(self, sealed: bytes, *, column: str, row: int) -> str:
        """Open the seal of one cell.

        Raises:
            KeyProblem: The cell was sealed with another key, moved here from elsewhere, or damaged.
        """
        place, nonce, body = _place(column, row), sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if sealed[:1] == _WRAPPED:
                key = self._cipher.decrypt(nonce, body[:_KEY], b"key/" + place)
                return AESGCM(key).decrypt(_ONCE, body[_KEY:], place).rstrip(b"\0")[: -len(_END)].decode()
            if sealed[:1] == _PLAIN:
                return self._cipher.decrypt(nonce, body, place).decode()
        except InvalidTag:
            raise KeyProblem(
                f"{column} of row {row} does not open with this key",
                advice="use the key that this list was made with; if it is that one, the store was tampered with",
            ) from None
        except ValueError:  # too short for a nonce or a tag
            pass
        raise KeyProblem(f"{column} of row {row} is damaged", advice="restore the list from a backup")

    def rewrapped(self, sealed: bytes, new: Sealer, *, column: str, row: int) -> bytes:
        """Put another list's key on a cell.

        Raises:
            KeyProblem: As for `open`.
        """
        text = self.open(sealed, column=column, row=row)
        if sealed[:1] == _PLAIN:
            return new.seal(text, column=column, row=row)
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        place = _place(column, row)
        key = self._cipher.decrypt(nonce, body[:_KEY], b"key/" + place)
        return new._wrap(key, secrets.token_bytes(_NONCE), place) + body[_KEY:]

    def _wrap(self, key: bytes, nonce: bytes, place: bytes) -> bytes:
        return _WRAPPED + nonce + self._cipher.encrypt(nonce, key, b"key/" + place)


def _place(column: str, row: int) -> bytes:
    return f"{column}/{row}".encode()
