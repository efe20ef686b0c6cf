"""Names for posts: the slug that is part of an address, and the id by which a post is known for ever."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache
from html import unescape

from unidecode import unidecode

__all__ = ["ID", "MAX_ID", "MAX_SLUG", "is_id", "is_slug", "post_id", "slugify"]

MAX_ID = 100  # characters
MAX_SLUG = 200  # bytes; most file systems end a name at 255
ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_ID - 1}}}")
_SLUG = re.compile(r"\w(?:[\w.~-]*[\w~-])?")


@lru_cache(maxsize=4096)  # tags and authors come again and again
def slugify(text: str) -> str:
    """Make the slug that Pelican, by its default settings, makes of a title.

    It must be the same one: the address of a page, and the id of a post that names none, follow from it.
    """
    text = _untagged(text)
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = unidecode(text)
    text = re.sub(r"[^\w\s-]", "", text).strip()
    return re.sub(r"[-\s]+", "-", text).lower().strip()


def is_slug(text: str) -> bool:
    """Say whether a slug is one plain name: no folder, no space, nothing a URL or a file system would change."""
    return bool(_SLUG.fullmatch(text)) and len(text.encode()) <= MAX_SLUG


def is_id(text: str) -> bool:
    """Say whether a text can be an id: 1 to 100 of ``A-Z a-z 0-9 . _ -``, the first a letter or a digit."""
    return bool(ID.fullmatch(text))


def post_id(slug: str, lang: str, default_lang: str) -> str:
    """Derive the id of a post that names none.

    It is the slug; for a post in another language than the site's, which shares the slug of what it translates, the
    slug and the language. A slug that is no id as it stands is spelled in ASCII and told apart by its hash.
    """
    derived = slug if lang.lower() == default_lang.lower() else f"{slug}.{lang.lower()}"
    if is_id(derived):
        return derived
    digest = hashlib.sha256(derived.encode()).hexdigest()[:8]
    readable = slugify(derived.replace(".", "-"))[: MAX_ID - 10].strip("-_") or "post"
    return f"{readable}-{digest}"


def _untagged(text: str) -> str:
    """Drop tags and comments, fold white space, resolve entities; what is opened and never closed stays."""
    kept: list[str] = []
    position = 0
    while (start := text.find("<", position)) != -1:
        closing = "-->" if text.startswith("<!--", start) else ">"
        end = text.find(closing, start + (4 if closing == "-->" else 1))
        if end == -1:
            break
        kept.append(text[position:start])
        position = end + len(closing)
    kept.append(text[position:])
    return unescape(" ".join("".join(kept).split()))
