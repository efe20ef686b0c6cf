"""Links of a page, changed because it is shown somewhere else; every other byte of the page stays as it was.

A page is not parsed into a tree and written again, for what a person looks at has to be what the file says. It is
read once, from front to back, for start tags, by those rules of the HTML standard's tokenizer (§13.2.5) that matter
to find them. Nothing here makes a hostile page harmless: the headers that it is served with do that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import unquote, urlsplit

__all__ = ["letter_page", "site_page"]

_OPENING = re.compile(r"<(?:(?P<comment>!--)|(?P<skipped>[!?/])|(?P<tag>[A-Za-z][^\s/>]*))")
_COMMENT_END = re.compile(r"--!?>")
_ATTRIBUTE = re.compile(
    r"[\s/]*(?P<name>[^\s/>][^\s/>=]*)"
    r"""(?:\s*=\s*(?P<value>"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s>"'][^\s>]*)))?"""
)
_TAG_END = re.compile(r"[\s/]*>")
# Inside these, nothing is a tag but their own end.
_RAW = {
    name: re.compile(rf"(?i)</{name}(?=[\s/>])")
    for name in ("iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp")
}
_LEADING = frozenset({"href", "src", "srcset"})
_CANDIDATE = re.compile(r"[^\s,]\S*")  # of srcset


@dataclass(frozen=True, kw_only=True, slots=True)
class _Attribute:
    name: str  # in lower case
    value: str  # without character references
    start: int  # where the value begins, its quotation mark included
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tag:
    name: str  # in lower case
    start: int
    end: int
    attributes: tuple[_Attribute, ...]

    def value(self, name: str) -> str:
        return next((each.value for each in self.attributes if each.name == name), "")


_Edit = tuple[int, int, str]  # from, to, what stands there instead


def site_page(html: str, *, site_url: str) -> str:
    """Make a page's links to its own site lead to the same place here, so that clicking around stays here.

    Only ``href``, ``src`` and ``srcset`` are touched, and ``link rel=canonical`` is not: it says where the page
    lives.

    Args:
        html: A whole document.
        site_url: Absolute address of the site, with or without a slash at its end.
    """
    here = _local(site_url)
    return _edited(html, (edit for tag in _tags(html) for edit in _moved(tag, here)))


def letter_page(html: str, *, site_url: str, images: Mapping[str, str]) -> str:
    """Make a letter fit to be shown beside its site: as `site_page`, and with the images that came inside it.

    Links open in a new tab, as they do from a mail program, for the frame around a letter is no place to read a page.

    Args:
        html: The letter's HTML.
        site_url: Absolute address of the site.
        images: Where each image that came inside it is found here, by content id (RFC 2392).
    """
    local = _local(site_url)

    def here(address: str) -> str | None:
        scheme, _, rest = address.partition(":")
        return images.get(unquote(rest)) if scheme.lower() == "cid" else local(address)

    def edits() -> Iterator[_Edit]:
        has_base = False
        for tag in _tags(html):
            if not has_base and tag.name != "html":
                place = tag.end if tag.name == "head" else tag.start
                yield place, place, '<base target="_blank">'
                has_base = True
            yield from _moved(tag, here)

    return _edited(html, edits())


def _moved(tag: _Tag, here: Callable[[str], str | None]) -> Iterator[_Edit]:
    if tag.name == "link" and "canonical" in tag.value("rel").lower().split():
        return
    for attribute in tag.attributes:
        if attribute.name not in _LEADING:
            continue
        if attribute.name == "srcset":
            value = _CANDIDATE.sub(lambda found: here(found[0]) or found[0], attribute.value)
        else:
            value = here(attribute.value.strip()) or attribute.value
        if value != attribute.value:
            yield attribute.start, attribute.end, f'"{escape(value)}"'


def _local(site_url: str) -> Callable[[str], str | None]:
    """Answer a function from an address to where it leads here, or to None where it leads elsewhere."""
    site = urlsplit(site_url)
    prefix = re.compile(
        rf"(?i:(?:https?:)?//{re.escape(site.netloc)}){re.escape(site.path.rstrip('/'))}(?=[/?#]|\Z)"
    )

    def local(address: str) -> str | None:
        found = prefix.match(address)
        if found is None:
            return None
        rest = address[found.end() :]
        if rest[1:2] in ("/", "\\"):  # it would be read as another host
            return None
        return rest if rest.startswith("/") else f"/{rest}"

    return local


def _edited(html: str, edits: Iterator[_Edit]) -> str:
    pieces: list[str] = []
    done = 0
    for start, end, text in edits:
        pieces += (html[done:start], text)
        done = end
    return "".join([*pieces, html[done:]])


def _tags(html: str) -> Iterator[_Tag]:
    """Yield the start tags in order. What is not closed before the end is none, for browsers drop it too."""
    position = 0
    while opening := _OPENING.search(html, position):
        if opening["comment"]:
            # A comment may close right away: "<!-->" and "<!--->" are whole.
            closing = _COMMENT_END.search(html, opening.end() - 2)
            position = closing.end() if closing else len(html)
        elif opening["skipped"]:
            position = html.find(">", opening.end()) + 1 or len(html)
        else:
            tag = _tag(html, opening)
            if tag is None:
                return
            yield tag
            position = tag.end
            if tag.name == "plaintext":
                return
            if tag.name in _RAW:
                closing = _RAW[tag.name].search(html, position)
                position = closing.start() if closing else len(html)


def _tag(html: str, opening: re.Match[str]) -> _Tag | None:
    attributes: list[_Attribute] = []
    position = opening.end()
    while (closing := _TAG_END.match(html, position)) is None:
        found = _ATTRIBUTE.match(html, position)
        if found is None:
            return None
        value = found["double"] or found["single"] or found["bare"] or ""
        start, end = found.span("value")
        if start >= 0:
            attributes.append(
                _Attribute(name=found["name"].lower(), value=unescape(value), start=start, end=end)
            )
        position = found.end()
    return _Tag(
        name=opening["tag"].lower(), start=opening.start(), end=closing.end(), attributes=tuple(attributes)
    )
