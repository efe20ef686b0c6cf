"""Farewells: who left, or was erased, in a file beside the store that no restored backup takes back.

A line names a row of the store by a keyed hash of its random number. So it says nothing about anybody without the
key, and with it only to who has an old copy of that row. Whoever asked to be forgotten entirely is named in no other
way: should they come back, they get another number.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipeline.errors import BelongingError
from pipeline.folders import make_private
from pipeline.subscribers.keys import Keyring

__all__ = ["Farewell", "Farewells", "Parting", "read"]


_REMEMBERED = 10_000


class Parting(StrEnum):
    """How somebody went."""

    LEFT = "left"
    BOUNCED = "bounced"
    ERASED = "erased"  # their suppression stays
    FORGOTTEN = "forgotten"  # nothing stays


@dataclass(frozen=True, kw_only=True, slots=True)
class Farewell:
    """One line."""

    parting: Parting
    row: bytes  # keyed hash of the subscriber's number
    life: int
    suppression: bytes | None  # keyed hash of the address, where one stays
    generation: int  # how many keys the list had had before the one that made the suppression


@dataclass(frozen=True, kw_only=True)
class Farewells:
    """Write farewells down, each on the disk before anything goes on."""

    file: Path
    keyring: Keyring
    _lately: set[tuple[Parting, int, int]] = field(default_factory=set, init=False)

    def note(
        self, parting: Parting, subscriber_id: int, life: int, *, suppression: bytes | None = None
    ) -> None:
        """Write one down.

        Raises:
            BelongingError: It cannot be; the disk is full, perhaps.
        """
        if (parting, subscriber_id, life) in self._lately:  # somebody presses the same button again and again
            return
        line = json.dumps(
            {
                "parting": parting.value,
                "row": row_name(self.keyring, subscriber_id).hex(),
                "life": life,
                "suppression": suppression.hex() if suppression else None,
                "generation": len(self.keyring.earlier),
            }
        )
        # A line break first: what a killed process left unfinished is then a line of its own.
        try:
            make_private(self.file.parent)
            _append(self.file, f"\n{line}\n".encode("ascii"))
        except OSError as error:
            raise BelongingError(
                f"{self.file} cannot be written ({error.strerror})",
                advice="see whose it is and whether the disk is full, then try again",
            ) from None
        if len(self._lately) >= _REMEMBERED:
            self._lately.clear()
        self._lately.add((parting, subscriber_id, life))


def _append(file: Path, content: bytes) -> None:
    """Add something to the end of a file, on the disk before anything goes on."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        if os.write(descriptor, content) < len(content):  # so much room was left and no more
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def row_name(keyring: Keyring, subscriber_id: int) -> bytes:
    """Name a row of the store, by a key that stays over rotations."""
    return hmac.digest(keyring.token, b"farewell\x00" + subscriber_id.to_bytes(8, "big"), "sha256")


def read(files: Iterable[Path]) -> Iterator[Farewell]:
    """Read farewells, in the order in which they were written; a line that was not finished is passed over."""
    for file in files:
        for line in file.read_text(encoding="ascii", errors="replace").splitlines() if file.exists() else ():
            try:
                data = json.loads(line)
                name = data["suppression"]
                yield Farewell(
                    parting=Parting(data["parting"]),
                    row=bytes.fromhex(data["row"]),
                    life=int(data["life"]),
                    suppression=bytes.fromhex(name) if name else None,
                    generation=int(data["generation"]),
                )
            except (ValueError, KeyError, TypeError):
                continue
