"""What the feeds read of a post."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["FeedPost", "names"]


class FeedPost(Protocol):
    """One published post."""

    url: str
    slug: str
    title: str
    summary: str
    lang: str
    date: datetime
    translations: list[FeedPost]

    def get_content(self, siteurl: str) -> str:
        """Give the text as HTML, its marked links resolved."""


def names(post: FeedPost, what: str) -> list[str]:
    """Name a post's ``authors`` or ``tags``; none if it has none."""
    return [str(one.name) for one in getattr(post, what, ())]
