"""A Maildir, looked at: its letters by pages, newest first, and each by its name. Nothing in it is ever changed."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipeline.errors import BelongingError
from pipeline.web.messages import Head, read_head

__all__ = ["LARGEST", "Entry", "Mailbox", "Page"]

LARGEST: Final = 16 * 1024 * 1024
"""A file above this many bytes is not opened."""

_NAME: Final = re.compile(r"[0-9a-f]{32}\.belonging")
_HEAD_SIZE: Final = 64 * 1024  # bytes; headers beyond are not read for a list


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file of the mailbox, in a list."""

    name: str  # the letter's name, or the file's where it is none
    size: int  # bytes
    head: Head | None  # None where it cannot be read
    problem: str = ""  # why not


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some of the mailbox's letters, newest first."""

    entries: tuple[Entry, ...]
    number: int  # from 1
    pages: int  # at least 1
    letters: int  # in the whole mailbox, by their names


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    path: Path
    name: str
    changed: int  # nanoseconds
    size: int  # bytes


class _Unreadable(Exception):
    """A file is there and is no letter that can be shown; the text says why."""


class Mailbox:
    """Read letters that were written to a folder (D. J. Bernstein, "Using maildir format").

    A list costs one look at the folder and the beginnings of one page of files, however many there are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def page(self, number: int, *, length: int = 50) -> Page | None:
        """List one page of letters.

        Args:
            number: Which page, from 1.
            length: How many letters make a page.

        Returns:
            None: There is no such page. The first one is always there.

        Raises:
            BelongingError: The folder cannot be read.
        """
        files = sorted(self._files(), key=lambda file: (-file.changed, file.name))
        pages = max(1, -(-len(files) // length))
        if not 1 <= number <= pages:
            return None
        shown = files[(number - 1) * length : number * length]
        letters = sum(_NAME.fullmatch(file.name) is not None for file in files)
        return Page(entries=tuple(map(_entry, shown)), number=number, pages=pages, letters=letters)

    def read(self, name: str) -> bytes | None:
        """Return one letter's bytes.

        None: there is no letter of that name, or it cannot be read.
        """
        if not _NAME.fullmatch(name):
            return None
        for path in self._places(name):
            try:
                return _content(path, LARGEST)
            except _Unreadable:
                continue
        return None

    def _places(self, name: str) -> Iterator[Path]:
        yield self.folder / "new" / name
        # What was read already lies in cur, with flags behind its name: "…:2,S".
        with contextlib.suppress(OSError), os.scandir(self.folder / "cur") as entries:
            yield from (Path(entry.path) for entry in entries if entry.name.partition(":")[0] == name)

    def _files(self) -> Iterator[_File]:
        """Yield what lies in the mailbox, each name once: a letter written again may lie in both folders."""
        seen: set[str] = set()
        for part in ("new", "cur"):
            folder = self.folder / part
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        name = entry.name.partition(":")[0]
                        if name.startswith(".") or name in seen:
                            continue
                        seen.add(name)
                        try:
                            status = entry.stat(follow_symlinks=False)
                        except FileNotFoundError:  # a mail program moved it just now
                            continue
                        yield _File(
                            path=folder / entry.name,
                            name=name,
                            changed=status.st_mtime_ns,
                            size=status.st_size,
                        )
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BelongingError(
                    f"the mailbox {self.folder} cannot be read ({error.strerror})",
                    advice="see whether it is a folder and who may read it",
                ) from None


def _entry(file: _File) -> Entry:
    head, problem = None, "not one of this list's letters"
    if _NAME.fullmatch(file.name):
        try:
            head, problem = read_head(_content(file.path, _HEAD_SIZE)), "it does not begin like a letter"
        except _Unreadable as reason:
            problem = str(reason)
    if head is None:
        # The name of a file need not be text.
        name = os.fsencode(file.name).decode("utf-8", "replace")
        return Entry(name=name, size=file.size, head=None, problem=problem)
    return Entry(name=file.name, size=file.size, head=head)


def _content(path: Path, most: int) -> bytes:
    """Read the beginning of a file, and only of a file: opening a pipe would wait, a link may lead anywhere."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        known = {errno.ELOOP: "not a file", errno.ENOENT: "it is gone"}
        raise _Unreadable(known.get(error.errno or 0, error.strerror)) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable("not a file")
        if status.st_size > LARGEST:
            raise _Unreadable("too large to be shown")
        return os.read(descriptor, min(most, status.st_size))
    except OSError as error:
        raise _Unreadable(error.strerror) from None
    finally:
        os.close(descriptor)
