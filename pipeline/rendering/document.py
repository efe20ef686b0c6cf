"""A post's body as a clean tree: only what every mail program can show, every link absolute."""

from __future__ import annotations

import re
from collections.abc import Iterator

import css_inline
from lxml import etree

from pipeline.errors import RenderingError
from pipeline.posts import Post
from pipeline.rendering.blocks import Piece, build, fill, has_content, let_scroll
from pipeline.rendering.direction import direction, mark
from pipeline.rendering.links import destination, host
from pipeline.rendering.markup import BLOCKS, INLINE, VOID, Element, plain, serialise
from pipeline.rendering.vocabulary import (
    DROPPED,
    MEDIA,
    PAGE_SIGNS,
    UNCLOSED,
    attributes,
    clean_text,
    is_hidden,
    languages,
    renamed,
)
from pipeline.rendering.wording import Words

__all__ = ["read"]

_DEEPEST = 64
_PIXELS = re.compile(r"([1-9][0-9]{0,4})(px)?\Z")


def read(post: Post, words: Words) -> Element:
    """Turn a post's body into a clean tree.

    Only elements and attributes that are known to be harmless are carried over, so nothing depends on knowing every
    danger. What a letter cannot play or fill in becomes a link that says where it leads. A body that uses ``h1`` has
    its headings moved down by one, for a letter's only ``h1`` is its title.

    Raises:
        RenderingError: The post has no body or nothing to see in it, or is nested beyond sense.
    """
    if post.body is None:
        raise RenderingError(
            f"{post.source}: its text is not in the manifest, which carries only the newest posts",
            advice="give it a recent date if it is to be mailed, or write `mail: false` in it",
        )
    page = _parsed(clean_text(post.body))
    rough = _cleaned(page, _Reader(post, words, shift=page.find(".//h1") is not None))
    # The first parser is forgiving to a fault: it nests what HTML closes by itself and keeps cells outside of rows.
    # What it made is harmless by now; the one that styles the letter reads HTML as browsers do and puts it right.
    straight = css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False)
    root = _cleaned(
        _parsed(straight.inline_fragment(serialise(rough), "")), _Reader(post, words, shift=False)
    )
    if not has_content([root]):
        raise RenderingError(
            f"{post.source}: there is nothing in it to mail", advice="write its text, or `mail: false` in it"
        )
    mark(root, direction(post.lang))
    for table in list(root.iter("table")):
        let_scroll(table, name=words.table)
    return root


def _parsed(html: str) -> Element:
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    page = etree.fromstring(f"<html><body>{html}</body></html>".encode(), parser)
    body = page.find("body")
    return page if body is None else body


def _cleaned(page: Element, reader: _Reader) -> Element:
    root = etree.Element("body")
    fill(root, reader.inside(page, linked=False, depth=0))
    return root


class _Reader:
    """Reads a page's elements one by one; ``linked`` says that a link is open around them."""

    def __init__(self, post: Post, words: Words, *, shift: bool) -> None:
        self._post = post
        self._words = words
        self._shift = int(shift)

    def inside(self, node: Element, *, linked: bool, depth: int) -> Iterator[Piece]:
        """Yield what stands inside a node, clean."""
        if depth > _DEEPEST:
            raise RenderingError(
                f"{self._post.source}: elements are nested more than {_DEEPEST} deep",
                advice="look for a tag that is opened again and again and never closed",
            )
        before = clean_text(node.text)
        for child in node:
            if PAGE_SIGNS.isdisjoint(child.get("class", "").lower().split()):
                yield before
                yield from self._element(child, linked=linked, depth=depth + 1)
                before = clean_text(child.tail)
            else:
                before = before.rstrip(" \n\u00a0") + clean_text(child.tail)
        yield before

    def _element(self, node: Element, *, linked: bool, depth: int) -> Iterator[Piece]:
        tag = str(node.tag).lower()
        if tag in DROPPED or is_hidden(node):
            return
        if tag in UNCLOSED:
            if tag == "embed":
                yield from self._elsewhere(node, tag, linked=linked)
            elif tag == "wbr":
                yield "\u200b"
            yield from self.inside(node, linked=linked, depth=depth)
        elif tag in MEDIA or tag == "form":
            yield from self._elsewhere(node, tag, linked=linked)
        elif tag == "svg":
            yield from _drawing(node)
        elif tag == "img":
            yield self._image(node)
        elif tag == "a":
            yield from self._link(node, linked=linked, depth=depth)
        else:
            pieces = list(self.inside(node, linked=linked, depth=depth))
            if tag == "summary":  # what it folds away on the page is not folded here
                pieces = list(build("strong", {}, pieces))
            name = renamed(tag, shift=self._shift)
            kept = attributes(node, name=name)
            if name in VOID:
                yield etree.Element(name)
            elif name not in BLOCKS | INLINE or (name == "span" and not kept):
                yield from pieces
            else:
                yield from build(name, kept, pieces)

    def _link(self, node: Element, *, linked: bool, depth: int) -> Iterator[Piece]:
        pieces = list(self.inside(node, linked=True, depth=depth))
        to = destination(node.get("href", ""), page=self._post.url)
        if to is None or linked or not has_content(pieces):
            yield from pieces
            return
        link = etree.Element("a", {"href": to, **languages(node)})
        fill(link, pieces)
        if not {"footnote-ref", "noteref"}.isdisjoint(node.get("class", "").split()):
            # A mail program may not follow a link inside a letter, and a letter that was cut has no notes in it.
            link.set("class", "noteref")
            link.set("aria-label", self._words.note_on_page.format(number=plain(link)))
        yield link

    def _image(self, node: Element) -> Element:
        image = etree.Element("img")
        image.set("src", destination(node.get("src", ""), page=self._post.url) or "")
        image.set("alt", " ".join(clean_text(node.get("alt")).split()))
        for name in ("width", "height"):
            size = _PIXELS.match(node.get(name, ""))
            if size:
                image.set(name, size[1])
        return image

    def _elsewhere(self, node: Element, tag: str, *, linked: bool) -> Iterator[Piece]:
        """Yield a link to what a letter cannot hold, and say where it leads."""
        inner = next(
            (found.get("src") for found in node.iter("source", "embed", "iframe") if found.get("src")), ""
        )
        reference = node.get("src") or node.get("data") or inner or ""
        to = None if tag == "form" else destination(reference, page=self._post.url)
        to = to or self._post.url
        if tag == "form":
            label = self._words.form
        else:
            kinds = {"video": self._words.video, "audio": self._words.audio}
            title = " ".join(clean_text(node.get("title") or node.get("aria-label")).split())
            label = f"{kinds.get(tag, self._words.embedded)} {host(to)}" + (f": {title}" if title else "")
        if linked:
            yield label
            return
        paragraph = etree.Element("p")
        etree.SubElement(paragraph, "a", {"href": to}).text = label
        yield paragraph


def _drawing(node: Element) -> Iterator[Piece]:
    """Yield a drawing as a picture without a source: its name is all that a letter can show."""
    titles = (child.text for child in node.iter() if str(child.tag).rpartition("}")[2] == "title")
    name = " ".join(clean_text(node.get("aria-label") or next(titles, "")).split())
    if name:
        yield etree.Element("img", {"src": "", "alt": name})
