"""Put into Atom and RSS what Pelican leaves out of them, and write JSON Feed and a calendar beside them.

Pelican writes Atom and RSS. Here each gets the site's language, an id of its own (RFC 4287 §4.2.6), an author for
posts that name none (§4.1.2), a guid that RSS readers do not take for an address, titles with all their words, and
the content note before the text.

Settings:
    FEED_JSON, CATEGORY_FEED_JSON: Where the JSON feeds are written; left out, there are none.
    LETTERS_CALENDAR: Where the calendar is written; left out, there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import chain
from pathlib import Path
from typing import Protocol, cast, runtime_checkable
from urllib.parse import quote

from pelican import signals

from pipeline.posts.plain import from_html

from .calendar import calendar
from .jsonfeed import jsonfeed
from .noted import noted
from .published import FeedPost

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


@runtime_checkable
class Articles(Protocol):
    """What is read of Pelican's generator of posts; no other generator has these."""

    settings: Mapping[str, object]
    articles: list[FeedPost]
    categories: list[tuple[Category, list[FeedPost]]]
    hidden_articles: list[FeedPost]


class Category(Protocol):
    """What is read of a topic."""

    name: str
    slug: str
    url: str


class Run(Protocol):
    """What is read of Pelican."""

    output_path: str


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
        item[whole] = noted(post, str(item[whole]), context)


complete.reads_what_it_is_given = True  # type: ignore[attr-defined] # for builds that remember what was read


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


class Writer:
    """Make the feeds that Pelican does not know once all posts are read; write them with the site."""

    def __init__(self) -> None:
        self._files: dict[str, str] = {}

    def collect(self, generators: Sequence[object]) -> None:
        """Make them."""
        self._files = {}
        for generator in generators:
            if isinstance(generator, Articles):
                self._make(generator)

    def _make(self, generator: Articles) -> None:
        settings = generator.settings
        most = settings.get("FEED_MAX_ITEMS", 100)
        newest = slice(most if isinstance(most, int) else 100)
        name = from_html(str(settings["SITENAME"]))
        if path := str(settings.get("FEED_JSON") or ""):
            self._files[path] = jsonfeed(settings, generator.articles[newest], path=path, title=name, page="")
        if template := str(settings.get("CATEGORY_FEED_JSON") or ""):
            for category, posts in generator.categories:
                path = template.format(slug=category.slug)
                title = f"{name}: {category.name}"
                self._files[path] = jsonfeed(
                    settings, posts[newest], path=path, title=title, page=category.url
                )
        if path := str(settings.get("LETTERS_CALENDAR") or ""):
            self._files[path] = calendar(settings, generator.articles)

    def write(self, pelican: Run) -> None:
        """Write them."""
        for path, text in self._files.items():
            file = Path(pelican.output_path, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="")
        self._files = {}


_writer = Writer()


def register() -> None:
    """Connect to Pelican."""
    signals.feed_generated.connect(complete)
    signals.all_generators_finalized.connect(_writer.collect)
    signals.finalized.connect(_writer.write)
