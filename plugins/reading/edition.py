"""A post's HTML as one of several on a page: its ids are its own, its headings stand one level lower."""

from __future__ import annotations

import re

__all__ = ["among_others"]

_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_ID = re.compile(r"(\s(?:id|for|headers|aria-labelledby|aria-describedby)=\"|\shref=\"#)(?=[^\"])")
_HEADING = re.compile(r"(</?h)([1-5])(?=[\s>])")


def among_others(html: str, slug: str) -> str:
    """Prepare a post for a page that holds others.

    Args:
        html: The post's body, as it stands on its own page.
        slug: What its ids, and the links to them, begin with from now on.
    """
    lower = _HEADING.sub(lambda match: f"{match[1]}{int(match[2]) + 1}", html)
    whole = lower.replace(' loading="lazy"', "")  # what is not in sight would not be printed
    return _TAG.sub(lambda match: _ID.sub(rf"\g<1>{slug}-", match[0]), whole)
