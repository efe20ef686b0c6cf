"""The guises of a letter: what others who see a mailbox learn of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.letters import Guise
from pipeline.posts import Post, Site
from pipeline.rendering.markup import escape
from pipeline.rendering.publication import Publication
from pipeline.rendering.wording import Words

__all__ = ["Dress", "dressed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dress:
    """What a letter in some guise is made of."""

    post: Post
    publication: Publication
    words: Words
    covered: bool  # whether nothing but neutral words may stand above the text


def dressed(
    post: Post, site: Site, publication: Publication, words: Words, guise: Guise, *, date: str
) -> Dress:
    """Put a post into a guise.

    A discreet letter says everything, inside; its subject, preheader, title and first lines are the same for every
    letter of a day. A notice has no text, names no post and leads to the front page, for the address of a post names
    its subject.

    Args:
        post: The post.
        site: Where a notice leads.
        publication: Whose letter it is.
        words: The theme's, in the letter's language.
        guise: Which.
        date: Of the post, as people read it.
    """
    if post.url == f"{site.url}/":  # a digest has no page of its own
        words = replace(words, read_on_page=words.notice_link)
    if guise is Guise.OPEN:
        return Dress(post=post, publication=publication, words=words, covered=False)
    neutral = replace(publication, name=publication.neutral_name or publication.name, description="")
    if guise is Guise.DISCREET:
        subject = words.discreet_subject.format(date=date)
        discreet = replace(post, subject=subject, preheader=words.discreet_preheader)
        return Dress(post=discreet, publication=neutral, words=words, covered=True)
    notice = Post(
        id=post.id,
        slug=post.slug,
        lang=words.lang,
        title=words.notice_title,
        url=f"{site.url}/",
        date=post.date,
        source=post.source,
        fingerprint=post.fingerprint,
        body=f"<p>{escape(words.notice_text)}</p>",
        subject=words.notice_title,
        preheader=words.discreet_preheader,
    )
    return Dress(
        post=notice,
        publication=replace(neutral, help_url=""),
        words=replace(words, read_on_page=words.notice_link),
        covered=True,
    )
