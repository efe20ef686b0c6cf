"""A post's HTML → its headings, and the sources it names at its end."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.posts.plain import from_html

__all__ = ["Heading", "Source", "contents", "sources"]

LONG = 5  # headings, from which on a post has a table of contents

_HEADING = re.compile(r"<h([23])\b[^>]*?\bid=\"([^\"]+)\"[^>]*>(.*?)</h\1>", re.DOTALL)
_SOURCES = re.compile(
    r"<h2\b[^>]*\bid=\"(?:sources|references|fuentes|referencias)\"[^>]*>.*?</h2>"
    r"(.*?)(?=<h2\b|<div class=\"footnote\"|\Z)",
    re.DOTALL,
)
_ITEM = re.compile(r"<li>(.*?)</li>", re.DOTALL)
_LINK = re.compile(r"<a\b[^>]*\bhref=\"(https?://[^\"]+)\"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """One line of a table of contents."""

    level: int  # 2 or 3
    id: str  # as in the HTML, to link to
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A work that a post rests on."""

    text: str
    url: str  # "" where none is given


def contents(html: str) -> tuple[Heading, ...]:
    """List the headings of a long post; of one with fewer than five, none.

    Args:
        html: The post's body. Headings without an id are left out: nothing can lead to them.
    """
    found = tuple(
        Heading(level=int(level), id=anchor, text=from_html(inner))
        for level, anchor, inner in _HEADING.findall(html)
    )
    return found if len(found) >= LONG else ()


def sources(html: str) -> tuple[Source, ...]:
    """List the works below the heading "Sources" or "References"."""
    section = _SOURCES.search(html)
    if section is None:
        return ()
    return tuple(
        Source(text=from_html(item), url=link[1] if (link := _LINK.search(item)) else "")
        for item in _ITEM.findall(section[1])
    )
