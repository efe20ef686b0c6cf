"""A fragment of HTML with every link made whole, so that it can be read away from its page.

What is no link stays byte for byte as it is.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from itertools import accumulate
from urllib.parse import urljoin

__all__ = ["absolute"]

_LINKS = frozenset(
    {"action", "background", "cite", "data", "formaction", "href", "longdesc", "poster", "src"}
)
_SETS = frozenset({"imagesrcset", "srcset"})
_CANDIDATE = re.compile(r"[\s,]*(\S*[^\s,])(?:(,)|\s+([^,(]*(?:\([^)]*\)[^,(]*)*),?|,?$)")


def absolute(html: str, base: str) -> str:
    """Make the links of a fragment absolute.

    Args:
        html: The fragment.
        base: The absolute address of the page it stands on.
    """
    parser = _Tags(html, base)
    parser.feed(html)
    parser.close()
    return parser.result()


class _Tags(HTMLParser):
    """Note each tag that has to be written anew, and where it stands."""

    def __init__(self, html: str, base: str) -> None:
        super().__init__(convert_charrefs=False)
        self._html = html
        self._base = base
        self._lines = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self._changed: list[tuple[int, int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._handle(tag, attrs, end=">")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._handle(tag, attrs, end=" />")

    def _handle(self, tag: str, attrs: list[tuple[str, str | None]], *, end: str) -> None:
        whole = [(name, self._whole(name, value)) for name, value in attrs]
        if whole == attrs:
            return
        line, column = self.getpos()
        start = self._lines[line - 1] + column
        written = self.get_starttag_text() or ""
        parts = (name if value is None else f'{name}="{escape(value)}"' for name, value in whole)
        self._changed.append((start, start + len(written), f"<{' '.join([tag, *parts])}{end}"))

    def _whole(self, name: str, value: str | None) -> str | None:
        if value is None:
            return None
        if name in _LINKS:
            return _joined(self._base, value)
        if name in _SETS:
            return ", ".join(
                " ".join(filter(None, (_joined(self._base, match[1]), (match[3] or "").strip())))
                for match in _CANDIDATE.finditer(value)
            )
        return value

    def result(self) -> str:
        pieces: list[str] = []
        position = 0
        for start, end, tag in self._changed:
            pieces += [self._html[position:start], tag]
            position = end
        return "".join([*pieces, self._html[position:]])


def _joined(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:  # as of "http://[": no address, and none can be made of it
        return link
