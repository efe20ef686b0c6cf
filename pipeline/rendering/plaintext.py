"""The plain-text part: a clean tree as lines that read well in any mail program and in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.rendering.columns import COLUMNS, table, width, wrap
from pipeline.rendering.markup import BLOCKS, HEADINGS, Element
from pipeline.rendering.wording import Words

__all__ = ["PlainText", "underlined"]

_SPACE = re.compile(r"[ \t\n\r\f]+")
_BREAK = "\x1f"  # stands for <br> while spaces are gathered; a clean tree holds no control character
_SUPERSCRIPT = str.maketrans("0123456789+-()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾")
_SUBSCRIPT = str.maketrans("0123456789+-()", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎")
_RAISABLE = re.compile(r"[0-9+()-]+\Z")
_STRONG = frozenset({"strong", "b"})
_STRESSED = frozenset({"em", "i", "cite", "dfn", "var"})
_RULE = "* * *"


def underlined(text: str, mark: str) -> list[str]:
    """Wrap a heading and underline it, as wide as its widest line."""
    lines = wrap(text)
    return [*lines, mark * max(map(width, lines))]


class PlainText:
    """Writes trees as text and remembers the links it met.

    Links are numbered in the order they first appear and an address has one number however often it is linked to, so
    that reading is not interrupted by addresses. An address that is its own link text is written out where it stands.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._numbers: dict[str, int] = {}
        self._explained: set[str] = set()  # abbreviations

    def lines(self, root: Element) -> list[str]:
        """Write a tree as lines of at most 72 columns; only addresses and code may be wider."""
        return list(_joined(self._flow(root, COLUMNS)))

    def link_lines(self) -> list[str]:
        """List the addresses that were met, numbered."""
        wide = len(str(len(self._numbers)))
        return [f"{f'[{number}]':>{wide + 2}} {address}" for address, number in self._numbers.items()]

    # Blocks: each is a list of lines; an empty line comes between two of them.

    def _flow(self, parent: Element, columns: int) -> Iterator[list[str]]:
        run = [parent.text or ""]
        for child in parent:
            if child.tag in BLOCKS:
                yield from self._paragraph("".join(run), columns)
                run = []
                yield from self._block(child, columns)
            else:
                run.append(self._inline(child))
            run.append(child.tail or "")
        yield from self._paragraph("".join(run), columns)

    def _paragraph(self, text: str, columns: int) -> Iterator[list[str]]:
        text = _tidy(text)
        if text:
            yield wrap(text, columns)

    def _block(self, node: Element, columns: int) -> Iterator[list[str]]:
        tag = str(node.tag)
        if tag in HEADINGS:
            yield from self._heading(node, columns)
        elif tag == "hr":
            yield [_rule(columns)]
        elif tag == "pre":
            text = "".join(_verbatim(node)).rstrip().expandtabs(4)
            yield _shifted(text.split("\n"), "    ")
        elif tag == "blockquote" or "pull" in node.get("class", "").split():
            yield [f"> {line}".rstrip() for line in _joined(self._flow(node, columns - 2))]
        elif tag in ("ul", "ol"):
            yield self._list(node, columns)
        elif tag == "dl":
            yield self._definitions(node, columns)
        elif tag == "table":
            yield from self._table(node, columns)
        elif tag == "div" and "figure" in node.get("class", "").split():
            yield list(_joined(self._flow(node, columns), tight=True))
        elif tag == "div" and "notes" in node.get("class", "").split():
            yield from self._notes(node, columns)
        else:
            yield from self._flow(node, columns)

    def _heading(self, node: Element, columns: int) -> Iterator[list[str]]:
        text = _tidy(self._inside(node, plainly=True))
        if not text:
            return
        lines = wrap(text, columns)
        if node.tag in ("h1", "h2", "h3"):
            mark = "." if node.tag == "h3" else "-"
            lines.append(mark * max(map(width, lines)))
        # A chapter is set off by two empty lines.
        yield ["", *lines] if node.tag == "h2" else lines

    def _list(self, node: Element, columns: int, *, raised: bool = False) -> list[str]:
        items = [child for child in node if child.tag == "li"]
        step = -1 if "reversed" in node.attrib else 1
        number = int(node.get("start", len(items) if step < 0 else 1))
        labels: list[str] = []
        for item in items:
            number = int(item.get("value", number))
            labels.append(
                str(number).translate(_SUPERSCRIPT) if raised else f"{number}." if node.tag == "ol" else "-"
            )
            number += step
        wide = max(map(len, labels), default=0) + 1
        loose = any(child.tag == "p" for item in items for child in item)
        lines: list[str] = []
        for label, item in zip(labels, items, strict=True):
            content = list(_joined(self._flow(item, columns - wide), tight=not loose)) or [""]
            if loose and lines:
                lines.append("")
            lines.append(f"{label:<{wide}}{content[0]}".rstrip())
            lines += _shifted(content[1:], " " * wide)
        return lines

    def _definitions(self, node: Element, columns: int) -> list[str]:
        lines: list[str] = []
        last = ""
        for child in node:
            content = self._flow(child, columns - 4 * (child.tag == "dd"))
            if child.tag == "dd":
                lines += _shifted(_joined(content), "    ")
            else:
                if lines and last != "dt":
                    lines.append("")
                lines += _joined(content)
            last = str(child.tag)
        return lines

    def _notes(self, node: Element, columns: int) -> Iterator[list[str]]:
        yield [_rule(columns)]
        for child in node:
            if child.tag == "ol":
                yield self._list(child, columns, raised=True)
            else:
                yield from self._block(child, columns)

    def _table(self, node: Element, columns: int) -> Iterator[list[str]]:
        caption = node.find("caption")
        if caption is not None:
            yield from self._paragraph(self._inside(caption), columns)
        grid = [[cell for cell in row if cell.tag in ("td", "th")] for row in node.iter("tr")]
        grid = [row for row in grid if row]
        if not grid:
            return
        count = max(len(row) for row in grid)
        rows = [
            [_tidy(self._inside(cell)).replace("\n", " ") for cell in row] + [""] * (count - len(row))
            for row in grid
        ]
        heads = next((at for at, row in enumerate(grid) if any(cell.tag == "td" for cell in row)), len(grid))
        sample = max(grid, key=len) if heads == 0 else grid[min(heads, len(grid) - 1)]
        aligns = [
            next((side for side in ("right", "center") if side in cell.get("class", "").split()), "left")
            for cell in sample
        ] + ["left"] * (count - len(sample))
        yield table(rows, aligns, heads=min(heads, len(grid) - 1), columns=columns)

    # Inside a line.

    def _inside(self, node: Element, *, plainly: bool = False) -> str:
        parts = [node.text or ""]
        for child in node:
            text = self._inline(child, plainly=plainly)
            parts.append(f" {text} " if child.tag in BLOCKS else text)
            parts.append(child.tail or "")
        return "".join(parts)

    def _inline(self, node: Element, *, plainly: bool = False) -> str:
        tag = str(node.tag)
        if tag == "br":
            return _BREAK
        if tag == "img":
            alt = node.get("alt", "")
            return f"[{self._words.picture}: {alt}]" if alt else ""
        text = self._inside(node, plainly=plainly or tag in _STRONG)
        if not text.strip():
            return text
        if tag == "a":
            return self._link(node, text)
        if not plainly and tag in _STRONG:
            return _around(text, "*")
        if not plainly and tag in _STRESSED:
            return _around(text, "_")
        if tag in ("del", "s"):
            return _around(text, "~")
        if tag == "q":
            return f"“{text}”"
        if tag in ("sup", "sub"):
            return _moved(text, _SUPERSCRIPT if tag == "sup" else _SUBSCRIPT)
        if tag == "abbr" and node.get("title") and text not in self._explained:
            self._explained.add(text)
            return f"{text} ({node.get('title')})"
        return text

    def _link(self, node: Element, text: str) -> str:
        address = node.get("href", "")
        if node.get("class") == "noteref":
            return text  # the note itself stands below
        if text.strip() in (address, address.removeprefix("mailto:")):
            return text
        if address.startswith(("tel:", "sms:")) and _digits(address) == _digits(text):
            return text
        number = self._numbers.setdefault(address, len(self._numbers) + 1)
        trailing = text[len(text.rstrip()) :]
        return f"{text.rstrip()}\u00a0[{number}]{trailing}"


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _rule(columns: int) -> str:
    return " " * max((columns - len(_RULE)) // 2, 0) + _RULE


def _tidy(text: str) -> str:
    lines = (line.strip(" ") for line in _SPACE.sub(" ", text).split(_BREAK))
    return "\n".join(lines).strip("\n")


def _around(text: str, mark: str) -> str:
    inner = text.strip()
    start = text.index(inner)
    return f"{text[:start]}{mark}{inner}{mark}{text[start + len(inner) :]}"


def _moved(text: str, table_: dict[int, int]) -> str:
    return text.translate(table_) if _RAISABLE.match(text.strip()) else text


def _verbatim(node: Element) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag == "br":
            yield "\n"
        else:
            yield from _verbatim(child)
        yield child.tail or ""


def _joined(blocks: Iterator[list[str]], *, tight: bool = False) -> Iterator[str]:
    first = True
    for lines in blocks:
        if not first and not tight:
            yield ""
        first = False
        yield from lines


def _shifted(lines: Iterator[str] | list[str], indent: str) -> list[str]:
    return [(indent + line).rstrip() for line in lines]
