"""The small HTML that letters are written in, and its way back to text.

A clean tree holds only what the tables below name. Whatever reads one (pictures, cutting, the plain-text part) may
rely on that, and ``serialise`` writes it out without looking for danger again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

__all__ = [
    "BLOCKS",
    "HEADINGS",
    "INLINE",
    "VOID",
    "Element",
    "children",
    "escape",
    "leading_text",
    "plain",
    "serialise",
    "serialise_child",
]

Element = etree._Element

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | frozenset(
    {
        "blockquote",
        "caption",
        "dd",
        "div",
        "dl",
        "dt",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    }
)
INLINE = frozenset(
    {
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "br",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "i",
        "img",
        "ins",
        "kbd",
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
    }
)
VOID = frozenset({"br", "hr", "img"})

_SPACE = re.compile(r"[ \t\n\r\f]+")


def children(element: Element) -> list[Element]:
    """List an element's child elements (a clean tree has no comments)."""
    return list(element)


def escape(text: str) -> str:
    """Escape text for HTML content and for attributes in double quotes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def plain(element: Element) -> str:
    """Return an element's words on one line, pictures by their alternative text."""
    return _SPACE.sub(" ", "".join(_texts(element))).strip()


def leading_text(element: Element, *, limit: int = 60) -> str:
    """Return an element's first words, at most ``limit`` characters, to name it by."""
    words = plain(element)
    if len(words) <= limit:
        return words
    return words[:limit].rsplit(" ", 1)[0].rstrip(" ,;:.–—-") + "…"


def serialise(root: Element, *, keep: int | None = None) -> str:
    """Write the inside of a clean tree as HTML, one top-level block to a line.

    Args:
        root: A clean tree; its own tag is not written.
        keep: How many top-level blocks to write; None writes all.
    """
    return "\n".join(serialise_child(child) for child in children(root)[:keep])


def serialise_child(element: Element) -> str:
    """Write one clean element, its tail left out, as HTML."""
    return "".join(_write(element))


def _texts(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == "img":
            yield child.get("alt", "")
        elif child.tag == "br":
            yield " "
        elif child.tag in BLOCKS:
            yield " "
            yield from _texts(child)
            yield " "
        else:
            yield from _texts(child)
        yield child.tail or ""


def _write(element: Element) -> Iterator[str]:
    tag = str(element.tag)
    attributes = "".join(f' {name!s}="{escape(str(value))}"' for name, value in element.items())
    yield f"<{tag}{attributes}>"
    if tag in VOID:
        return
    yield escape(element.text or "")
    for child in element:
        yield from _write(child)
        yield escape(child.tail or "")
    yield f"</{tag}>"
