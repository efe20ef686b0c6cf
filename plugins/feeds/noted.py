"""The content note before the text: whoever reads by feed is told like everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ..languages import spoken
from .published import FeedPost

__all__ = ["noted"]


def noted(post: FeedPost, html: str, settings: Mapping[str, object]) -> str:
    """Put a post's content note, if it has one, before its text, in its language where there are words in it."""
    note = str(getattr(post, "content_note", ""))
    if not note:
        return html
    words = spoken(settings)
    label = words.say(words.choose(post.lang, str(settings["DEFAULT_LANG"])), "Before you read.")
    return f"<p><strong>{escape(label)}</strong> {escape(note, quote=False)}</p>\n{html}"
