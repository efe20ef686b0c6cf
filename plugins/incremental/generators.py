"""Pelican's generators where they cost the square of the number of posts, or copy what was copied."""

from __future__ import annotations

import calendar
import logging
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from pelican.contents import Article, Content, SkipStub
from pelican.generators import ArticlesGenerator, Generator, PagesGenerator, StaticGenerator
from pelican.plugins import signals
from pelican.utils import get_original_items, mkdir_p, order_content
from pelican.writers import FileOverwriteFailedError

from . import parallel
from .contents import kept_of
from .files import copy
from .reading import IncrementalReaders
from .session import Output, Session
from .stamps import stamp

__all__ = ["IncrementalArticles", "IncrementalPages", "IncrementalStatic", "Remembering"]

logger = logging.getLogger(__name__)


class Remembering(Generator):  # type: ignore[misc] # Pelican has no types
    """A generator of a build that remembers: a class is made for each build, which names it."""

    session: Session

    def __init__(self, context: dict[str, Any], settings: dict[str, Any], **named: Any) -> None:
        super().__init__(context=context, settings=settings, **named)
        self.readers = IncrementalReaders(settings, self.session)


class IncrementalPages(Remembering, PagesGenerator):  # type: ignore[misc]
    """Pages."""


class IncrementalArticles(Remembering, ArticlesGenerator):  # type: ignore[misc]
    """Posts: read by all cores when many are new; grouped in one pass."""

    categories: Any  # a mapping while posts are read, pairs afterwards
    authors: Any

    def generate_context(self) -> None:
        """Read the posts, and add them to the context in the order in which Pelican would."""
        found: dict[str, list[Article]] = {"published": [], "draft": [], "hidden": []}
        paths = self.get_files(self.settings["ARTICLE_PATHS"], exclude=self.settings["ARTICLE_EXCLUDES"])
        paths = sorted(paths)  # so that nothing depends on the order in which a disk or a set has them
        with parallel.ahead(self.readers, self.path, paths, Article):
            for path in paths:
                article = self._article(path)
                if article is not None:
                    found[article.status].append(article)
                    self.add_source_path(article)
                    self.add_static_links(article)
        order, by = self.settings["ARTICLE_ORDER_BY"], self.settings["ARTICLE_TRANSLATION_ID"]
        self.articles, self.translations = _versions(found["published"], by, order)
        self.hidden_articles, self.hidden_translations = _versions(found["hidden"], by, order)
        self.drafts, self.drafts_translations = _versions(found["draft"], by, order)
        signals.article_generator_pretaxonomy.send(self)
        for article in self.articles:
            tags, authors = _terms(article)
            if hasattr(article, "category"):
                self.categories[article.category].append(article)
            for tag in tags:
                self.tags[tag].append(article)
            for author in authors:
                self.authors[author].append(article)
        self.dates = list(self.articles)
        self.dates.sort(key=attrgetter("date"), reverse=self.context["NEWEST_FIRST_ARCHIVES"])
        self.period_archives = self._build_period_archives(self.dates, self.articles, self.settings)
        self.categories = list(self.categories.items())
        self.categories.sort(reverse=self.settings["REVERSE_CATEGORY_ORDER"])
        self.authors = list(self.authors.items())
        self.authors.sort()
        self._update_context(
            (
                "articles",
                "drafts",
                "hidden_articles",
                "dates",
                "tags",
                "categories",
                "authors",
                "related_posts",
            )
        )
        self.context["period_archives"] = self.period_archives
        signals.article_generator_finalized.send(self)

    def _article(self, path: str) -> Article | None:
        try:
            article = self.readers.read_file(
                base_path=self.path,
                path=path,
                content_class=Article,
                context=self.context,
                preread_signal=signals.article_generator_preread,
                preread_sender=self,
                context_signal=signals.article_generator_context,
                context_sender=self,
            )
        except Exception:
            logger.exception("Could not process %s", path, exc_info=self.settings.get("DEBUG", False))
            self._add_failed_source_path(path)
            return None
        if isinstance(article, SkipStub):
            logger.debug("Safely skipping %s", path)
            return None
        if not article.is_valid():
            self._add_failed_source_path(path)
            return None
        return article

    def _build_period_archives(
        self, sorted_articles: Sequence[Article], articles: Sequence[Article], settings: Mapping[str, Any]
    ) -> dict[str, list[dict[str, Any]]]:
        archives: dict[str, list[dict[str, Any]]] = defaultdict(list)
        fields = ("year", "month", "day")
        for count, period in enumerate(fields, 1):
            save_as = settings[f"{period.upper()}_ARCHIVE_SAVE_AS"]
            url = settings[f"{period.upper()}_ARCHIVE_URL"]
            if not save_as:
                continue
            rank = {id(article): at for at, article in enumerate(articles)}
            for _, group in groupby(
                sorted_articles, key=attrgetter(*(f"date.{one}" for one in fields[:count]))
            ):
                dates = list(group)
                date = dates[0].date
                numbers = (date.year, date.month, date.day)[:count]
                names = (date.year, calendar.month_name[date.month], date.day)[:count]
                archives[period].append(
                    {
                        "dates": dates,
                        "articles": sorted(dates, key=lambda one: rank[id(one)]),
                        "save_as": save_as.format(date=date),
                        "url": url.format(date=date),
                        "period": names,
                        "period_num": numbers,
                    }
                )
        return archives

    def generate_tags(self, write: Callable[..., None]) -> None:
        """Write the pages of the tags."""
        self._of_terms(write, self.tags.items(), "tag")

    def generate_categories(self, write: Callable[..., None]) -> None:
        """Write the pages of the categories."""
        self._of_terms(write, self.categories, "category")

    def generate_authors(self, write: Callable[..., None]) -> None:
        """Write the pages of the authors."""
        self._of_terms(write, self.authors, "author")

    def _of_terms(
        self, write: Callable[..., None], terms: Iterable[tuple[Any, list[Article]]], kind: str
    ) -> None:
        template = self.get_template(kind)
        rank = {id(article): at for at, article in enumerate(self.dates)}
        for term, articles in terms:
            seen = {id(article): article for article in articles if id(article) in rank}
            dates = sorted(seen.values(), key=lambda one: rank[id(one)])
            try:
                write(
                    term.save_as,
                    template,
                    self.context,
                    url=term.url,
                    articles=articles,
                    dates=dates,
                    template_name=kind,
                    blog=True,
                    page_name=term.page_name,
                    all_articles=self.articles,
                    **{kind: term},
                )
            except FileOverwriteFailedError:
                if term.slug:
                    logger.error('Failed to write %s page for "%s".', kind.capitalize(), term)  # noqa: TRY400 - it goes on
                    raise
                logger.info('%s "%s" has an invalid slug; skipping writing its page', kind.capitalize(), term)


