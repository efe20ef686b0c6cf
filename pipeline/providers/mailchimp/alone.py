"""One sender at a time on this machine. Elsewhere, the algorithm in campaigns.py has to do without."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import DeliveryError
from pipeline.folders import make_private

__all__ = ["Alone"]


@dataclass
class Alone:
    """A lock that is held from the first call until the process ends; the kernel lets go of it however that is."""

    file: Path
    _descriptor: int | None = field(default=None, init=False)

    def __call__(self) -> None:
        """Take the lock, unless this process has it.

        Raises:
            DeliveryError: Another process on this machine is sending.
        """
        if self._descriptor is not None:
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
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go before the process ends."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
