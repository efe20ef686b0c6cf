"""Lines of a terminal: how wide a text is, where it may break, and tables set in columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["COLUMNS", "pad", "table", "width", "wrap"]

COLUMNS = 72

_GAP = "   "
_READABLE = 16  # columns; text that is wrapped into less reads badly
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|mailto:|tel:|sms:")
# Chinese and Japanese are written without spaces and may break between most characters, but a line must not begin
# with what closes nor end with what opens (Unicode Standard Annex 14, classes CL, EX, NS and OP).
_NOT_FIRST = frozenset("、。，．・：；？！゛゜ヽヾゝゞ々ー）］｝〉》」』】〕〗〙〛”’…‥％℃!,.:;?)]}%'\"")
_NOT_LAST = frozenset("（［｛〈《「『【〔〖〘〚“‘$£¥([{")


def width(text: str) -> int:
    """Count the columns a text takes in a terminal (Unicode Standard Annex 11).

    Wide characters and emoji take two columns, accents, joiners and variation selectors none. What is joined to an
    emoji shares its place.
    """
    if text.isascii():
        return len(text)
    total, last, joined = 0, 0, False
    for character in text:
        if joined:
            joined = False
            continue
        if character == "\u200d":
            joined = True
            continue
        if character == "\ufe0f":
            total += last == 1
            last = 2
            continue
        if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\U0001f3fb" <= character <= "\U0001f3ff":
            continue
        last = 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
        total += last
    return total


def pad(text: str, columns: int, align: str = "left") -> str:
    """Fill a text with spaces to a number of columns; align is "left", "right" or "center"."""
    room = max(columns - width(text), 0)
    before = {"left": 0, "right": room, "center": room // 2}[align]
    return " " * before + text + " " * (room - before)


def wrap(text: str, columns: int = COLUMNS) -> list[str]:
    """Break a text into lines of at most ``columns``.

    Line breaks in it are kept. It breaks at spaces and between the characters of Chinese and Japanese, never inside a
    word or an address: one that is wider than the line stands on a line of its own. No-break spaces hold words
    together and come out as plain spaces.
    """
    lines: list[str] = []
    for part in text.split("\n"):
        line, used = "", 0
        for gap, word in _words(part):
            size = width(word)
            if line and used + len(gap) + size > columns:
                lines.append(line)
                line, used = word, size
            else:
                line, used = (line + gap + word, used + len(gap) + size) if line else (word, size)
        lines.append(line)
    return [line.replace("\u00a0", " ").rstrip() for line in lines]


def table(
    rows: Sequence[Sequence[str]], aligns: Sequence[str], *, heads: int, columns: int = COLUMNS
) -> list[str]:
    """Set a table in columns, or, where that would be too narrow to read, as one list for each row.

    Args:
        rows: Cells as text on one line each, the same number in each row.
        aligns: "left", "right" or "center" for each column.
        heads: How many of the first rows are headings.
        columns: Room for the whole table.
    """
    count = len(aligns)
    wanted = [max((width(row[at]) for row in rows), default=0) for at in range(count)]
    least = [
        max((width(word) for row in rows for _, word in _words(row[at])), default=0) for at in range(count)
    ]
    room = columns - len(_GAP) * (count - 1)
    if sum(least) > room or (sum(wanted) > room and room // count < _READABLE):
        return _as_lists(rows, heads=heads, columns=columns)
    sizes = list(least)
    spare = room - sum(sizes)
    while spare > 0 and sizes != wanted:
        # Room goes where the text is squeezed most.
        tight = max(
            range(count), key=lambda at: wanted[at] / max(sizes[at], 1) if sizes[at] < wanted[at] else 0
        )
        sizes[tight] += 1
        spare -= 1
    lines: list[str] = []
    wrapped = [[wrap(cell, size) for cell, size in zip(row, sizes, strict=True)] for row in rows]
    tall = any(len(cell) > 1 for cells in wrapped[heads:] for cell in cells)
    for at, cells in enumerate(wrapped):
        if tall and at > heads:
            lines.append("")
        for level in range(max(map(len, cells))):
            texts = (cell[level] if level < len(cell) else "" for cell in cells)
            lines.append(_GAP.join(map(pad, texts, sizes, aligns)).rstrip())
        if at == heads - 1:
            lines.append(_GAP.join("-" * size for size in sizes))
    return lines


def _as_lists(rows: Sequence[Sequence[str]], *, heads: int, columns: int) -> list[str]:
    names = rows[heads - 1] if heads else [""] * len(rows[0])
    lines: list[str] = []
    for row in rows[heads:]:
        if lines:
            lines.append("")
        for at, (name, cell) in enumerate(zip(names, row, strict=True)):
            text = f"{name}: {cell}" if name else cell
            first, *rest = wrap(text, columns - 4)
            lines.append(("- " if at == 0 else "  ") + first)
            lines += ["    " + more for more in rest]
    return lines


def _words(text: str) -> list[tuple[str, str]]:
    """Split a line into what must not be broken, each with the space before it."""
    found: list[tuple[str, str]] = []
    for word in re.split(r"[ \t]+", text):
        if not word:
            continue
        pieces = [word] if word.isascii() or _ADDRESS.search(word) else _breakable(word)
        found += [(" " if at == 0 else "", piece) for at, piece in enumerate(pieces)]
    return found


def _breakable(word: str) -> list[str]:
    pieces = [word[0]]
    for before, here in pairwise(word):
        free = _is_ideograph(before) or _is_ideograph(here)
        stays = (
            here in _NOT_FIRST
            or before in _NOT_LAST
            or width(here) == 0
            or before == "\u00a0"
            or here == "\u00a0"
        )
        if free and not stays:
            pieces.append(here)
        else:
            pieces[-1] += here
    return pieces


def _is_ideograph(character: str) -> bool:
    """Say whether a line may break beside a character; emoji are wide too but belong to their words."""
    return unicodedata.east_asian_width(character) in ("W", "F") and unicodedata.category(character) == "Lo"
