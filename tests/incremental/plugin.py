"""A plugin of the site that changes: neighbours, a filter that knows something, an addition to feeds."""

from __future__ import annotations

from typing import Any

from pelican import ArticlesGenerator, signals


class Counting:
    """A filter whose answer depends on all posts."""

    def __init__(self) -> None:
        self.count = 0

    def among(self, text: str) -> str:
        return f"{text} among {self.count}"


_counting = Counting()


def neighbours(generators: list[Any]) -> None:
    for generator in generators:
        if isinstance(generator, ArticlesGenerator):
            _counting.count = len(generator.articles)
            row = [None, *generator.articles, None]
            for later, article, earlier in zip(row, row[1:], row[2:], strict=False):
                article.later, article.earlier = later, earlier
                article.near = [
                    other
                    for other in generator.articles
                    if other is not article
                    and set(map(str, getattr(other, "tags", ())))
                    & set(map(str, getattr(article, "tags", ())))
                ][:2]


def prepare(pelican: Any) -> None:
    pelican.settings["JINJA_FILTERS"]["among"] = _counting.among


def feed(context: dict[str, Any], feed: Any) -> None:
    for item in feed.items:
        item["title"] = f"{item['title']} ({len(context['articles'])})"


def register() -> None:
    signals.initialized.connect(prepare)
    signals.all_generators_finalized.connect(neighbours)
    signals.feed_generated.connect(feed)
