"""HTML → the words in it, and a fingerprint by which the same words are known again."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from html import unescape

__all__ = ["fingerprint", "from_html"]

# A "<" begins a tag only before a letter, "/", "!" or "?": "I <3 you" and "a < b" are words.
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style|template)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(
    r"</?(?:address|article|aside|blockquote|br|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    r"h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul)\b[^<>]*>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")


def from_html(html: str) -> str:
    """Give the words of a fragment as one line of text: no tags, no comments, entities resolved."""
    if "<" in html:
        html = _TAG.sub("", _BLOCK.sub(" ", _UNSEEN.sub(" ", html)))
    if "&" in html:
        html = unescape(html)
    return " ".join(html.split())


def fingerprint(words: str) -> str:
    """Give 32 hex digits that are the same for the same words.

    Capitals do not count; neither does how an accent is encoded (Unicode NFC). Markup and white space do not where
    the words come from ``from_html``.
    """
    return hashlib.sha256(unicodedata.normalize("NFC", words.casefold()).encode()).hexdigest()[:32]
