"""Noticing that files have changed, without anything of the system's own: looked at again and again."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["watching"]

_PAUSE = 0.02  # seconds between two looks, at least
_SHARE = 10  # a look takes at most so small a part of the time
_IGNORED = frozenset({"__pycache__", ".git"})

State = dict[str, tuple[int, int, int]]


@contextmanager
def watching(paths: Sequence[Path], changed: Callable[[], None]) -> Iterator[None]:
    """Call back after files were changed, added or removed, until the end of the block; one call at a time.

    Args:
        paths: files, and folders with all that is below them; they need not exist.
        changed: called in a thread of its own. What changes meanwhile leads to one more call.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_watch, args=(paths, changed, ended, _look(paths)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _watch(paths: Sequence[Path], changed: Callable[[], None], ended: threading.Event, seen: State) -> None:
    pause = _PAUSE
    while not ended.wait(pause):
        began = time.monotonic()
        now = _look(paths)
        pause = max(_PAUSE, _SHARE * (time.monotonic() - began))
        if now != seen:
            seen = now
            changed()


def _look(paths: Sequence[Path]) -> State:
    return {path: state for top in paths for path, state in _below(str(top))}


def _below(path: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    try:
        entries = list(os.scandir(path))
    except NotADirectoryError:
        with suppress(OSError):  # it went while it was looked at
            yield path, _state(os.stat(path))  # noqa: PTH116 - as for the others
        return
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir():
                if entry.name not in _IGNORED:
                    yield from _below(entry.path)
            else:
                yield entry.path, _state(entry.stat())
        except OSError:  # it went while it was looked at
            continue


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return (found.st_size, found.st_mtime_ns, found.st_ino)
