"""The files below content/: which are there, and which one was probably meant by a path that leads nowhere."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

__all__ = ["Files"]

_COMPARED = (
    200  # similar names looked at; comparing with all of 10,000 would take longer than everything else
)


class Files:
    """A set of paths with forward slashes, relative to content/."""

    def __init__(self, paths: Iterable[str], *, closed: Mapping[str, str] | None = None) -> None:
        self._paths = frozenset(paths)
        self.closed = dict(closed or {})  # folders that could not be looked into, and why
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_start: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path in sorted(self._paths):
            name = posixpath.basename(path).lower()
            self._by_name[name].append(path)
            self._by_start[name[:2], posixpath.splitext(name)[1]].append(path)

    @classmethod
    def below(cls, folder: Path) -> Files:
        """List a folder, following links as Pelican does, but none into a folder already listed."""
        closed: dict[str, str] = {}
        return cls(list(_walk(folder, closed)), closed=closed)

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._paths))

    def nearest(self, path: str) -> str:
        """Give the file of the same name in another folder, or the one with the most similar path, or nothing."""
        name = posixpath.basename(path).lower()
        if same := self._by_name.get(name):
            return same[0]
        similar = self._by_start.get((name[:2], posixpath.splitext(name)[1]), [])[:_COMPARED]
        return next(iter(get_close_matches(path, similar, n=1, cutoff=0.8)), "")


def _walk(folder: Path, closed: dict[str, str]) -> Iterator[str]:
    def shut(error: OSError) -> None:
        closed[Path(os.fsdecode(error.filename)).relative_to(folder).as_posix()] = error.strerror or "unknown"

    seen: set[str] = set()
    for current, folders, names in os.walk(folder, onerror=shut, followlinks=True):
        real = os.path.realpath(current)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        below = Path(current).relative_to(folder).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in names)
