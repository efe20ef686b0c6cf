"""Parts of a page that are true with one provider of the list alone.

    <!-- provider: embedded -->
    We keep the list ourselves.
    <!-- provider: mailchimp -->
    Mailchimp keeps the list.
    <!-- provider: all -->

Each such line says for whom the lines after it are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.posts.frontmatter import Document, Style
from pipeline.posts.mistakes import Mistake

__all__ = ["judge", "only", "providers"]

_ALL = "all"
_NAMES = ("embedded", "mailchimp")
_MARK = re.compile(rf"^<!-- provider: ({'|'.join((*_NAMES, _ALL))}) -->[ \t]*$", re.MULTILINE)
_MEANT = re.compile(r"^.*<!--\s*providers?\b.*$", re.MULTILINE | re.IGNORECASE)


def only(body: str, provider: str) -> str:
    """Leave out of a Markdown body what is meant for other providers."""
    before, *rest = _MARK.split(body)
    kept = [text for name, text in zip(rest[::2], rest[1::2], strict=True) if name in {_ALL, provider}]
    return "".join((before, *kept))


def providers(body: str) -> frozenset[str]:
    """Name the providers that a body has something to say about; none where it has no such parts."""
    return frozenset(_MARK.findall(body)) - {_ALL}


def judge(document: Document) -> Iterator[Mistake]:
    """Name the lines of a document that were meant to begin such a part and do not."""
    begin = document.source.offset(document.body_line) if document.body else 0
    for found in _MEANT.finditer(document.body):
        place = document.source.place(begin + found.start())
        if document.style is Style.HEADERS:
            yield document.source.mistake(
                place, "parts for one provider need front matter between two lines ---", "put it between them"
            )
        elif _MARK.fullmatch(found[0]) is None:
            names = ", ".join(f"<!-- provider: {name} -->" for name in (*_NAMES, _ALL))
            yield document.source.mistake(
                place, "this names no provider of the list", f"write one of {names}"
            )
