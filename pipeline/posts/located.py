"""Values that know where they stand in their file.

Front matter is read into these before anything judges it, so that whatever is wrong with a value can be said with
its line and column, also when it sits inside a list.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.posts.mistakes import Mistake, Severity

__all__ = ["Field", "Items", "Node", "Place", "Plain", "Source", "Table", "Text", "mistake", "plain"]

# What is left of a value once its place is forgotten. Everything a writer types is text until the schema reads it.
Plain = str | Sequence["Plain"] | Mapping[str, "Plain"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Text:
    """A single value."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    values: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Field:
    """A key and its value."""

    key: str
    place: Place  # of the key
    value: Node


@dataclass(frozen=True, slots=True)
class Table:
    """A value made of keys and values."""

    fields: tuple[Field, ...]
    place: Place


Node = Text | Items | Table


def plain(node: Node) -> Plain:
    """Forget the places."""
    match node:
        case Text():
            return node.value
        case Items():
            return [plain(value) for value in node.values]
        case Table():
            return {field.key: plain(field.value) for field in node.fields}


class Source:
    r"""A text and the path it was read from: turns offsets into places, and places into mistakes.

    Lines are counted as editors count them, by ``\n`` alone, not by the rarer breaks that YAML also knows.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def place(self, offset: int) -> Place:
        """Give the place of the character at ``offset``."""
        line = bisect_right(self._starts, offset, hi=len(self._starts) - 1)
        return Place(line, offset - self._starts[line - 1] + 1)

    def offset(self, line: int) -> int:
        """Give the offset at which ``line``, from 1, begins."""
        return self._starts[line - 1]

    def mistake(self, place: Place, message: str, advice: str, *, warning: bool = False) -> Mistake:
        """Say what is wrong at ``place``."""
        return mistake(self.path, place, message, advice, warning=warning)


def mistake(path: str, place: Place, message: str, advice: str, *, warning: bool = False) -> Mistake:
    """Say what is wrong at a place of a file."""
    severity = Severity.WARNING if warning else Severity.ERROR
    return Mistake(
        path=path, line=place.line, column=place.column, severity=severity, message=message, advice=advice
    )
