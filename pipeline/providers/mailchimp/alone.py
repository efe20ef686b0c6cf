"""One sender at a time on this machine. Elsewhere, the algorithm in campaigns.py has to do without."""

from __future__ import annotations

import fcntl
import os
import weakref
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.folders import make_private

__all__ = ["Alone"]


@dataclass(eq=False)
class Alone:
    """A lock that is held from the first call as long as this object lives. A process that ends lets go of it."""

    file: Path
    _held: weakref.finalize[..., Alone] | None = field(default=None, init=False, repr=False)

    def __call__(self) -> None:
        """Take the lock, unless this process has it.

        Raises:
            DeliveryError: Another process on this machine is sending.
        """
        if self._held is not None:
            return
        make_private(self.file.parent)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise DeliveryError(
                "another belonging send is running here", advice="wait until it has ended, then run it again"
            ) from None
        self._held = weakref.finalize(self, os.close, descriptor)

    def release(self) -> None:
        """Let go at once."""
        if self._held is not None:
            self._held()
            self._held = None
