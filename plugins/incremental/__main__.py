"""The command: ``python -m incremental`` with the words of ``pelican``, and two more.

--store FOLDER  where builds remember what they did (default: cache/incremental)
--clean         forget it, and build everything
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Build what changed; give the exit code."""
    from .front import nothing_to_do, receipt_of  # noqa: PLC0415 - what is imported is what the command costs

    words, store, clean = _own(argv)
    receipt = receipt_of(store, words)
    if clean:
        if os.path.exists(receipt):
            os.unlink(receipt)
    elif (files := nothing_to_do(receipt)) is not None:
        print(f"Done: nothing changed; {files} files stand as they are.")  # noqa: T201
        return 0
    gc.disable()  # what is imported stays: nothing to find among it
    from .command import build  # noqa: PLC0415 - costs ten times as much as all of the above

    gc.freeze()
    gc.enable()
    try:
        return build(words, store=store, receipt=receipt, clean=clean)
    finally:
        gc.freeze()  # the process ends: what it held goes with it, and is not looked through again


def _own(argv: Sequence[str]) -> tuple[list[str], str, bool]:
    """Take our own words out of the command."""
    words, store, clean = [], os.path.join("cache", "incremental"), False
    rest = iter(argv)
    for word in rest:
        if word == "--clean":
            clean = True
        elif word == "--store":
            store = next(rest, store)
        elif word.startswith("--store="):
            store = word.partition("=")[2]
        else:
            words.append(word)
    return words, os.path.abspath(store), clean


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
