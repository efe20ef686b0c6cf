"""Senders: who is delivering right now, and which of them have died."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from pipeline.folders import make_private

__all__ = ["Sender"]


class Sender:
    """One run of the delivery loop, alive as long as it holds the lock on its own file.

    The kernel lets go of a lock when its process ends, however it ends. So a sender on the same machine that was
    killed is known to be dead at once, without waiting for its leases to run out; about senders elsewhere nothing
    is known, and their leases decide.
    """

    def __init__(self, folder: Path) -> None:
        make_private(folder)
        self._folder = folder
        self._place = _place(folder)
        self.name = f"{self._place}.{secrets.token_hex(8)}"
        self._lock = os.open(folder / self.name, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def dead(self, owners: Iterable[str]) -> frozenset[str]:
        """Answer those owners of leases that are known to be dead."""
        here = f"{self._place}."
        return frozenset(owner for owner in owners if owner.startswith(here) and not self._alive(owner))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            (self._folder / self.name).unlink()
        os.close(self._lock)

    def _alive(self, owner: str) -> bool:
        if owner == self.name:
            return True
        try:
            descriptor = os.open(self._folder / Path(owner).name, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            (self._folder / Path(owner).name).unlink(missing_ok=True)  # names are never used again
            return False
        finally:
            os.close(descriptor)


def _place(folder: Path) -> str:
    """Name the folder: the same for all who share it, different from every other."""
    file = folder / "place"
    with contextlib.suppress(FileExistsError):
        temporary = folder / f".{secrets.token_hex(8)}"
        temporary.write_text(secrets.token_hex(8), encoding="ascii")
        try:
            os.link(temporary, file)
        finally:
            temporary.unlink()
    return file.read_text(encoding="ascii")
