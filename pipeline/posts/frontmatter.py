"""A post's file → its front matter, every key and value with its place, and its body.

Two ways of writing front matter are read: YAML between lines of ``---``, found and split by python-frontmatter with
a handler of ours, and Pelican's own ``Title: …`` headers. Whatever the bytes are, the answer is a document that
says what is wrong and where; nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import frontmatter
from frontmatter.default_handlers import BaseHandler

from pipeline.posts import encoding, headers, yamltext
from pipeline.posts.located import Field, Source
from pipeline.posts.mistakes import Mistake

__all__ = ["MAX_FRONT_MATTER", "Document", "Style", "parse", "read"]

MAX_FRONT_MATTER = 64 * 1024  # characters

_OPENING = re.compile(r"-{3,}[ \t]*(?:\n|\Z)")
_CLOSING = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)


class Style(Enum):
    """How a document's front matter is written."""

    YAML = "yaml"
    HEADERS = "headers"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A post's file, read but not yet judged."""

    source: Source
    style: Style = Style.HEADERS
    fields: Mapping[str, Field] = field(default_factory=dict)  # by key, in the order of the file
    body: str = ""
    body_line: int = 1  # the line, from 1, on which the body begins
    readable: bool = True  # False: front matter could not be read to its end, so what is missing says nothing
    mistakes: tuple[Mistake, ...] = ()


def read(path: Path, *, shown: str = "") -> Document:
    """Read a file; ``shown`` is what to call it in mistakes, else the path as given."""
    return _document(*encoding.load(path, shown=shown))


def parse(data: bytes, *, path: str) -> Document:
    """Read the bytes of a file; ``path`` is what to call it in mistakes."""
    return _document(*encoding.decode(data, path=path))


def _document(source: Source, mistake: Mistake | None) -> Document:
    if mistake:
        return Document(source=source, readable=False, mistakes=(mistake,))
    text = source.text
    # Blank lines before the fence are forgiven; before headers they are not, since Pelican takes them for the end.
    start = len(text) - len(text.lstrip())
    if _OPENING.match(text, start):
        return _fenced(source, start)
    fields, line, mistakes = headers.read(source)
    body = text[source.offset(line) :] if line <= text.count("\n") + 1 else ""
    by_key = MappingProxyType({entry.key: entry for entry in fields})
    return Document(source=source, fields=by_key, body=body, body_line=line, mistakes=mistakes)


def _fenced(source: Source, start: int) -> Document:
    handler = _Handler(source, start)
    try:
        frontmatter.parse(source.text[start:], handler=handler)
    except _Unsplit as unsplit:
        mistake = source.mistake(source.place(start), unsplit.message, unsplit.advice)
        return Document(source=source, readable=False, mistakes=(mistake,))
    fields, mistakes = handler.outcome
    by_key = MappingProxyType({entry.key: entry for entry in fields or ()})
    return Document(
        source=source,
        style=Style.YAML,
        fields=by_key,
        body=source.text[handler.body :],
        body_line=source.place(handler.body).line,
        readable=fields is not None,
        mistakes=mistakes,
    )


class _Unsplit(Exception):
    """The front matter has no end."""

    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message, self.advice = message, advice


class _Handler(BaseHandler):
    """python-frontmatter's way in to YAML that keeps its places.

    One is made for each document, and keeps what the library would drop: the offsets, and the white space at the
    start of a body, which in Markdown may be code.
    """

    FM_BOUNDARY = _OPENING

    def __init__(self, source: Source, start: int) -> None:
        super().__init__()
        self.source = source
        self.start = start
        self.body = len(source.text)  # offset
        self.outcome: tuple[tuple[Field, ...] | None, tuple[Mistake, ...]] = ((), ())

    def split(self, text: str) -> tuple[str, str]:
        """Part the front matter from the body at the first line that closes it."""
        opening = _OPENING.match(text)
        first = opening.end() if opening else 0
        closing = _CLOSING.search(text, first)
        if closing is None:
            raise _Unsplit("the front matter is opened here and never closed", "write --- on a line after it")
        if closing.start() - first > MAX_FRONT_MATTER:
            limit = MAX_FRONT_MATTER // 1024
            raise _Unsplit(f"the front matter is longer than {limit} KiB", "move what is long into the body")
        self.body = min(self.start + closing.end() + 1, len(self.source.text))
        self.start += first
        return text[first : closing.start()], text[closing.end() :]

    def load(self, fm: str) -> dict[str, object]:
        """Read the YAML at its place in the file."""
        self.outcome = yamltext.read(self.source, self.start, self.start + len(fm))
        return {entry.key: entry for entry in self.outcome[0] or ()}
