"""Make the index that the search page reads.

A Pelican plugin. Once the site is written, Pagefind reads the pages that say ``data-pagefind-body`` and leaves
an index in ``/pagefind/``, in pieces: a browser fetches those that its words need. No other computer is asked.
The index is made of the pages alone, so the same site has the same one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from pelican import signals

from ..refusing import Refused, without_traceback

__all__ = ["index", "register"]

_FOLDER = "pagefind"
_NOT_USED = (  # ready-made pages of its own; this site has one
    *(
        "pagefind-component-ui.css",
        "pagefind-component-ui.js",
        "pagefind-highlight.js",
        "pagefind-modular-ui.css",
    ),
    *("pagefind-modular-ui.js", "pagefind-ui.css", "pagefind-ui.js"),
)


class Run(Protocol):
    """What is read of Pelican."""

    output_path: str


def index(pelican: Run) -> None:
    """Make the index of a site that was just written, and of nothing that was there before.

    Raises:
        Refused: Pagefind says that it cannot.
    """
    output = Path(pelican.output_path)
    shutil.rmtree(output / _FOLDER, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "pagefind",
        "--site",
        str(output),
        "--output-subdir",
        _FOLDER,
        "--silent",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own interpreter
    if done.returncode != 0:
        raise Refused(f"the search index could not be made: {(done.stderr or done.stdout).strip()}")
    for name in _NOT_USED:
        (output / _FOLDER / name).unlink(missing_ok=True)
    entry = (
        output / _FOLDER / "pagefind-entry.json"
    )  # names the languages in an order that changes from run to run
    entry.write_text(json.dumps(json.loads(entry.read_bytes()), sort_keys=True), encoding="utf-8")


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.finalized.connect(index)
