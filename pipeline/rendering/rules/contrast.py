"""Whether words stand out from what they stand on, by day and by night (WCAG 2.2, success criterion 1.4.3).

Colours are read from inline styles, as a mail program without style sheets does. For the night the letter's own
``prefers-color-scheme: dark`` rules are inlined first, so what is measured is what the rules would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import css_inline

from pipeline.rendering.markup import Element
from pipeline.rendering.rules.findings import Finding, error
from pipeline.rendering.rules.page import Page, declarations, read_page

__all__ = ["LEAST", "check", "luminance", "pairs", "ratio"]

LEAST = 4.5

Colour = tuple[int, int, int]

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)
_LINK: Colour = (0, 0, 238)  # what browsers give a link that nobody gave a colour
_NAMED = {"white": _WHITE, "black": _BLACK}
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})\Z")
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)\Z")
_DARK = re.compile(r"@media[^{]*prefers-color-scheme:\s*dark[^{]*\{")
_SILENT = frozenset({"head", "script", "style", "title"})


def check(html: str, page: Page) -> Iterator[Finding]:
    """Yield words with too little contrast, each pair of colours once for day and once for night."""
    yield from _check(page.root, "by day")
    night = "\n".join(_dark_rules(page.css))
    if not night:
        yield error("dark", "it says nothing of how it looks in the dark (@media prefers-color-scheme)")
        return
    inliner = css_inline.CSSInliner(extra_css=night, load_remote_stylesheets=False)
    dark = read_page(inliner.inline(html))
    if dark is not None:
        yield from _check(dark.root, "by night")


def pairs(root: Element) -> Iterator[tuple[str, Colour, Colour]]:
    """Walk all words that can be seen: the words, their colour, the colour behind them."""
    body = root.find("body")
    if body is not None:
        yield from _walk(body, _BLACK, _WHITE)


def ratio(one: Colour, other: Colour) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    """Return a colour's relative luminance, 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _check(root: Element, when: str) -> Iterator[Finding]:
    seen: set[tuple[Colour, Colour]] = set()
    for words, colour, behind in pairs(root):
        if (colour, behind) in seen:
            continue
        seen.add((colour, behind))
        found = ratio(colour, behind)
        if found < LEAST:
            yield error(
                "contrast",
                f"{when}, “{words[:40]}” has {found:.2f}:1 ({_hex(colour)} on {_hex(behind)}), not {LEAST}:1",
            )


def _walk(node: Element, colour: Colour, behind: Colour) -> Iterator[tuple[str, Colour, Colour]]:
    style = declarations(node)
    if style.get("display") == "none":
        return
    behind = _colour(node.get("bgcolor", "")) or behind
    behind = _colour(style.get("background-color") or style.get("background", "")) or behind
    colour = _colour(style.get("color", "")) or (_LINK if node.tag == "a" else colour)
    yield from _words(node.text, colour, behind)
    for child in node:
        if isinstance(child.tag, str) and child.tag not in _SILENT:
            yield from _walk(child, colour, behind)
        yield from _words(child.tail, colour, behind)


def _words(text: str | None, colour: Colour, behind: Colour) -> Iterator[tuple[str, Colour, Colour]]:
    words = " ".join((text or "").split())
    if words:
        yield words, colour, behind


def _colour(value: str) -> Colour | None:
    value = value.strip().lower()
    if value in _NAMED:
        return _NAMED[value]
    found = _HEX.match(value)
    if found:
        digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    found = _RGB.match(value)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def _dark_rules(css: str) -> Iterator[str]:
    for start in _DARK.finditer(css):
        depth = 1
        for at in range(start.end(), len(css)):
            depth += (css[at] == "{") - (css[at] == "}")
            if depth == 0:
                yield css[start.end() : at]
                break
