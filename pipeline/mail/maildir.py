"""The Maildir transport: letters become files in a folder, one each (D. J. Bernstein, "Using maildir format")."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from pipeline.errors import TransportDown
from pipeline.folders import make_private
from pipeline.mail.transport import Accepted, Message, Outcome

__all__ = ["Maildir"]


class Maildir:
    """Write letters into a Maildir on this machine."""

    leaves_machine = False
    connections = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> MaildirSession:
        """Make the folder if it is not there; begin a session."""
        try:
            for part in ("tmp", "new", "cur"):
                make_private(self._folder / part)
        except OSError as error:
            raise TransportDown(
                f"the mailbox {self._folder} cannot be made ({error.strerror})",
                advice="see that its folder may be written to, or set list.maildir",
            ) from None
        return MaildirSession(self._folder)

    def probe(self) -> None:
        """See that the folder is there or can be made, and can be written to."""
        folder = next(path for path in (self._folder, *self._folder.parents) if path.exists())
        if not os.access(folder, os.W_OK | os.X_OK):
            raise TransportDown(
                f"{folder} may not be written to", advice="see its owner, or set list.maildir"
            )

    def describe(self) -> str:
        """Name the folder."""
        return f"the mailbox {self._folder}"


class MaildirSession:
    """Write one letter after the other."""

    def __init__(self, folder: Path) -> None:
        self._tmp, self._new = folder / "tmp", folder / "new"

    def send(self, message: Message) -> Outcome:
        """Write a letter beside, make it durable, then show it: a reader never sees half a letter.

        The name comes from the Message-ID, so that the same message written again is the same file.
        """
        name = f"{message.id}.belonging"
        temporary, final = self._tmp / name, self._new / name
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.content)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(final)
            _sync(self._new)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise TransportDown(
                f"the mailbox cannot be written to ({error.strerror})", advice="see whether the disk is full"
            ) from None
        return Accepted()

    def close(self) -> None:
        """Do nothing: each letter is complete."""


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