class IncrementalStatic(Remembering, StaticGenerator):  # type: ignore[misc]
    """Files: copied whole, and only if they are others than last time."""

    def _copy_staticfile(self, sc: Any) -> None:
        source = os.path.join(self.path, sc.source_path)
        save_as = os.path.join(self.output_path, sc.save_as)
        if not os.path.isfile(source):  # a link to a folder, or to nothing
            super()._copy_staticfile(sc)
            return
        self._mkdir(os.path.dirname(save_as))
        self._take(source, save_as)

    def _copy_paths(
        self,
        paths: Iterable[str],
        source: str,
        destination: str,
        output_path: str,
        final_path: str | None = None,
    ) -> None:
        for path in paths:
            root = os.path.join(source, path)
            target = os.path.join(output_path, destination, path)
            if final_path:
                target = os.path.join(output_path, destination, final_path)
                if os.path.isfile(root):
                    target = os.path.join(target, os.path.basename(path))
            if os.path.isfile(root):
                mkdir_p(os.path.dirname(target))
                self._take(root, target)
            for file in _below(root, self.settings["IGNORE_FILES"]):
                to = os.path.join(target, os.path.relpath(file, root))
                mkdir_p(os.path.dirname(to))
                self._take(file, to)

    def _take(self, source: str, target: str) -> None:
        path = os.path.relpath(os.path.abspath(target), os.path.abspath(self.output_path))
        made_by = repr((os.path.abspath(source), stamp(source))).encode()
        was = self.session.before.get(path)
        if (
            was is None
            or was.made_by != made_by
            or was.stamp != stamp(target)[:2]
            or path in self.session.outputs
        ):
            copy(source, target)
        self.session.outputs[path] = Output(stamp=stamp(target)[:2], made_by=made_by)


def _below(root: str, ignores: Sequence[str]) -> Iterator[str]:
    from fnmatch import fnmatch  # noqa: PLC0415

    for folder, names, files in os.walk(root, followlinks=True):
        names[:] = [name for name in names if not any(fnmatch(name, one) for one in ignores)]
        yield from (
            os.path.join(folder, name) for name in files if not any(fnmatch(name, one) for one in ignores)
        )


def _terms(article: Content) -> tuple[Iterable[Any], Iterable[Any]]:
    """Give the tags and authors of a post, without opening it where nobody has changed them."""
    kept = kept_of(article)
    if kept is not None and kept.untouched and kept.terms is not None:
        return kept.terms
    return getattr(article, "tags", ()), getattr(article, "authors", ())


def _versions(articles: list[Any], by: Any, order: Any) -> tuple[list[Any], list[Any]]:
    """Tell originals from translations, as Pelican does, in one pass."""
    if not by:
        return order_content(articles, order), []
    names = {by} if isinstance(by, str) else set(by)
    read = attrgetter(*names)
    articles.sort(key=read)
    originals: list[Any] = []
    for values, group in groupby(articles, read):
        items = list(group)
        if len(items) == 1:
            originals += items
            items[0].translations = []
            continue
        shown = (values,) if len(names) == 1 else values
        said = "with" + ", ".join([' {} "{{}}"'] * len(names)).format(*names).format(*shown)
        originals += get_original_items(items, said)
        for one in items:
            one.translations = [other for other in items if other is not one]
    known = {id(one) for one in originals}
    return order_content(originals, order), [one for one in articles if id(one) not in known]
