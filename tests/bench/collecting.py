"""How long the manifest's plugin takes to describe what Pelican has read."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from pelican.contents import Article, Author, Category, Tag
from pelican.settings import DEFAULT_CONFIG

from pipeline.posts import manifest
from plugins.manifest import articles
from tests.bench.figures import Figure

_NUMBER = 10_000
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_PARAGRAPH = (
    '<p>Nobody heals alone, and <em>nobody has to</em>. <a href="https://belonging.example.org/about/">Come in</a>; '
    + "the room was full of people who had come to listen, and nobody asked why. " * 5
    + "</p>\n"
)
_BODY = '<h2 id="come-in">Come in</h2>\n' + _PARAGRAPH * 9  # about 700 words


def _read(folder: Path) -> SimpleNamespace:
    settings = DEFAULT_CONFIG | {
        "PATH": str(folder),
        "SITEURL": "https://belonging.example.org",
        "SITENAME": "Belonging",
        "CACHE_CONTENT": False,
    }
    context: dict[str, object] = settings | {
        "generated_content": {},
        "static_links": set(),
        "static_content": {},
        "localsiteurl": "",
    }
    found = [
        Article(
            f"{_BODY}<p>{i}</p>",
            metadata={
                "title": f"Letter number {i}",
                "slug": f"post-{i}",
                "date": _NOW - timedelta(days=i),
                "category": Category("Letters", settings),
                "tags": [Tag("belonging", settings), Tag("recovery", settings)],
                "authors": [Author("Mara Lindqvist", settings)],
                "summary": "Two sentences, more or less, that say what the letter is about. This is the second.",
                "lang": "en",
            },
            settings=settings,
            source_path=str(folder / "posts" / f"post-{i}.md"),
            context=context,
        )
        for i in range(_NUMBER)
    ]
    return SimpleNamespace(
        settings=settings, context=context, articles=found, translations=[], hidden_articles=[]
    )


def collect(folder: Path) -> list[Figure]:
    taken, resolved = [], []
    for _ in range(3):
        generator = _read(folder)
        begin = time.perf_counter()
        for article in generator.articles:
            assert article.save_as and article.url  # a build knows them before the plugin's turn
            article.get_content(article.settings["SITEURL"])
        links = time.perf_counter()
        about = articles.site(generator.settings)
        manifest.dumps(about, articles.posts(generator, about, bodies=200))
        taken.append(time.perf_counter() - links)
        resolved.append(links - begin)
    ours, pelicans = statistics.median(taken), statistics.median(resolved)
    return [
        Figure(
            what="manifest of 10,000 posts, collected in the site's build",
            value=f"{ours:.2f} s",
            ratio=f"{ours / pelicans:.1f} × Pelican's own addresses and links of the same posts",
        )
    ]


MEASURES = (collect,)
