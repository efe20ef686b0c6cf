"""Sealing: encryption at rest, cell by cell (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.errors import KeyProblem
from pipeline.subscribers.keys import Keyring

__all__ = ["ADDRESS", "MOVING", "Sealer"]

ADDRESS = "subscribers.address"  # the column that addresses are sealed for
MOVING = "moves.address"  # … and those that wait to take the place of another

_VERSION = b"\x01"
_NONCE = 12  # bytes, random: safe for 2^32 seals under one key (SP 800-38D §8.3)


class Sealer:
    """Seal and open single cells. Where a cell stands is part of the seal, so a cell that was moved fails."""

    def __init__(self, keyring: Keyring) -> None:
        self._cipher = AESGCM(keyring.seal)

    def seal(self, text: str, *, column: str, row: int) -> bytes:
        """Seal the text of one cell.

        Args:
            text: What is to be hidden.
            column: "table.column".
            row: The row's primary key.
        """
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _place(column, row))

    def open(self, sealed: bytes, *, column: str, row: int) -> str:
        """Open the seal of one cell.

        Raises:
            KeyProblem: The cell was sealed with another key, moved here from elsewhere, or damaged.
        """
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION or len(body) < 16:
            raise KeyProblem(f"{column} of row {row} is damaged", advice="restore the list from a backup")
        try:
            return self._cipher.decrypt(nonce, body, _place(column, row)).decode()
        except InvalidTag:
            raise KeyProblem(
                f"{column} of row {row} does not open with this key",
                advice="use the key that this list was made with; if it is that one, the store was tampered with",
            ) from None


def _place(column: str, row: int) -> bytes:
    return f"{column}/{row}".encode()
