"""Posts: what a writer commits, as the rest of the pipeline sees it.

This package is the only part of the pipeline that the site's plugins may import.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Post", "Site"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What the site says of itself, the same for every post."""

    name: str  # as readers see it, plain text
    url: str  # absolute, no trailing slash
    lang: str  # BCP 47, the language of posts that name none
    timezone: str  # IANA name; dates without a zone are read in it
    exit_url: str = ""  # where "Exit this page" leads, or ""
    exit_name: str = ""  # … and what that is


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One published post.

    A post is known by ``id``: its own ``id:`` or, without one, its slug. Everything else about it may change
    without its becoming another post.
    """

    id: str  # identity; survives edits and renames
    slug: str
    lang: str  # BCP 47
    title: str  # plain text, no markup
    url: str  # absolute address of its page
    date: datetime  # aware; when it is, or was, published
    modified: datetime | None = None  # aware
    category: str = ""
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    summary: str = ""  # plain text
    image: str = ""  # absolute address, or ""
    image_alt: str = ""
    content_note: str = ""
    subject: str = ""  # "" means: the title
    preheader: str = ""  # "" means: the summary
    mail: bool = True  # False: on the site only
    mail_at: datetime | None = None  # aware; on the site from its date on, but not mailed before this
    source: str  # path below content/, with forward slashes
    fingerprint: str  # 32 hex digits over the words, see plain.fingerprint
    translation_of: str = ""  # id of the post this is a translation of, or ""
    body: str | None = None  # HTML fragment, every link absolute; None for all but the newest posts
