"""Whether files are what they were: by size and times where that proves it, else by content.

Only the standard library: this is what a build imports first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

__all__ = ["RACY", "Stamp", "fingerprint", "same", "stamp", "take"]

Stamp: TypeAlias = tuple[int, ...]  # size, times of content and of the entry, inode; folders too
RACY = 2_000_000_000  # nanoseconds within which a file may change twice and keep its times


def stamp(path: str) -> Stamp:
    """Give what the file system says of a file or a folder; () where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def fingerprint(path: str) -> bytes:
    """Give 16 bytes that stand for a file's content, or for the names in a folder; b"" where there is neither."""
    try:
        if os.path.isdir(path):
            data = "\0".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape")
        else:
            with open(path, "rb") as file:
                data = file.read()
    except (OSError, ValueError):
        return b""
    return blake2b(data, digest_size=16).digest()


def take(paths: Iterable[str]) -> dict[str, tuple[Stamp, bytes]]:
    """Take the stamps of files as they are, for ``same``.

    Args:
        paths: of files and folders, existing or not.
    """
    return {path: (stamp(path), fingerprint(path)) for path in paths}


def same(path: str, was: Stamp, content: bytes, taken: int) -> bool:
    """Tell whether a file is what it was.

    Args:
        path: of the file.
        was: its stamp then.
        content: its fingerprint then.
        taken: when that was, in nanoseconds since 1970. A file that was written just before may have been written
            again without its times telling, so it is read.
    """
    if stamp(path) == was and (not was or max(was[1], was[2]) < taken - RACY):
        return True
    return fingerprint(path) == content
