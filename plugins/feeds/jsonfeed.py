"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/): the same posts as in Atom, whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from pipeline.posts.plain import from_html

from .noted import noted
from .published import FeedPost, names

__all__ = ["TYPE", "jsonfeed"]

TYPE = "application/feed+json"


def jsonfeed(
    settings: Mapping[str, object], posts: Sequence[FeedPost], *, path: str, title: str, page: str
) -> str:
    """Write a feed.

    Args:
        settings: Pelican's.
        posts: what it holds, newest first.
        path: where it lies below the site's address.
        title: what it is called.
        page: the page that shows the same posts, below the site's address.
    """
    site = str(settings["SITEURL"])
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": f"{site}/{page}",
        "feed_url": f"{site}/{path}",
        "description": from_html(str(settings.get("SITESUBTITLE", ""))),
        "icon": f"{site}/theme/icon-512.png",
        "language": settings["DEFAULT_LANG"],
        "authors": [{"name": settings["SITENAME"], "url": f"{site}/"}],
        "items": [_item(settings, post) for post in posts],
    }
    return json.dumps(feed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _item(settings: Mapping[str, object], post: FeedPost) -> dict[str, object]:
    site = str(settings["SITEURL"])
    url = f"{site}/{post.url}"
    item: dict[str, object] = {
        "id": url,
        "url": url,
        "title": from_html(post.title),
        "summary": from_html(post.summary),
        "content_html": noted(post, post.get_content(site), settings),
        "date_published": post.date.isoformat(),
        "language": post.lang,
    }
    if (modified := getattr(post, "modified", None)) is not None:
        item["date_modified"] = modified.isoformat()
    if authors := names(post, "authors"):
        item["authors"] = [{"name": name} for name in authors]
    if tags := names(post, "tags"):
        item["tags"] = tags
    return item
