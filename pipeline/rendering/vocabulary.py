"""What a letter carries over from a page, by name: elements, attributes, classes."""

from __future__ import annotations

import re

from pipeline.rendering.direction import direction
from pipeline.rendering.markup import BLOCKS, HEADINGS, Element

__all__ = [
    "DROPPED",
    "MEDIA",
    "PAGE_SIGNS",
    "UNCLOSED",
    "attributes",
    "clean_text",
    "is_hidden",
    "languages",
    "renamed",
]

# Their content is for browsers, not for readers.
DROPPED = frozenset(
    {
        "base",
        "button",
        "col",
        "colgroup",
        "datalist",
        "dialog",
        "head",
        "input",
        "link",
        "meta",
        "noscript",
        "param",
        "script",
        "select",
        "style",
        "template",
        "textarea",
        "title",
    }
)
MEDIA = frozenset({"audio", "iframe", "object", "video"})
# They hold nothing and have no end tag (HTML, section 13.1.2), which the parser does not know of these: what it takes
# for their content stands behind them.
UNCLOSED = frozenset({"embed", "source", "track", "wbr"})
# What only helps on the page: "back to the text", "link to this heading", a table of contents.
PAGE_SIGNS = frozenset({"footnote-backref", "headerlink", "toc"})

_RENAMED = {
    "acronym": "abbr",
    "address": "div",
    "article": "div",
    "aside": "div",
    "center": "div",
    "details": "div",
    "dir": "ul",
    "figcaption": "div",
    "figure": "div",
    "footer": "div",
    "header": "div",
    "hgroup": "div",
    "main": "div",
    "menu": "ul",
    "nav": "div",
    "section": "div",
    "strike": "s",
    "summary": "p",
    "tt": "code",
}
_CLASS_OF_TAG = {"aside": "aside", "figcaption": "caption", "figure": "figure"}
# The site's classes that a letter has a look for; others are dropped.
_CLASSES = {
    "admonition": "aside",
    "aside": "aside",
    "attribution": "by",
    "by": "by",
    "callout": "aside",
    "caption": "caption",
    "figure": "figure",
    "footnote": "notes",
    "note": "aside",
    "notes": "notes",
    "pull": "pull",
    "pull-quote": "pull",
    "pullquote": "pull",
    "references": "sources",
    "source": "by",
    "sources": "sources",
}

_NUMBER = re.compile(r"-?[0-9]{1,4}\Z")
_ONE_OF = re.compile(r"(col|row)(group)?\Z|[1aAiI]\Z")
_WORDS = re.compile(r"\S")
# By element: which attributes, and what a value must look like.
_ATTRIBUTES = {
    "abbr": {"title": _WORDS},
    "li": {"value": _NUMBER},
    "ol": {"start": _NUMBER, "type": _ONE_OF},
    "td": {"colspan": _NUMBER, "rowspan": _NUMBER},
    "th": {"colspan": _NUMBER, "rowspan": _NUMBER, "scope": _ONE_OF},
    "time": {"datetime": _WORDS},
}

_LANG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ALIGN = re.compile(r"text-align:\s*(left|right|center)")
_INVISIBLE = re.compile(r"display:\s*none|visibility:\s*hidden")
# Not part of any text: control characters, lone surrogates, non-characters, and what turns text around unseen.
_NOT_TEXT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_LINE_END = re.compile("[\u2028\u2029]")


def renamed(tag: str, *, shift: int) -> str:
    """Return the name an element has in a letter; headings move down by ``shift``."""
    if tag in HEADINGS:
        return f"h{min(int(tag[1]) + shift, 6)}"
    return _RENAMED.get(tag, tag)


def is_hidden(node: Element) -> bool:
    """Say whether a page does not show an element; a letter does not show it either."""
    return "hidden" in node.attrib or bool(_INVISIBLE.search(node.get("style", "")))


def attributes(node: Element, *, name: str) -> dict[str, str]:
    """Return the attributes that an element keeps, with the classes a letter has a look for.

    Args:
        node: The element as it stands on the page.
        name: What it is called in the letter.
    """
    found = languages(node)
    classes = _classes(node, name)
    if classes:
        found["class"] = " ".join(sorted(classes))
    for attribute, wanted in _ATTRIBUTES.get(name, {}).items():
        value = " ".join(clean_text(node.get(attribute)).split())
        if wanted.match(value):
            found[attribute] = value
    if name == "ol" and "reversed" in node.attrib:
        found["reversed"] = "reversed"
    if name == "th" and "scope" not in found:
        cells = [*node.itersiblings("td", "th", preceding=True), *node.itersiblings("td", "th")]
        found["scope"] = "row" if any(cell.tag == "td" for cell in cells) else "col"
    return found


def languages(node: Element) -> dict[str, str]:
    """Return an element's language and direction; a language that is named brings its direction along."""
    found: dict[str, str] = {}
    lang = node.get("lang") or node.get(_XML_LANG) or ""
    if _LANG.match(lang):
        found = {"lang": lang, "dir": direction(lang)}
    if node.get("dir", "").lower() in ("ltr", "rtl", "auto"):
        found["dir"] = node.get("dir", "").lower()
    return found


def clean_text(text: str | None) -> str:
    """Return a text without what is not text: control characters, lone surrogates, overrides of its direction."""
    return _LINE_END.sub("\n", _NOT_TEXT.sub("", text or ""))


def _classes(node: Element, name: str) -> set[str]:
    if name not in BLOCKS:
        return set()
    given = node.get("class", "").lower().split()
    classes = {_CLASSES[each] for each in given if each in _CLASSES}
    sides = {"center", "left", "right"}
    if str(node.tag) in _CLASS_OF_TAG:
        classes.add(_CLASS_OF_TAG[str(node.tag)])
    if name in ("td", "th"):
        styled = _ALIGN.search(node.get("style", ""))
        classes |= {styled[1] if styled else node.get("align", "").lower(), *given} & sides
    return classes
