"""Which way a language, and a run of text, is written."""

from __future__ import annotations

import unicodedata
from typing import Literal

from pipeline.rendering.markup import HEADINGS, Element, plain

__all__ = ["Direction", "direction", "mark", "written"]

Direction = Literal["ltr", "rtl"]

_RTL_LANGUAGES = frozenset(
    {"ar", "arc", "arz", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "mzn", "nqo", "pnb", "ps", "sd", "syr"}
    | {"ug", "ur", "yi"}
)
_RTL_SCRIPTS = frozenset(
    {"adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc", "thaa"}
)
_DIRECTED = HEADINGS | {"blockquote", "caption", "dd", "div", "dt", "li", "ol", "p", "pre", "td", "th", "ul"}


def direction(lang: str) -> Direction:
    """Return the direction a language is written in.

    Args:
        lang: A BCP 47 tag. A script subtag decides; without one the language's usual script does.
    """
    parts = lang.lower().replace("_", "-").split("-")
    script = next((part for part in parts[1:] if len(part) == 4 and part.isalpha()), None)
    if script is not None:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    return "rtl" if parts[0] in _RTL_LANGUAGES else "ltr"


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
    for node in root.iter("blockquote", "dd", "ol", "td", "th", "ul"):
        around = (up.get("dir") for up in (node, *node.iterancestors()))
        if next(filter(None, around), usual) == "rtl":
            node.set("class", f"{node.get('class', '')} rtl".strip())
