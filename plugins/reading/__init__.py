"""Help a reader through a post and on to the next one.

A Pelican plugin. It gives each published post an attribute ``reading``: how long it takes, its headings if it is
long, its sources, whether lines to call belong beside it, its place in a series, and which posts stand before, after
and near it. So a post's page depends, besides its own source, on the titles and addresses of those posts and on how
many parts its series has. A filter, ``classed``, aligns tables by classes; another, ``among_others``, lets several
posts stand on one page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast, runtime_checkable

from markupsafe import Markup
from pelican import signals

from pipeline.posts.plain import from_html

from ..refusing import without_traceback
from .care import names_suicide
from .edition import among_others
from .outline import Heading, Source, contents, sources
from .related import Text, related
from .series import Place, places
from .tables import classed

__all__ = ["Article", "Reading", "Series", "describe", "register"]

_WORDS_A_MINUTE = 220  # silent reading of non-fiction, a little below the mean of Brysbaert (2019)
_RELATED = 3


class Named(Protocol):
    """A tag."""

    name: str


class Article(Protocol):
    """What is read of a post here, and what is written."""

    title: str
    summary: str
    slug: str
    lang: str
    date: datetime
    content: str
    reading: Reading


class Run(Protocol):
    """What is changed of Pelican."""

    settings: MutableMapping[str, object]


@runtime_checkable
class Articles(Protocol):
    """What is read of Pelican's generator of posts; no other generator has these."""

    articles: list[Article]
    translations: list[Article]
    hidden_articles: list[Article]


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """A post's place in a series, and its neighbours there."""

    name: str
    part: int  # from 1
    parts: int
    before: Article | None
    after: Article | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a page says of a post besides its words."""

    minutes: int  # at least 1
    words: int
    contents: tuple[Heading, ...]  # empty unless the post is long
    sources: tuple[Source, ...]
    crisis: bool  # it names suicide or self-harm
    earlier: Article | None
    later: Article | None
    series: Series | None
    related: tuple[Article, ...]  # without any of those


def describe(articles: Iterable[Article]) -> None:
    """Describe posts to their readers; those of one language among themselves."""
    by_language: dict[str, list[Article]] = defaultdict(list)
    for article in articles:
        by_language[article.lang].append(article)
    for group in by_language.values():
        group.sort(key=lambda article: article.slug)
        group.sort(key=lambda article: article.date, reverse=True)
        _describe(group)


def _describe(group: Sequence[Article]) -> None:
    texts = [from_html(article.content) for article in group]
    compared = [
        Text(tags=_tags(article), words=f"{from_html(article.title)} {text}")
        for article, text in zip(group, texts, strict=True)
    ]
    near = related(compared, _RELATED + 4)
    parts = places([str(getattr(article, "series", "")) for article in group])
    for position, (article, text) in enumerate(zip(group, texts, strict=True)):
        later = group[position - 1] if position else None
        earlier = group[position + 1] if position + 1 < len(group) else None
        count = len(text.split())
        note = str(getattr(article, "content_note", ""))
        place = parts[position]
        named = {position - 1, position + 1, *((place.before, place.after) if place else ())}
        article.reading = Reading(
            minutes=max(1, round(count / _WORDS_A_MINUTE)),
            words=count,
            contents=contents(article.content),
            sources=sources(article.content),
            crisis=names_suicide(from_html(article.title), from_html(article.summary), note, text),
            earlier=earlier,
            later=later,
            series=_series(place, group),
            related=tuple(group[at] for at in near[position] if at not in named)[:_RELATED],
        )


def _series(place: Place | None, group: Sequence[Article]) -> Series | None:
    if place is None:
        return None
    before, after = (None if at is None else group[at] for at in (place.before, place.after))
    return Series(name=place.name, part=place.part, parts=place.parts, before=before, after=after)


def _tags(article: Article) -> frozenset[str]:
    tags: Iterable[Named] = getattr(article, "tags", ())
    return frozenset(tag.name for tag in tags)


def collect(generators: Sequence[object]) -> None:
    """Describe every post that is written, once all of them are read."""
    for generator in generators:
        if isinstance(generator, Articles):
            describe([*generator.articles, *generator.translations])
            describe(generator.hidden_articles)  # they have pages, but stand in no row


def prepare(pelican: Run) -> None:
    """Give templates the filters that prepare a post's body for a page of one, or of several."""
    filters = cast("MutableMapping[str, object]", pelican.settings["JINJA_FILTERS"])
    filters["classed"] = lambda html: Markup(classed(str(html)))  # noqa: S704 - as it was
    filters["among_others"] = lambda html, slug: Markup(among_others(str(html), slug))  # noqa: S704 - as it was


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.initialized.connect(prepare)
    signals.all_generators_finalized.connect(collect)
