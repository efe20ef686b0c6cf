"""Subject and preheader: one safe line each."""

from __future__ import annotations

import re
import unicodedata

from pipeline.errors import RenderingError

__all__ = ["PREHEADER_LENGTH", "clip", "offence", "one_line"]

PREHEADER_LENGTH = 140  # characters; phones show fewer, no client more

_SPACES = re.compile(r"\s+")
_OPENS_ISOLATE = "\u2066\u2067\u2068"
_CLOSES_ISOLATE = "\u2069"
# Embeddings and overrides can make a line read as something else than it says (Unicode Standard Annex 9, and the
# attacks known as "Trojan Source"); marks and balanced isolates are how right-to-left text is written properly.
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e")
_LINE_ENDS = frozenset("\u2028\u2029")
_JOINS = frozenset("\u200d\ufe0e\ufe0f")


def offence(text: str) -> str | None:
    """Say what in a text must not stand in a header, or return None.

    A header field may hold no line break and no control character (RFC 5322, section 2.2).
    """
    depth = 0
    for character in text:
        if character in "\r\n" or character in _LINE_ENDS:
            return "a line break"
        if unicodedata.category(character) in ("Cc", "Cs"):
            return f"the control character U+{ord(character):04X}"
        if character in _OVERRIDES:
            return f"U+{ord(character):04X}, which turns the direction of the text around"
        if character in _OPENS_ISOLATE:
            depth += 1
        elif character == _CLOSES_ISOLATE:
            depth -= 1
            if depth < 0:
                return "U+2069, which closes what nothing opened"
    return "a direction that is opened (U+2066 to U+2068) and never closed" if depth else None


def one_line(text: str, *, what: str, post: str) -> str:
    """Return a text that is safe in a header, spaces at its ends removed.

    Args:
        text: Plain text.
        what: What the text is, for the message: "subject".
        post: Where it came from, for the message: the post's path.

    Raises:
        RenderingError: It is empty, or holds a line break, a control character or one that turns its direction.
    """
    line = text.strip(" ")
    found = offence(line)
    if found:
        raise RenderingError(
            f"{post}: the {what} holds {found}", advice=f"write the {what} again, as plain text on one line"
        )
    if not line:
        raise RenderingError(f"{post}: the {what} is empty", advice=f"give the post a title or a {what}")
    return line


def clip(text: str, *, length: int = PREHEADER_LENGTH) -> str:
    """Shorten prose to one line of at most ``length`` characters, cut between words and ended by "…"."""
    line = _SPACES.sub(" ", text).strip()
    if len(line) <= length:
        return line
    cut = length - 1
    if line[cut] != " " and " " in line[:cut]:
        cut = line.rindex(" ", 0, cut)
    # An accent, a variation or a joined emoji stays with the character it belongs to.
    while cut > 1 and (unicodedata.combining(line[cut]) or line[cut] in _JOINS or line[cut - 1] == "\u200d"):
        cut -= 1
    head = line[:cut].rstrip(" ,;:.–—-")
    opened = sum(head.count(character) for character in _OPENS_ISOLATE) - head.count(_CLOSES_ISOLATE)
    return head + "…" + _CLOSES_ISOLATE * max(opened, 0)
