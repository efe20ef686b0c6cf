"""The command line: parse, call, print. Nothing else.

Exit codes: 0 done · 1 something is wrong with posts, theme or build · 2 the command was misspelt · 3 settings or
key · 4 a person has to decide · 5 mail could not be handed over, run again · 70 a mistake of ours · 130 interrupted.
"""

from __future__ import annotations

from pipeline.cli.app import main

__all__ = ["main"]
