"""Letterboxes: where mail that came back lies until it was dealt with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.errors import BelongingError

__all__ = ["LARGEST", "Letterbox", "MaildirBox", "Returning"]

LARGEST = 4 * 1024 * 1024  # bytes that are read of one message; no report is larger


@dataclass(frozen=True, kw_only=True, slots=True)
class Returning:
    """One message in a letterbox. Nothing happens to it before one of the two is called."""

    content: bytes  # at most LARGEST
    remove: Callable[[], object]  # it was dealt with, and quotes addresses
    leave: Callable[[], object]  # it is for a person; it is not shown here again


class Letterbox(Protocol):
    """A place that mail comes to. What is not removed or left is there again the next time."""

    def open(self) -> AbstractContextManager[Iterator[Returning]]:
        """Show the messages that wait, one after the other.

        Raises:
            BelongingError: It is no letterbox.
            DeliveryError: It cannot be reached now.
        """


class MaildirBox:
    """A Maildir on this machine: new mail lies in new/, what is left to a person in cur/."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> AbstractContextManager[Iterator[Returning]]:
        """Show what lies in new/. Somebody else may read meanwhile."""
        if not all((self._folder / part).is_dir() for part in ("new", "cur")):
            raise BelongingError(
                f"{self._folder} is no Maildir", advice="name a folder that holds new/ and cur/"
            )
        return nullcontext(self._letters())

    def _letters(self) -> Iterator[Returning]:
        for name in sorted(path.name for path in (self._folder / "new").iterdir()):
            file = self._folder / "new" / name
            try:
                with file.open("rb") as opened:
                    content = opened.read(LARGEST)
            except (FileNotFoundError, IsADirectoryError):
                continue  # another reader has dealt with it
            yield Returning(
                content=content,
                remove=lambda file=file: file.unlink(missing_ok=True),  # type: ignore[misc]
                leave=lambda file=file: self._to_cur(file),  # type: ignore[misc]
            )

    def _to_cur(self, file: Path) -> None:
        with suppress(FileNotFoundError):
            file.rename(self._folder / "cur" / f"{file.name.partition(':')[0]}:2,")
