"""What in a body would act by itself: pages and letters hold it back, but a feed carries a body as it was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from pipeline.posts import links
from pipeline.posts.frontmatter import Document
from pipeline.posts.mistakes import Mistake
from pipeline.posts.prose import blanked

__all__ = ["judge"]

# Elements that run, frame, send, or change what the rest of a page means (HTML §4.2, §4.8, §4.10, §4.12).
_ELEMENT = re.compile(
    r"<(applet|base|embed|form|frame|iframe|link|meta|object|script)(?=[\s/>])", re.IGNORECASE
)
# The bound keeps a body full of beginnings from taking longer than one full of words.
_HANDLER = re.compile(r"<[a-z][^<>]{0,2000}?[\s/\"'](on[a-z]{3,30})\s{0,20}=", re.IGNORECASE)
_RUNS = ("javascript:", "vbscript:", "data:text/html")
_IGNORED = re.compile(r"[\x00-\x20]")  # what browsers pass over in an address (URL §4.4)


def judge(document: Document) -> Iterator[Mistake]:
    """Name what a document holds that would act by itself.

    Args:
        document: As read.
    """
    body = document.body
    if "<" not in body and ":" not in body:
        return
    begin = document.source.offset(document.body_line)

    def say(offset: int, what: str, advice: str) -> Mistake:
        place = document.source.place(begin + offset)
        message = f"{what} does nothing on the page or in the letter, and may act in a feed reader"
        return document.source.mistake(place, message, advice, warning=True)

    text = blanked(body) if "<" in body else ""
    for match in _ELEMENT.finditer(text):
        yield say(match.start(), f"<{match[1].lower()}>", "take it out, or link to what it leads to")
    for match in _HANDLER.finditer(text):
        yield say(match.start(1), f"{match[1].lower()}=", "take it out")
    for link in links.find(body):
        target = _IGNORED.sub("", unescape(link.target)).lower()
        if target.startswith(_RUNS):
            yield say(link.offset, f"a link to {target.partition(':')[0]}:", "write an address with https://")
