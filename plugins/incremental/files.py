"""Files that are whole at every moment: written beside their place, then renamed into it."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

__all__ = ["BESIDE", "Atomic", "copy", "older", "prune", "put", "sweep"]

BESIDE = ".~incremental"
"""The end of the name that a file has until it is whole."""


class Atomic(io.StringIO):
    """A file to write text to, that takes its place when all is written; the same text leaves the old file alone."""

    def __init__(self, path: str, encoding: str) -> None:
        super().__init__(newline="\n")
        self._path = path
        self._written_as = encoding

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            put(self._path, self.getvalue().replace("\n", os.linesep).encode(self._written_as))
        super().__exit__(kind, error, trace)


def put(path: str, data: bytes) -> None:
    """Have a file hold this; one that holds it already is left alone."""
    try:
        with open(path, "rb") as old:
            if os.fstat(old.fileno()).st_size == len(data) and old.read() == data:
                return
    except OSError:
        pass
    place(path, data)


def place(path: str, data: bytes) -> None:
    """Write a file beside its place and rename it."""
    beside = f"{path}{BESIDE}"
    with open(beside, "wb") as file:
        file.write(data)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    os.replace(beside, path)


def copy(source: str, target: str) -> None:
    """Copy what a file holds, whole or not at all."""
    beside = f"{target}{BESIDE}"
    shutil.copyfile(source, beside)
    os.replace(beside, target)


def prune(root: str, paths: Iterable[str]) -> None:
    """Remove files below a folder, and folders that are empty then.

    Args:
        root: the folder, which stays.
        paths: below it.
    """
    emptied = set()
    for path in paths:
        full = os.path.join(root, path)
        if os.path.lexists(full) and (os.path.islink(full) or not os.path.isdir(full)):
            os.unlink(full)
            emptied.add(os.path.dirname(full))
    top = os.path.abspath(root)
    for folder in emptied:
        inner = os.path.abspath(folder)
        while inner.startswith(f"{top}{os.sep}"):
            try:
                os.rmdir(inner)
            except OSError:
                break
            inner = os.path.dirname(inner)


def older(root: str, moment: int) -> list[str]:
    """Name the files below a folder that were not touched since a moment, in nanoseconds since 1970."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if os.lstat(path).st_ctime_ns < moment:
                found.append(os.path.relpath(path, root))
    return found


def sweep(root: str) -> None:
    """Remove what a build that was killed was writing."""
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(BESIDE):
                Path(folder, name).unlink(missing_ok=True)
