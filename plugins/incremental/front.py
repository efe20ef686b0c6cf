"""Whether anything is to be done at all: decided before Pelican is imported. Only the standard library.

A build leaves a receipt: every file and folder that it read and every file that it wrote, as they were. If all of
them still are, and neither the day nor the environment is another, then a build would give what is there.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from .stamps import RACY, Stamp, fingerprint, stamp

__all__ = ["ALWAYS_NEW", "leave", "nothing_to_do", "receipt_of"]

_FORMAT = 1
_OURS = frozenset({"__pycache__", "output", "var", "cache"})  # what builds leave beside what they read
ALWAYS_NEW = frozenset(
    {"_", "OLDPWD", "SHLVL", "PWD", "COLUMNS", "LINES", "TERM", "TERM_SESSION_ID", "WINDOWID"}
)


def receipt_of(folder: str, argv: Sequence[str]) -> str:
    """Name the receipt of a command: the same words in the same place."""
    words = "\0".join([os.getcwd(), *argv]).encode("utf-8", "surrogateescape")
    return os.path.join(folder, f"{blake2b(words, digest_size=8).hexdigest()}.receipt")


def leave(
    receipt: str,
    *,
    read: Mapping[str, Stamp],
    written: Iterable[str],
    output: str,
    began: int,
    until: float,
    skipped: Sequence[str],
) -> None:
    """Write the receipt of a build.

    Args:
        receipt: where.
        read: every file and folder that was opened, with its stamp from before that.
        written: every file of the output, below it.
        output: the folder.
        began: when the build began, in nanoseconds since 1970.
        until: when it will be no longer true, in seconds since 1970; 0 if no hour is known.
        skipped: folders whose files are the build's own.
    """
    modules = {
        str(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))
    }
    inside = tuple(f"{folder}{os.sep}" for folder in skipped)
    known = {path: was for path, was in read.items() if not f"{path}{os.sep}".startswith(inside)}
    for path in {*modules, os.getcwd()}:
        known.setdefault(os.path.abspath(path), stamp(path))
    inputs = []
    for path, noted in sorted(known.items()):
        was, now = noted, stamp(path)
        if now != was:
            if os.path.isdir(path):  # folders count by the names in them
                was = now
            else:
                return  # it changed while the build ran; the next one looks at everything
        exact = not was or max(was[1], was[2]) < began - RACY
        inputs.append((path, was, b"" if exact and not os.path.isdir(path) else _content(path)))
    files = tuple((path, stamp(os.path.join(output, path))[:2]) for path in sorted(written))
    data = marshal.dumps(
        (_FORMAT, sys.version, _day(), until, _environment(), tuple(inputs), output, files), 2
    )
    beside = f"{receipt}.~"
    Path(beside).write_bytes(blake2b(data, digest_size=16).digest() + data)
    os.replace(beside, receipt)


def nothing_to_do(receipt: str) -> int | None:
    """Give how many files stand as they should; None if a build is needed, or nobody can tell."""
    try:
        data = Path(receipt).read_bytes()
        if blake2b(data[16:], digest_size=16).digest() != data[:16]:
            return None
        version, python, day, until, environment, inputs, output, files = marshal.loads(data[16:])  # noqa: S302
    except (OSError, ValueError, EOFError, TypeError):
        return None
    if (version, python, day, environment) != (_FORMAT, sys.version, _day(), _environment()):
        return None
    if until and time.time() >= until:
        return None
    for path, was, content in inputs:
        if stamp(path) == was and not content:
            continue
        if not content or (_content(path) != content):
            return None
    for path, was in files:
        if stamp(os.path.join(output, path))[:2] != was:
            return None
    return len(files)


def _content(path: str) -> bytes:
    """Give what stands for a file's content, or for the names in a folder but for what builds leave there."""
    if not os.path.isdir(path):
        return fingerprint(path)
    try:
        names = sorted(
            name for name in os.listdir(path) if name not in {"__pycache__", "output", "var", "cache"}
        )
    except OSError:
        return b""
    return blake2b("\0".join(names).encode("utf-8", "surrogateescape"), digest_size=16).digest()


def _day() -> tuple[int, ...]:
    return (*time.localtime()[:3], *time.gmtime()[:3])


def _environment() -> bytes:
    """Give what stands for the environment, but for what each shell sets anew."""
    held = sorted(f"{name}={value}" for name, value in os.environ.items() if name not in ALWAYS_NEW)
    return blake2b("\0".join(held).encode("utf-8", "surrogateescape"), digest_size=16).digest()
