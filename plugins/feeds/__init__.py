"""Put into Atom and RSS what Pelican leaves out of them.

Pelican writes the feeds. Here each gets the site's language, an id of its own (RFC 4287 §4.2.6), an author for posts
that name none (§4.1.2), a guid that RSS readers do not take for an address, titles with all their words, and the
content note before the text: whoever reads by feed is told like everybody else.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import UTC, datetime
from html import escape
from itertools import chain
from typing import Protocol, cast
from urllib.parse import quote

from pelican import signals

from pipeline.posts.plain import from_html

__all__ = ["complete", "register"]

_POSTS = (
    "feed_posts"  # where the posts by address are kept in Pelican's context, so that they are listed once
)
_BEFORE_ANY_POST = datetime(1970, 1, 1, tzinfo=UTC)


class Feed(Protocol):
    """What feedgenerator hands over just before it writes."""

    feed: MutableMapping[str, object]
    items: list[MutableMapping[str, object]]
    latest_post_date: object


class FeedPost(Protocol):
    """What is read of a post here."""

    url: str
    title: str
    summary: str
    translations: list[FeedPost]


def complete(context: MutableMapping[str, object], *, feed: Feed) -> None:
    """Complete one feed, in place.

    Args:
        context: Pelican's context, which holds the settings and the posts.
        feed: the feed with all its items, before it is written.
    """
    feed.feed["language"] = context["DEFAULT_LANG"]
    feed.feed["id"] = feed.feed["feed_url"]
    if not feed.items:  # else the hour of the build would be written into an empty feed
        feed.latest_post_date = lambda: _BEFORE_ANY_POST
    posts = _posts_by_address(context)
    for item in feed.items:
        post = posts[str(item["link"])]
        item["title"] = from_html(post.title)
        item["unique_id_is_permalink"] = False
        item["author_name"] = item["author_name"] or context["SITENAME"]
        whole = "content" if item["content"] else "description"
        if whole == "content" and item["description"]:
            item["description"] = escape(from_html(post.summary), quote=False)
        note = getattr(post, "content_note", "")
        if note:
            item[whole] = (
                f"<p><strong>Before you read.</strong> {escape(note, quote=False)}</p>\n{item[whole]}"
            )


def _posts_by_address(context: MutableMapping[str, object]) -> dict[str, FeedPost]:
    known = context.get(_POSTS)
    if not isinstance(known, dict):
        posts = cast("list[FeedPost]", context["articles"])
        versions = chain.from_iterable((post, *post.translations) for post in posts)
        known = {_link(str(context["SITEURL"]), post.url): post for post in versions}
        context[_POSTS] = known
    return known


def _link(siteurl: str, url: str) -> str:
    """Write a post's address as the feed writes it: whole, and in ASCII (RFC 3987 §3.1)."""
    return quote(f"{siteurl}/{url}", safe="/#%[]=:;$&()+,!?*@'~")


def register() -> None:
    """Connect to Pelican."""
    signals.feed_generated.connect(complete)
