"""A link to a film that stands alone in a post → a still picture, a plain link, and a word on where it leads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor

from pipeline.posts.plain import from_html

from .links import Film, film

__all__ = ["AloneOnALine", "Still", "shown"]

_LINE = re.compile(r" {0,3}(https?://[^\s<>]+)\s*")
_ALONE = re.compile(
    r"<p>\s*<a\s[^<>]*>(?:(?!</?a[\s>]).)*</a>\s*</p>|(?:<p>\s*)?<iframe\s[^<>]*>[^<]*</iframe>(?:\s*</p>)?",
    re.DOTALL | re.IGNORECASE,
)


class AloneOnALine(Extension):
    """Take an address that stands alone between empty lines for a link (Markdown leaves it as text)."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - as the library calls it
        """Register with a Markdown: behind what takes code out of sight."""
        md.preprocessors.register(_Lines(md), "films", 15)


class _Lines(Preprocessor):
    def run(self, lines: list[str]) -> list[str]:
        found = []
        for number, line in enumerate(lines):
            match = _LINE.fullmatch(line)
            around = (lines[number - 1] if number else "", *lines[number + 1 : number + 2])
            alone = match and film(match[1]) and not any(each.strip() for each in around)
            found.append(f"<{match[1]}>" if match and alone else line)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Still:
    """What a page shows of a film."""

    film: Film
    title: str  # plain; "" where the writer gives none
    image: str  # the writer's picture, as markup; "" where there is none


def shown(html: str, show: Callable[[Still], str]) -> str:
    """Replace each link to a film that is a paragraph of its own, and each frame with one in it.

    Args:
        html: A post's body.
        show: Writes what stands there instead.
    """

    def replace(match: re.Match[str]) -> str:
        reader = _Reader()
        reader.feed(match[0])
        reader.close()
        found = film(reader.address)
        if found is None:
            return match[0]
        words = from_html(reader.words)
        title = reader.title or ("" if words == unescape(reader.address) else words)
        return show(Still(film=found, title=title, image=reader.image))

    return _ALONE.sub(replace, html)


class _Reader(HTMLParser):
    """Read what a link to a film holds."""

    def __init__(self) -> None:
        super().__init__()
        self.address = self.title = self.image = self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag in {"a", "iframe"}:
            address = known.get("href" if tag == "a" else "src") or ""
            self.address = f"https:{address}" if address.startswith("//") else address
            title = " ".join((known.get("title") or "").split())
            self.title = "" if tag == "iframe" and title.startswith("YouTube") else title
        if tag == "img":
            self.image = self.get_starttag_text() or ""

    def handle_data(self, data: str) -> None:
        self.words += data
