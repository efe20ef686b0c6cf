"""plugins.frontmatter in real builds: what it reads, what it refuses, what it holds back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.posts.blogs import ROOT, Blog


@pytest.fixture
def blog(tmp_path: Path) -> Blog:
    return Blog(tmp_path)


def plain_blog(blog: Blog) -> None:
    """A blog as people have them who never heard of this project."""
    blog.file(
        "a-first-post.md",
        "Title: It's a <em>first</em> post\nDate: 2026-01-02 10:20\nModified: 2026-01-03\nTags: one, two\n"
        "Category: Things\nAuthors: Ann Example; Bo Example\nSummary: With *emphasis*\n    and more.\n"
        "Cover: c.png\nRepeated: a\nRepeated: b\n\nNote: no header.\n\n"
        "A [link]({filename}second.md) and ![p]({static}images/p.png).\n",
    )
    blog.file(
        "second.md",
        "title: Second\ndate: 3/4/2026\nStatus: hidden\nSlug: the-second\n\n    code\n\nText[^1]\n\n[^1]: Note\n",
    )
    blog.file("2026-02-03-named.markdown", "Title: Named\n\nDated by its name.\n")
    blog.file("draft.md", "Title: A draft\nStatus: draft\n\nNot yet.\n")
    blog.file(
        "es/primero.md", "Title: Primero\nDate: 2026-01-05\nLang: es\nSlug: its-a-first-post\n\nHola.\n"
    )
    blog.file("zh.md", "Title: 你好\nDate: 2026-01-05\nLang: zh-TW\nTemplate: article\n\n好\n")
    blog.file(
        "extra.md",
        "Title: Elsewhere\nDate: 2026-01-06\nsave_as: else/where.html\nurl: else/where.html\n\nText.\n",
    )
    blog.file("old.rst", "Restructured\n############\n\n:date: 2025-01-01\n:tags: one\n\nText.\n")
    blog.file("pages/about.md", "Title: About\n\nA page, see {date}.\n")
    blog.file("images/p.png", "picture")


def test_a_blog_with_pelicans_own_headers_is_built_byte_for_byte_as_before(tmp_path: Path) -> None:
    trees = []
    for name, plugins in (("without", []), ("with", ["plugins.frontmatter"])):
        (tmp_path / name).mkdir()
        blog = Blog(tmp_path / name, PLUGINS=plugins)
        plain_blog(blog)
        blog.build("--fatal", "errors")
        trees.append(blog.tree())
    without, with_plugin = trees
    assert sorted(without) == sorted(with_plugin)
    assert len(without) > 20
    for name, data in without.items():
        assert with_plugin[name] == data, name


def test_yaml_reaches_the_page_typed(blog: Blog) -> None:
    blog.show_metadata()
    blog.file("images/p.png")
    blog.post(
        "post.md",
        'title: "It\'s: here"\nslug: here\ncategory: Things\ntags: [b, a]\nauthors: Ann Example, Bo Example\n'
        "id: an-id\nsubject: A subject\npreheader: A line\ncontent_note: A note\nmail: no\n"
        'image: "{static}/images/p.png"\nimage_alt: A picture\nsummary: With *emphasis*\n'
        "custom: [{a: b}]\ncover:",
        body="Note: still text\n\n    code\n",
        date="2026-01-02 10:20",
    )
    blog.build("--fatal", "errors")
    page = (blog.output / "here.html").read_text(encoding="utf-8")
    assert [line for line in page.split("\n") if line.strip()] == [
        "It's: here|here|Things|b,a|Ann Example,Bo Example",
        "id=an-id",
        "subject=A subject",
        "preheader=A line",
        "mail=False",
        "content_note=A note",
        "image=images/p.png",
        "image_alt=A picture",
        "custom=[{'a': 'b'}]",
        "summary=<p>With <em>emphasis</em></p>",
        "date=2026-01-02T10:20:00+00:00",
        "<p>Note: still text</p>",
        '<div class="highlight"><pre><span></span><code>code',
        "</code></pre></div>",
    ]


def test_headers_reach_the_page_typed_too(blog: Blog) -> None:
    blog.show_metadata()
    blog.file(
        "post.md", "Title: A\nDate: 2026-01-02\nMail: No\nSubject: B\nCustom: a\nTags: x,\n    y\n\nText\n"
    )
    blog.build("--fatal", "errors")
    page = (blog.output / "a.html").read_text(encoding="utf-8")
    assert "\nmail=False\n" in page
    assert "\nsubject=B\n" in page
    assert "\ncustom=a\n" in page
    assert "a|a|misc|x,y|" in page.lower()


def test_an_empty_key_says_nothing(blog: Blog) -> None:
    blog.show_metadata()
    blog.post(
        "post.md",
        "title: A\nslug:\ncategory:\ntags: []\nauthor:\nstatus:\nlang:\nsummary:\nmodified:\nid:\nmail:",
    )
    blog.build("--fatal", "errors")
    page = (blog.output / "a.html").read_text(encoding="utf-8")
    assert "A|a|misc||\n" in page
    assert "\nid=-\n" in page
    assert "\nmail=True\n" in page


def test_a_date_without_a_zone_is_in_the_sites_and_one_with_a_zone_stays(tmp_path: Path) -> None:
    blog = Blog(tmp_path, TIMEZONE="Europe/Madrid")
    blog.show_metadata()
    blog.post("a.md", date="2026-01-02 10:00")
    blog.post("b.md", date="2026-01-02 10:00-05:00")
    blog.build("--fatal", "errors")
    assert "date=2026-01-02T10:00:00+01:00" in (blog.output / "a.html").read_text()
    assert "date=2026-01-02T10:00:00-05:00" in (blog.output / "b.html").read_text()


def test_the_sites_own_language_is_known_however_it_is_written(tmp_path: Path) -> None:
    blog = Blog(tmp_path, DEFAULT_LANG="pt-BR")
    for number, lang in enumerate(["pt-BR", "PT-br", "pt-br"]):
        blog.post(f"p{number}.md", f"lang: {lang}")
    blog.build("--fatal", "errors")
    assert {"p0.html", "p1.html", "p2.html"} <= blog.tree().keys()
    assert {post["lang"] for post in blog.posts()} == {"pt-BR"}


# --- Refusing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [(), ("--fatal", "errors"), ("-q", "--fatal", "errors"), ("--fatal", "warnings")]
)
def test_content_with_mistakes_is_not_built_and_nothing_is_touched(
    blog: Blog, options: tuple[str, ...]
) -> None:
    blog.settings["DELETE_OUTPUT_DIRECTORY"] = True
    blog.post("good.md")
    blog.build()
    before, manifest = blog.tree(), blog.manifest.read_bytes()
    blog.post("more.md")
    blog.post("bad.md", "mail: perhaps\ntitel: x", "[x](absent.md)", date="2026-02-30")
    blog.post("twin.md", "slug: good")
    blog.file("broken.md", "---\ntitle: a: b\n---\n")
    run = blog.build(*options, code=1)
    assert [line.split(" ")[0] for line in run.stderr.splitlines()] == [
        "content/bad.md:3:7:", "content/bad.md:4:7:", "content/bad.md:7:5:",
        "content/broken.md:2:9:", "content/twin.md:4:1:",
    ]  # fmt: skip
    assert "content/bad.md:5:1: warning: the key “titel” is not known" in run.stdout
    assert "Refused: 5 mistakes in the content; nothing was written" in run.stdout
    assert blog.tree() == before
    assert blog.manifest.read_bytes() == manifest


def test_warnings_are_listed_and_stop_nothing(blog: Blog) -> None:
    for number in range(40):
        blog.post(f"post-{number:02}.md", "colour: red")
    run = blog.build("--fatal", "errors")
    lines = run.stdout.splitlines()
    assert lines[0].startswith("content/post-00.md:4:1: warning: the key “colour” is not known")
    assert lines[30] == "… and 10 more warnings"
    assert run.stderr == ""
    assert (blog.output / "post-39.html").exists()


def test_a_file_of_another_kind_that_pelican_cannot_read_stops_the_build_too(blog: Blog) -> None:
    blog.post("good.md")
    blog.file("broken.rst", "Undated\n#######\n\nText.\n")
    run = blog.build(code=1)
    assert "Refused: Pelican could not read broken.rst" in run.stdout
    assert not blog.output.exists()


def test_looking_at_settings_needs_no_good_content(blog: Blog) -> None:
    blog.post("bad.md", date="never")
    assert "SITENAME" in blog.build("--print-settings", "SITENAME").stdout


def test_under_the_name_of_the_library_it_does_not_load(blog: Blog) -> None:
    blog.settings.update(PLUGINS=["frontmatter"], PLUGIN_PATHS=[str(ROOT / "plugins")])
    blog.post("good.md")
    assert 'load this plugin as "plugins.frontmatter"' in blog.build().stdout


# --- Holding back ------------------------------------------------------------------------------------------

_FUTURE = "2026-06-01 12:00:01"


@pytest.mark.parametrize("published_by_pelican", [True, False])
def test_a_post_of_the_future_is_written_nowhere(blog: Blog, published_by_pelican: bool) -> None:
    blog.settings["WITH_FUTURE_DATES"] = published_by_pelican
    blog.post("now.md", date="2026-06-01 12:00")
    fronts = [
        "slug: z1",
        "save_as: early/index.html\nurl: early/",
        "status: hidden",
        "slug: z1\nlang: es",
        "lang: de",
    ]
    for number, front in enumerate(fronts):
        words = f"title: Zeitgeber {number}\ncategory: Futurology\ntags: notyet\nauthor: Nobody\n"
        blog.post(f"zeitgeber-{number}.md", f"{words}{front}", "Zeitgeber", date=_FUTURE)
    blog.build("--fatal", "errors")
    tree = blog.tree()
    assert "now.html" in tree
    for name, data in tree.items():
        for word in (b"eitgeber", b"uturology", b"notyet", b"obody", b"z1", b"early"):
            assert word not in data, name
            assert word.decode() not in name
    assert [post["slug"] for post in blog.posts()] == ["now"]


def test_when_its_time_has_come_it_is_a_post_like_any_other(blog: Blog) -> None:
    blog.post("soon.md", date=_FUTURE)
    blog.build()
    assert "soon.html" not in blog.tree()
    assert blog.posts() == []
    blog.build(at="2026-06-01T12:00:02+00:00")
    assert "soon.html" in blog.tree()
    assert [post["slug"] for post in blog.posts()] == ["soon"]


def test_a_draft_is_where_pelican_puts_it_and_in_no_manifest(blog: Blog) -> None:
    blog.post("draft.md", "status: Draft")
    blog.post("es.md", "status: draft\nslug: draft\nlang: es")
    blog.post("hidden.md", "status: hidden")
    blog.post("skipped.md", "status: skip")
    blog.build("--fatal", "errors")
    assert {"drafts/draft.html", "drafts/draft-es.html", "hidden.html"} <= blog.tree().keys()
    assert not any("skipped" in name for name in blog.tree())
    assert blog.posts() == []


def test_drafts_and_future_posts_can_be_looked_at(blog: Blog) -> None:
    blog.settings["SHOW_DRAFTS"] = True
    blog.post("soon.md", date=_FUTURE)
    blog.post("draft.md", "status: draft")
    blog.file("undated.md", "---\ntitle: Undated\nstatus: draft\n---\nText\n")
    blog.file("2026-01-03-named.md", "---\ntitle: Named\nstatus: draft\n---\nText\n")
    blog.post("hidden.md", "status: hidden")
    blog.build("--fatal", "errors")
    assert {"soon.html", "draft.html", "undated.html", "named.html"} <= blog.tree().keys()
    assert {post["slug"]: post["date"][:10] for post in blog.posts() if post["slug"] != "undated"} == {
        "soon": "2026-06-01", "draft": "2026-01-02", "named": "2026-01-03",
    }  # fmt: skip
    assert "undated" in {post["slug"] for post in blog.posts()}


# --- The layout that content is checked against ------------------------------------------------------------


def test_the_check_and_the_build_agree_on_how_this_site_is_laid_out() -> None:
    script = (
        "from pathlib import Path; from dataclasses import fields\n"
        "from pelican.settings import read_settings; from plugins.frontmatter.site import layout\n"
        "from pipeline.posts.layout import Layout; from pipeline.posts.pelicanconf import beside\n"
        "ours, theirs = beside(Path('content')), layout(read_settings('pelicanconf.py'))\n"
        "for field in fields(Layout):\n"
        "    if field.name not in ('slugify', 'from_path'):\n"
        "        assert getattr(ours, field.name) == getattr(theirs, field.name), field.name\n"
        "for path in ('posts/2026-01-02-x.md', 'posts/x.md', 'pages/x.md', 'images/x.md', 'x.md'):\n"
        "    assert ours.kind(path) == theirs.kind(path), path\n"
        "    assert ours.from_path(path).get('date') == theirs.from_path(path).get('date'), path\n"
        "assert ours.slugify('It’s Ünder — here') == theirs.slugify('It’s Ünder — here')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def test_pages_are_checked_where_posts_may_stand_anywhere(blog: Blog) -> None:
    blog.post("good.md")
    blog.file("pages/bad.md", "Title: Bad\nMail: perhaps\n\nText\n")
    assert blog.build(code=1).stderr.startswith("content/pages/bad.md:2:7: mail: “perhaps”")


def _two_alike(blog: Blog) -> None:
    blog.post("a.md", "title: Same")
    blog.post("b.md", "title: Same")


@pytest.mark.parametrize(
    ("settings", "prepare"),
    [
        ({"SLUGIFY_SOURCE": "basename"}, _two_alike),
        ({"FILENAME_METADATA": "(?P<slug>.*)"}, _two_alike),
        ({"EXTRA_PATH_METADATA": {"a.md": {"slug": "else"}}}, _two_alike),
        (
            {"SLUGIFY_USE_UNICODE": True},
            lambda blog: (blog.post("a.md", "title: é"), blog.post("b.md", "title: e")),
        ),
        ({"DEFAULT_DATE": "fs"}, lambda blog: blog.file("a.md", "Title: Undated\n\nText")),
        ({"DEFAULT_DATE": (2026, 1, 2)}, lambda blog: blog.file("a.md", "Title: Undated\n\nText")),
        ({"DEFAULT_METADATA": {"status": "draft"}}, lambda blog: blog.file("a.md", "Title: A\n\nText")),
        ({"ARTICLE_EXCLUDES": ["notes"]}, lambda blog: blog.file("notes/a.md", "no post")),
        ({"READERS": {"md": None}}, lambda blog: blog.file("a.md", "no post")),
        ({"PAGE_PATHS": ["about"]}, lambda blog: blog.file("about/a.md", "Title: A\n\nA page")),
        ({"IGNORE_FILES": ["_*"]}, lambda blog: blog.file("_a.md", "no post")),
    ],
)
def test_what_the_settings_make_right_is_no_mistake(
    tmp_path: Path, settings: dict[str, object], prepare: Callable[[Blog], object]
) -> None:
    blog = Blog(tmp_path, **settings)
    prepare(blog)
    blog.build("--fatal", "errors")
