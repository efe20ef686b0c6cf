"""A folder made the same as another, at the cost of what differs; every file in it is whole at every moment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

__all__ = ["mirror", "replace"]

_BESIDE = ".~next"  # the end of a file's name until it takes its place


def mirror(source: Path, target: Path) -> tuple[str, ...]:
    """Have a folder hold what another holds; name the files that were written or removed.

    Files count as the same if size and time of change are; copies take over the time. All that is new is written
    beside its place first, then renamed, then what is gone is removed: for the moment of the renames, and no longer,
    pages of both may stand side by side. What a crash leaves undone is done by the next call.

    Args:
        source: is not changed.
        target: is made if it is missing.
    """
    wanted, held = dict(_files(source, "")), dict(_files(target, ""))
    target.mkdir(parents=True, exist_ok=True)
    changed = [path for path, about in wanted.items() if held.get(path) != about]
    for path in changed:
        beside = target / f"{path}{_BESIDE}"
        _make_room(target, beside.parent)
        shutil.copyfile(source / path, beside)
        os.utime(beside, ns=(wanted[path][1], wanted[path][1]))
    for path in changed:
        place = target / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        Path(f"{place}{_BESIDE}").replace(place)
    gone = [path for path in held if path not in wanted]
    for path in gone:
        (target / path).unlink(missing_ok=True)
    for folder in sorted(
        {(target / path).parent for path in gone}, key=lambda one: len(one.parts), reverse=True
    ):
        _remove_empty(folder, target)
    return (*changed, *gone)


def replace(source: Path, target: Path) -> None:
    """Have a file hold what another holds, whole or not at all, readable by its owner alone."""
    beside = target.with_name(f"{target.name}{_BESIDE}")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - by descriptor
        file.write(source.read_bytes())
    beside.replace(target)


def _files(folder: Path, below: str) -> Iterator[tuple[str, tuple[int, int]]]:
    try:
        entries = os.scandir(folder / below)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _files(folder, f"{path}/")
            else:
                about = entry.stat(follow_symlinks=False)
                yield path, (about.st_size, about.st_mtime_ns)


def _make_room(top: Path, folder: Path) -> None:
    """Make a folder where a file may stand."""
    if folder.is_dir():
        return
    if folder != top:
        _make_room(top, folder.parent)
    if folder.is_symlink() or folder.exists():
        folder.unlink()
    folder.mkdir()


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:  # something is in it, or it went with what was
            if folder.exists():
                return
        folder = folder.parent
