"""From a digest to a post, which then becomes a letter like any other."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from jinja2 import Environment

from pipeline.digests import Digest
from pipeline.posts import Post, Site
from pipeline.posts.languages import Catalogue
from pipeline.rendering.markup import escape
from pipeline.rendering.wording import Words, words_for

__all__ = ["digest_post"]


def digest_post(digest: Digest, site: Site, environment: Environment) -> Post:
    """Write what a digest says: of each post its title, its day, what to know before reading it, its summary.

    Args:
        digest: At least one post.
        site: In whose language it speaks.
        environment: See ``pipeline.rendering.environment``.

    Raises:
        RenderingError: The theme has no words for it.
    """
    words = words_for(environment, site.lang)
    catalogue = Catalogue.of(environment)
    period = digest.period
    posts = [post for post, _ in digest.posts]
    first, last = (
        catalogue.day(words.lang, day.date()) for day in (period.start, period.end - timedelta(days=1))
    )
    names = "\n".join(post.id for post in posts)
    return Post(
        id=period.name,
        slug=period.name.replace(":", "-"),
        lang=words.lang,
        title=words.digest_title.format(first=first, last=last),
        url=f"{site.url}/",
        date=period.end,
        preheader=" · ".join(post.title for post in posts),
        source=period.name,
        fingerprint=hashlib.sha256(f"{period.name}\n{names}".encode()).hexdigest()[:32],
        body="".join(_entry(post, words, catalogue.day(words.lang, post.date.date())) for post in posts),
    )


def _entry(post: Post, words: Words, date: str) -> str:
    lines = [f'<h2><a href="{escape(post.url)}" lang="{escape(post.lang)}">{escape(post.title)}</a></h2>']
    lines.append(f"<p>{escape(date)}</p>")
    if post.content_note:
        note = f'<span lang="{escape(post.lang)}">{escape(post.content_note)}</span>'
        lines.append(f"<p><strong>{escape(words.content_note)}:</strong> {note}</p>")
    if post.summary:
        lines.append(f'<p lang="{escape(post.lang)}">{escape(post.summary)}</p>')
    return "\n".join(lines)
