"""A letter's HTML, taken apart once for all rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from pipeline.rendering.markup import Element

__all__ = ["Page", "declarations", "elements", "read_page", "words_of"]

_CONDITIONAL = re.compile(r"\[if [^\]]*\]>(.*)<!\[endif\]", re.DOTALL)
_DECLARATION = re.compile(r"\s*([a-z-]+)\s*:\s*((?:[^;\"']|\"[^\"]*\"|'[^']*')*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """What rules look at."""

    root: Element  # the html element
    hidden: tuple[Element, ...]  # what stands in comments that only Outlook for Windows reads, parsed
    css: str  # the text of all style elements, those in such comments too

    def everything(self) -> Iterator[Element]:
        """Walk every element, also those that only Outlook for Windows reads."""
        for root in (self.root, *self.hidden):
            yield from elements(root)


def read_page(html: str) -> Page | None:
    """Parse a letter; None where there is nothing to parse."""
    root = _parse(html)
    if root is None:
        return None
    comments = (_CONDITIONAL.search(str(comment.text)) for comment in root.iter(etree.Comment))
    hidden = tuple(
        parsed for found in comments if found and (parsed := _parse(f"<div>{found[1]}</div>")) is not None
    )
    css = "\n".join(style.text or "" for tree in (root, *hidden) for style in tree.iter("style"))
    return Page(root=root, hidden=hidden, css=css)


def elements(root: Element) -> Iterator[Element]:
    """Walk the elements of a tree, comments left out."""
    return (node for node in root.iter() if isinstance(node.tag, str))


def words_of(element: Element) -> str:
    """Return an element's words on one line, pictures by their alternative text."""
    parts: list[str] = []
    for node in element.iter():
        if isinstance(node.tag, str) and node.tag not in ("style", "script", "title"):
            parts += [node.text or "", node.get("alt", "")]
        if node is not element:
            parts.append(node.tail or "")
    return " ".join("".join(parts).split())


def declarations(element: Element) -> dict[str, str]:
    """Read an element's own style: property → value, both in lower case, "!important" left out."""
    found = {}
    for part in _DECLARATION.finditer(element.get("style", "").lower()):
        found[part[1]] = part[2].replace("!important", "").strip()
    return found


def _parse(html: str) -> Element | None:
    parser = etree.HTMLParser(encoding="utf-8")
    try:
        return etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError:
        return None
