"""The content note before the text: whoever reads by feed is told like everybody else."""

from __future__ import annotations

from html import escape

__all__ = ["noted"]


def noted(post: object, html: str) -> str:
    """Put a post's content note, if it has one, before its text."""
    note = str(getattr(post, "content_note", ""))
    if not note:
        return html
    return f"<p><strong>Before you read.</strong> {escape(note, quote=False)}</p>\n{html}"
