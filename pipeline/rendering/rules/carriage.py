"""Rules about the journey: size, style that mail programs can read, lines of the head, the duties of a sender."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.letters import Letter, LetterLinks
from pipeline.rendering.cutting import encoded_size
from pipeline.rendering.lines import offence
from pipeline.rendering.markup import Element
from pipeline.rendering.rules.findings import Finding, error, warning
from pipeline.rendering.rules.page import Page, words_of

__all__ = ["STYLE_LIMIT", "check"]

STYLE_LIMIT = 16_384  # octets; Gmail drops what is longer
_LONGEST_SUBJECT = 120  # characters
_TOP = 12  # lines of the text part that count as "near the top"
_HEAVY = 3_000_000  # octets of pictures

_NEW_COLOUR = re.compile(r"\b(rgba?|hsla?)\(\s*[\d.]+(deg|%)?\s+[\d.]", re.IGNORECASE)
_ENTITY = re.compile(r"&(#\d{1,6}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos|nbsp|hellip|[lr][sd]quo|[nm]dash);")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


def check(letter: Letter, page: Page, *, links: LetterLinks, size_limit: int) -> Iterator[Finding]:
    """Yield what a mail program, or the law, would not take."""
    size = encoded_size(letter.html)
    if size > size_limit:
        yield error("size", f"the HTML is {size} octets as mailed, more than {size_limit}")
    styles = len(page.css.encode("utf-8"))
    if styles > STYLE_LIMIT:
        yield error("style", f"its <style> is {styles} octets, more than {STYLE_LIMIT}")
    if _NEW_COLOUR.search(letter.html):
        yield error(
            "style", "a colour is written without commas (rgb(0 0 0)); Gmail drops the whole style for it"
        )
    heavy = sum(len(image.data) for image in letter.images)
    if heavy > _HEAVY:
        yield warning("size", f"its pictures are {heavy} octets together; each reader gets them all")
    yield from _head(letter)
    yield from _parts(letter)
    yield from _way_out(letter, page.root, links)
    yield from _postal_address(letter, page.root, links)


def _head(letter: Letter) -> Iterator[Finding]:
    for name, line in (("subject", letter.subject), ("preheader", letter.preheader)):
        found = offence(line)
        if found:
            yield error(name, f"the {name} holds {found}")
        if not line.strip():
            yield error(name, f"the {name} is empty")
        entity = _ENTITY.search(line)
        if entity:
            yield error(name, f"the {name} holds {entity[0]}, which readers would see as it stands")
    if len(letter.subject) > _LONGEST_SUBJECT:
        yield warning("subject", f"the subject is {len(letter.subject)} characters long; phones show some 40")


def _parts(letter: Letter) -> Iterator[Finding]:
    if not letter.text.strip():
        yield error("text", "the plain-text part is empty")
    for name, part in (("HTML", letter.html), ("plain text", letter.text)):
        found = _CONTROL.search(part)
        if found:
            yield error("characters", f"the {name} holds the control character U+{ord(found[0]):04X}")


def _way_out(letter: Letter, root: Element, links: LetterLinks) -> Iterator[Finding]:
    """Unsubscribing is offered near the top and at the foot of both parts."""
    if not links.unsubscribe:
        yield error("unsubscribe", "there is no address to unsubscribe at")
        return
    marks = [
        "title" if node.tag == "h1" else "out"
        for node in root.iter("h1", "a")
        if node.tag == "h1" or node.get("href") == links.unsubscribe
    ]
    if marks[:1] != ["out"]:
        yield error("unsubscribe", "the HTML has no link to unsubscribe above its title")
    if marks[-1:] != ["out"] or len(marks) < 3:
        yield error("unsubscribe", "the HTML has no link to unsubscribe at its foot")
    lines = letter.text.rstrip().split("\n")
    if not any(links.unsubscribe in line for line in lines[:_TOP]):
        yield error("unsubscribe", f"the text has no address to unsubscribe at in its first {_TOP} lines")
    if letter.text.count(links.unsubscribe) < 2:
        yield error("unsubscribe", "the text has no address to unsubscribe at its foot")


def _postal_address(letter: Letter, root: Element, links: LetterLinks) -> Iterator[Finding]:
    lines = [" ".join(line.split()) for line in links.postal_address if line.strip()]
    if not lines:
        yield error("postal-address", "there is no postal address (newsletter.toml, [letter] postal_address)")
    for name, words in (("HTML", words_of(root)), ("plain text", " ".join(letter.text.split()))):
        for line in lines:
            if line not in words:
                yield error("postal-address", f"the {name} does not hold “{line}”")
