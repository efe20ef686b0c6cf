"""Which way a run of text, or what stands in a language, is written."""

from __future__ import annotations

import unicodedata

from pipeline.posts.languages import Direction, direction
from pipeline.rendering.markup import HEADINGS, Element, plain

__all__ = ["Direction", "direction", "mark", "written"]

_DIRECTED = HEADINGS | {"blockquote", "caption", "dd", "div", "dt", "li", "ol", "p", "pre", "td", "th", "ul"}


def written(text: str) -> Direction | None:
    """Return the direction of a text all of whose letters agree, or None.

    A text of both directions is left to the bidirectional algorithm (Unicode Standard Annex 9): guessing by its first
    letter would turn a paragraph around because of one foreign word.
    """
    found: Direction | None = None
    for character in text:
        kind = unicodedata.bidirectional(character)
        here: Direction | None = "ltr" if kind == "L" else "rtl" if kind in ("R", "AL") else None
        if here is None:
            continue
        if found is not None and here != found:
            return None
        found = here
    return found


def mark(root: Element, usual: Direction) -> None:
    """Say the direction of each block that is written wholly the other way and does not say so itself.

    Args:
        root: A clean tree.
        usual: The direction of the letter around it.
    """
    for node in root.iter(*_DIRECTED):
        if any("dir" in up.attrib for up in (node, *node.iterancestors())):
            continue
        found = written(plain(node))
        if found is not None and found != usual:
            node.set("dir", found)
    # Style sheets for mail cannot ask which way an element runs; they are told.
    for node in root.iter("blockquote", "caption", "dd", "ol", "td", "th", "ul"):
        around = (up.get("dir") for up in (node, *node.iterancestors()))
        if next(filter(None, around), usual) == "rtl":
            node.set("class", f"{node.get('class', '')} rtl".strip())
