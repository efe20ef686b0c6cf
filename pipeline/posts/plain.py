"""HTML → the words in it, and a fingerprint by which the same words are known again."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from html import unescape

__all__ = ["fingerprint", "from_html"]

# A "<" begins a tag only before a letter, "/", "!" or "?": "I <3 you" and "a < b" are words.
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<(?:/?([a-zA-Z][^\s/<>]*)|[!?/])[^<>]*>")
_BLOCKS = frozenset(
    (  # noqa: SIM905 - a list of forty lines reads no better
        "address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form "
        "h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary table tbody td tfoot th thead tr ul"
    ).split()
)


def from_html(html: str) -> str:
    """Give the words of a fragment as one line of text: no tags, no comments, entities resolved."""
    if "<" in html:
        # Text, name of a tag, text, name of a tag, …: one pass, for this is done with every post of a site.
        parts: list[str | None] = _TAG.split(_UNSEEN.sub(" ", html))
        parts[1::2] = [" " if name and name.lower() in _BLOCKS else "" for name in parts[1::2]]
        html = "".join(part or "" for part in parts)
    if "&" in html:
        html = unescape(html)
    return " ".join(html.split())


def fingerprint(words: str) -> str:
    """Give 32 hex digits that are the same for the same words.

    Capitals do not count; neither does how an accent is encoded (Unicode NFC). Markup and white space do not where
    the words come from ``from_html``.
    """
    return hashlib.sha256(unicodedata.normalize("NFC", words.casefold()).encode()).hexdigest()[:32]
