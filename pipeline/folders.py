"""Folders that hold what only their owner may see."""

from __future__ import annotations

from pathlib import Path

__all__ = ["make_private"]


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
