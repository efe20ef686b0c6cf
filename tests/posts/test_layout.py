"""What the settings of a site, read without running them, say of its content."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pelican.settings import DEFAULT_CONFIG

from pipeline.posts import checking, pelicanconf
from pipeline.posts.layout import DEFAULTS, Layout, from_settings
from pipeline.posts.schema import Kind


def beside(tmp_path: Path, conf: str) -> Layout:
    (tmp_path / "pelicanconf.py").write_text(conf, encoding="utf-8")
    return pelicanconf.beside(tmp_path / "content")


def test_the_defaults_are_pelicans() -> None:
    assert {name: DEFAULT_CONFIG[name] for name in DEFAULTS} == DEFAULTS


def test_without_settings_a_site_is_like_this_one(tmp_path: Path) -> None:
    assert pelicanconf.beside(tmp_path / "content") == Layout()


@pytest.mark.parametrize(
    "conf", ["", "not python (", "\0", "ARTICLE_PATHS = 'posts'", "ARTICLE_PATHS = [p for p in 'ab']"]
)
def test_what_cannot_be_read_is_at_pelicans_default(tmp_path: Path, conf: str) -> None:
    layout = beside(tmp_path, conf)
    assert (layout.posts, layout.pages, layout.apart) == (("",), ("pages",), True)
    assert layout.kind("anything/x.md") is Kind.POST
    assert layout.kind("pages/x.md") is Kind.PAGE
    assert layout.taken == {"index", "tags", "categories", "authors", "archives"}


def test_plain_values_are_read_and_computed_ones_are_not(tmp_path: Path) -> None:
    layout = beside(
        tmp_path,
        'import os\nARTICLE_PATHS: list[str] = ["blog/", "news"]\nPAGE_EXCLUDES = ("drafts",)\n'
        'ARTICLE_SAVE_AS = PAGE_SAVE_AS = "p/{slug}/index.html"\nTIMEZONE = "Europe/Madrid"\nDEFAULT_LANG = "es"\n'
        'DEFAULT_LANG = os.environ["LANG"]\nARCHIVES_SAVE_AS = "p/all/index.html"\nDEFAULT_DATE = "fs"\n'
        'IGNORE_FILES = [".#*"]\nREADERS = {"mkd": None}\nlower = "x"\nA, B = 1, 2\n'
        'PATH_METADATA = "(?P<slug>[^/]+)/.*"\nFILENAME_METADATA = "(?P<Title>.*)"\n'
        'SLUGIFY_SOURCE = "basename"\nDEFAULT_METADATA = {"status": "draft"}\n',
    )
    assert layout.posts == ("blog", "news")
    assert layout.not_posts == ("pages",)
    assert layout.not_pages == ("drafts", "blog/".strip("/"), "news")
    assert layout.apart is False
    assert layout.zone == ZoneInfo("Europe/Madrid")
    assert layout.lang == "en"
    assert layout.taken == {"all"}
    assert layout.undated is True
    assert layout.suffixes == ("md", "markdown", "mdown")
    assert layout.slug_source == "basename"
    assert layout.from_path("blog/a name.md") == {"title": "a name", "slug": "blog"}
    assert [layout.kind(path) for path in ("blog/x.md", "blog/.#x.md", "x.md", "blog/x.mkd", "news")] == [
        Kind.POST, None, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["FILENAME_METADATA", "PATH_METADATA"])
def test_a_pattern_that_is_none_says_nothing(name: str) -> None:
    settings = {"FILENAME_METADATA": "", "PATH_METADATA": "", name: "(?P<date>"}
    assert from_settings(settings).from_path("2026-01-02-x.md") == {}


@pytest.mark.parametrize(
    ("article", "file", "taken"),
    [
        ("{slug}.html", "tags.html", {"tags"}),
        ("{slug}.html", "tags/index.html", set()),
        ("{slug}/index.html", "tags/index.html", {"tags"}),
        ("{slug}/index.html", "a/tags/index.html", set()),
        ("{slug}/index.html", "index.html", set()),
        ("{date:%Y}/{slug}/index.html", "tags/index.html", set()),
        ("posts/{slug}/index.html", "posts/tags/index.html", {"tags"}),
    ],
)
def test_a_slug_is_taken_where_both_would_be_one_file(article: str, file: str, taken: set[str]) -> None:
    settings = {"ARTICLE_SAVE_AS": article, "DIRECT_TEMPLATES": ["tags"], "TAGS_SAVE_AS": file}
    assert from_settings(settings).taken == taken


def test_the_check_looks_where_the_settings_say_that_posts_are(tmp_path: Path) -> None:
    (tmp_path / "content" / "blog").mkdir(parents=True)
    (tmp_path / "content" / "blog" / "a.md").write_text("Title: A\nDate: never\n\nText\n")
    assert checking.check(tmp_path / "content") == ()
    (tmp_path / "pelicanconf.py").write_text("ARTICLE_PATHS = ['blog']\n")
    (mistake,) = checking.check(tmp_path / "content")
    assert mistake.line == 2
