"""Rules about the page: languages, headings, tables, words of links, nothing hidden, nothing that runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.letters import Letter
from pipeline.rendering.markup import Element
from pipeline.rendering.rules.findings import Finding, error, warning
from pipeline.rendering.rules.page import Page, declarations, words_of

__all__ = ["check"]

_LANG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*\Z")
_FORBIDDEN = frozenset(
    {"applet", "audio", "base", "button", "canvas", "details", "dialog", "embed", "form", "frame", "frameset"}
    | {
        "iframe",
        "input",
        "link",
        "math",
        "object",
        "picture",
        "script",
        "select",
        "source",
        "svg",
        "textarea",
    }
    | {"video"}
)
_SAYS_NOTHING = frozenset(
    {"click", "click here", "continue", "here", "learn more", "link", "more", "read more", "see more", "this"}
    | {"this link", "this page"}
)


def check(letter: Letter, page: Page) -> Iterator[Finding]:
    """Yield what keeps a letter from being read by everybody."""
    yield from _languages(page.root)
    yield from _headings(page.root)
    yield from _tables(page)
    yield from _pictures_and_links(page.root)
    yield from _hidden(letter, page.root)
    yield from _running(page)


def _languages(root: Element) -> Iterator[Finding]:
    if not _says_language(root):
        yield error("language", "<html> does not say its language and direction (lang, dir)")
    # A webmail shows what stands in the body and drops <html> itself.
    heading = root.find(".//h1")
    around = (
        []
        if heading is None
        else [node for node in heading.iterancestors() if node.tag not in ("html", "body")]
    )
    if not any(map(_says_language, around)):
        yield error(
            "language", "no element inside <body> says language and direction (lang, dir) for the letter"
        )


def _says_language(node: Element) -> bool:
    return bool(_LANG.match(node.get("lang", ""))) and node.get("dir") in ("ltr", "rtl", "auto")


def _headings(root: Element) -> Iterator[Finding]:
    title = root.find("head/title")
    if title is None or not (title.text or "").strip():
        yield error("title", "<title> is missing or empty")
    count = sum(1 for _ in root.iter("h1"))
    if count != 1:
        yield error("h1", f"it has {count} first-rank headings (h1), not one")
    schemes = [meta.get("content", "") for meta in root.iter("meta") if meta.get("name") == "color-scheme"]
    if schemes != ["light dark"]:
        yield error("dark", 'it does not say <meta name="color-scheme" content="light dark">')


def _tables(page: Page) -> Iterator[Finding]:
    for node in page.everything():
        if node.tag != "table" or node.get("role") in ("presentation", "none"):
            continue
        if node.find(".//th") is None and node.get("role") != "table":
            start = words_of(node)[:40]
            yield error(
                "table", f'the table “{start}” neither has headings nor is marked role="presentation"'
            )


def _pictures_and_links(root: Element) -> Iterator[Finding]:
    for image in root.iter("img"):
        if "alt" not in image.attrib:
            yield error("alt", f"the picture {image.get('src', '')} has no alternative text")
    for link in root.iter("a"):
        words = words_of(link)
        if not words:
            yield error("link-words", f"the link to {link.get('href', '')} has no words")
        elif words.lower().strip(" .…!→»") in _SAYS_NOTHING:
            yield warning("link-words", f"the link “{words}” does not say where it leads")


def _hidden(letter: Letter, root: Element) -> Iterator[Finding]:
    """A reader must miss nothing; only the preheader, which the list of letters shows, may be out of sight."""
    for node in root.iter():
        if not isinstance(node.tag, str) or not _is_hidden(node):
            continue
        words = "".join(letter for letter in words_of(node) if letter not in "\u034f\u200c\u00a0").strip()
        if words and words != " ".join(letter.preheader.split()):
            yield error("hidden", f"“{words[:40]}” cannot be seen")


def _is_hidden(node: Element) -> bool:
    style = declarations(node)
    return (
        "hidden" in node.attrib
        or style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or style.get("opacity") == "0"
        or any(
            re.match(r"0(px|em|%)?\Z", style.get(name, "")) for name in ("font-size", "max-height", "height")
        )
    )


def _running(page: Page) -> Iterator[Finding]:
    for node in page.everything():
        if node.tag in _FORBIDDEN:
            yield error("forbidden", f"<{node.tag}> has no place in a letter")
        if node.tag == "meta" and node.get("http-equiv", "").lower() == "refresh":
            yield error("forbidden", "<meta http-equiv=refresh> has no place in a letter")
        for name in map(str, node.attrib):
            if name.lower().startswith("on"):
                yield error("forbidden", f"{name} on <{node.tag}> has no place in a letter")
