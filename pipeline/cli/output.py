"""What the terminal shows: styled where it is a terminal, plain text where it is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

__all__ = ["bytes_text", "count", "error", "heading", "line", "lines", "result"]

_out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
_err = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def out() -> Console:
    """Answer the console that results go to."""
    return _out


def line(*parts: str | tuple[str, str]) -> None:
    """Print one line; a part may be (text, style)."""
    _out.print(Text.assemble(*parts))


def lines(rows: Iterable[str], *, style: str = "") -> None:
    """Print lines."""
    for row in rows:
        _out.print(Text(row, style=style))


def heading(text: str) -> None:
    """Print a line that begins something."""
    _out.print(Text(f"\n{text}", style="bold"))


def error(message: str, advice: str = "") -> None:
    """Say what went wrong, and what to do, where errors go."""
    _err.print(Text.assemble(("belonging: ", "bold red"), message))
    if advice:
        _err.print(Text(f"  → {advice}", style="bold"))


def result(value: Json) -> None:
    """Print a result for a script: one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def bytes_text(size: int) -> str:
    """Write a size as people read it."""
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} bytes"
