"""Folders and files that hold what only their owner may see."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import BelongingError

__all__ = ["make_private", "new_file"]


def make_private(folder: Path) -> None:
    """Make a folder, and every missing one above it, that nobody else on this machine may look into.

    ``Path.mkdir(parents=True, mode=…)`` gives the mode to the last folder only. A folder that is there keeps
    the mode that its owner gave it.

    Args:
        folder: Where; may be there already.
    """
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(exist_ok=True)  # says so where something else stands there


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that is there, whole and readable by its owner alone, only once the block has ended well.

    Raises:
        BelongingError: There is one of that name already; it is left as it is.
    """
    taken = BelongingError(f"{path} is there already", advice="name another file, or move that one away")
    if path.exists():
        raise taken
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(temporary, path)  # unlike a rename, it replaces nothing
        except FileExistsError:
            raise taken from None
    finally:
        temporary.unlink()
