"""``<img>`` in a page → ``<picture>`` with every size and format there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

__all__ = ["Offer", "Source", "pictured"]

_IMAGE = re.compile(r"<picture\b.*?</picture\s*>|<img\b[^>]*>", re.DOTALL | re.IGNORECASE)
_SIZES = "(min-width: 46rem) 42rem, calc(100vw - 2.5rem)"  # the column, in theme/static/css/site.css


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One format of a picture."""

    type: str  # media type
    candidates: Sequence[tuple[str, int]]  # address, width in pixels


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What is known of a picture that a page shows."""

    width: int
    height: int
    sources: Sequence[Source]  # best first
    tone: str = ""  # the colour of its place while it comes, as three hexadecimal digits


def pictured(html: str, find: Callable[[str], Offer | None]) -> str:
    """Offer each picture of a page in all its forms.

    An ``<img>`` gets its width and height, so that nothing jumps when it comes, and is loaded when it comes near,
    unless it says otherwise. Until then its place has the colour that most of it has, by classes of the style sheet:
    the policy allows no style in a page. One that stands in a ``<picture>`` already is left to whoever put it there.

    Args:
        html: The page, or a part of it.
        find: Tells of an address in ``src`` what there is; None of one that is not this site's.
    """
    return _IMAGE.sub(lambda match: _one(match[0], find), html)


def _one(tag: str, find: Callable[[str], Offer | None]) -> str:
    if tag[:4].lower() != "<img":
        return tag
    attributes = _attributes(tag)
    offer = find(attributes.get("src") or "")
    if offer is None:
        return tag
    if "width" not in attributes and "height" not in attributes:
        attributes |= {"width": str(offer.width), "height": str(offer.height)}
    attributes.setdefault("loading", "lazy")
    attributes.setdefault("decoding", "async")
    if offer.tone:
        attributes["class"] = " ".join(filter(None, (attributes.get("class"), _classes(offer.tone))))
    image = "".join(f' {name}="{escape(value or "")}"' for name, value in attributes.items())
    sources = "".join(_source(source) for source in offer.sources)
    return f"<picture>{sources}<img{image}></picture>" if sources else f"<img{image}>"


def _classes(tone: str) -> str:
    """Name the classes for a colour; what an image says in words, should it never come, stands out from it."""
    red, green, blue = (int(digit, 16) for digit in tone)
    luminance = (
        0.2126 * _light(red) + 0.7152 * _light(green) + 0.0722 * _light(blue)
    )  # WCAG 2.2, relative luminance
    deep = " deep" if luminance < 0.179 else ""  # where white stands out as much as black does
    return f"tint r{red} g{green} b{blue}{deep}"


def _light(digit: int) -> float:
    part = digit / 15
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _source(source: Source) -> str:
    candidates = ", ".join(f"{address} {width}w" for address, width in source.candidates)
    return f'<source type="{source.type}" srcset="{escape(candidates)}" sizes="{_SIZES}">'


def _attributes(tag: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
            found.update(attrs)

    Reader().feed(tag)
    return found
