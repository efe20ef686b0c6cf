"""Pictures that a body calls from other sites: whoever keeps those would learn who reads, so they are not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.posts.frontmatter import Document
from pipeline.posts.mistakes import Mistake
from pipeline.posts.prose import blanked

__all__ = ["judge"]

# The bounds keep a body full of beginnings from taking longer than one full of words.
_MARKDOWN = re.compile(r"!\[[^\[\]]{0,500}\]\(\s{0,20}<?((?:https?:)?//([^/\s\"'<>()?#]+))", re.IGNORECASE)
_HTML = re.compile(
    r"<img\s[^<>]{0,2000}?\bsrc(?:set)?\s{0,20}=\s{0,20}[\"']?((?:https?:)?//([^/\s\"'<>()?#]+))",
    re.IGNORECASE,
)
_SIGNS = {"![": _MARKDOWN, "<img": _HTML}


def judge(document: Document) -> Iterator[Mistake]:
    """Name the pictures of a document that stand on other sites.

    Args:
        document: As read.
    """
    folded = document.body.lower()
    patterns = [pattern for sign, pattern in _SIGNS.items() if sign in folded]
    if not patterns or "//" not in folded:
        return
    begin = document.source.offset(document.body_line)
    text = blanked(document.body)
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield document.source.mistake(
                document.source.place(begin + match.start(1)),
                f"a picture is called from {match[2]}; pages and letters load nothing from other sites",
                "put it below content/ and write {static}/images/…, or link to it",
                warning=True,
            )
