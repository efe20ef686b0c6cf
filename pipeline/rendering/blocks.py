"""Putting clean pieces together so that blocks and lines nest as mail programs expect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lxml import etree

from pipeline.rendering.markup import BLOCKS, HEADINGS, VOID, Element, plain

__all__ = ["Piece", "build", "fill", "has_content", "let_scroll"]

Piece = str | Element  # a run of text, or a clean element without a tail

_PROSE = frozenset({"blockquote", "body", "div"})  # a run of text right inside them is a paragraph
_LINES = HEADINGS | {"caption", "p"}  # these hold no blocks


def build(name: str, attributes: dict[str, str], pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Yield an element with what it holds, or, where it adds nothing, only what it holds.

    An element without words or pictures goes, but cells and list items stay: others are counted by them.
    """
    if name in _LINES and any(map(_is_block, pieces)):
        if name == "p":
            name = "div"
        else:
            pieces = [part for piece in pieces for part in _opened(piece)]
    if name == "div" and not attributes:
        if any(map(_is_block, pieces)):
            yield from _paragraphs(pieces)
            return
        name = "p"
    if name == "pre" and pieces and isinstance(pieces[0], str):
        pieces = [pieces[0].removeprefix("\n"), *pieces[1:]]
    element = etree.Element(name, attributes)
    fill(element, pieces)
    if name == "blockquote":
        _claim_pull(element)
    if "notes" in attributes.get("class", "").split():
        for rule in element.findall("hr"):  # notes are set off by their own look
            element.remove(rule)
    if has_content(pieces) or name in ("li", "td", "th"):
        yield element


def fill(target: Element, pieces: Iterable[Piece]) -> None:
    """Put pieces into an element, runs of text between blocks as paragraphs."""
    pieces = list(pieces)
    if target.tag in _PROSE and (target.tag != "div" or any(map(_is_block, pieces))):
        pieces = list(_paragraphs(pieces))
    last: Element | None = None
    for piece in pieces:
        if not isinstance(piece, str):
            target.append(piece)
            last = piece
        elif last is None:
            target.text = (target.text or "") + piece
        else:
            last.tail = (last.tail or "") + piece


def has_content(pieces: Iterable[Piece]) -> bool:
    """Say whether there is anything to see."""
    return any(piece.strip() if isinstance(piece, str) else _is_seen(piece) for piece in pieces)


def let_scroll(table: Element, *, name: str) -> None:
    """Give a table a box of its own, so that a wide one does not make the whole letter scroll sideways.

    Args:
        table: A table in a clean tree.
        name: What screen readers call the box where the table has no caption.
    """
    table.set("class", "data")
    if table.find(".//th") is None:
        table.set("role", "table")  # or a mail program may take it for one that only lays out
    caption = table.find("caption")
    label = name if caption is None else plain(caption)
    box = etree.Element("div", {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": label})
    parent = table.getparent()
    if parent is not None:
        parent.replace(table, box)
        box.tail, table.tail = table.tail, None
        box.append(table)


def _paragraphs(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Gather runs of text and inline elements between blocks into paragraphs."""
    run: list[Piece] = []
    for piece in [*pieces, etree.Element("p")]:  # the last one ends the last run
        if not _is_block(piece):
            run.append(piece)
            continue
        if has_content(run):
            paragraph = etree.Element("p")
            fill(paragraph, run)
            yield paragraph
        run = []
        if not isinstance(piece, str) and (piece.text or len(piece) or piece.tag in VOID):
            yield piece


def _opened(piece: Piece) -> Iterator[Piece]:
    """Yield what stands in a block, for a line that cannot hold one."""
    if isinstance(piece, str) or not _is_block(piece):
        yield piece
        return
    yield f" {piece.text or ''}"
    for child in list(piece):
        tail, child.tail = child.tail, None
        yield from _opened(child)
        yield tail or ""
    yield " "


def _claim_pull(quote: Element) -> None:
    """Make a quotation a pull quote where its paragraph says so: Markdown hangs the class on what is inside."""
    marked = [child for child in quote if child.get("class") == "pull"]
    for child in marked:
        del child.attrib["class"]
    if marked:
        quote.set("class", "pull")


def _is_block(piece: Piece) -> bool:
    return not isinstance(piece, str) and any(node.tag in BLOCKS for node in piece.iter())


def _is_seen(element: Element) -> bool:
    return bool(plain(element)) or next(element.iter("img", "hr"), None) is not None
