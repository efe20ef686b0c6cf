"""What the terminal shows: styled where it is a terminal, plain text where it is not."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.text import Text

__all__ = [
    "bytes_text",
    "count",
    "error",
    "heading",
    "line",
    "lines",
    "out",
    "result",
    "whatever_the_terminal",
]

_out = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
_err = Console(highlight=False, markup=False, emoji=False, soft_wrap=True, stderr=True)

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


def out() -> Console:
    """Answer the console that results go to."""
    return _out


def line(*parts: str | tuple[str, str]) -> None:
    """Print one line; a part may be (text, style)."""
    _out.print(_text(*parts))


def lines(rows: Iterable[str], *, style: str = "") -> None:
    """Print lines."""
    for row in rows:
        _out.print(_text((row, style)))


def heading(text: str) -> None:
    """Print a line that begins something."""
    _out.print(_text((f"\n{text}", "bold")))


def error(message: str, advice: str = "") -> None:
    """Say what went wrong, and what to do, where errors go."""
    _err.print(_text(("belonging: ", "bold red"), message))
    if advice:
        _err.print(_text((f"  → {advice}", "bold")))


def result(value: Json) -> None:
    """Print a result for a script: one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def bytes_text(size: int) -> str:
    """Write a size as people read it."""
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} bytes"


def whatever_the_terminal() -> None:
    """Show what a terminal has no letters for as question marks; it is no reason to stop half-way."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


# What somebody else wrote, such as a file's name, is shown and never obeyed: no control character gets through.
_CONTROLS = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def _text(*parts: str | tuple[str, str]) -> Text:
    pairs = (part if isinstance(part, tuple) else (part, "") for part in parts)
    return Text.assemble(*((text.translate(_CONTROLS), style) for text, style in pairs))
