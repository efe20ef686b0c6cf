"""plugins.manifest in real builds: what the pipeline learns of a site."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.posts import manifest
from tests.posts.blogs import SITEURL, Blog


@pytest.fixture
def blog(tmp_path: Path) -> Blog:
    return Blog(tmp_path)


def test_everything_a_post_says_is_in_the_manifest(tmp_path: Path) -> None:
    blog = Blog(
        tmp_path, SITENAME="Ann's &amp; <b>Bo's</b>", SITEURL=f"{SITEURL}/blog", TIMEZONE="Europe/Madrid",
        EXIT_URL="https://weather.example.com/", EXIT_NAME="the weather",
    )  # fmt: skip
    for picture in ("images/p.png", "sub/a.png", "sub/c.png"):
        blog.file(picture)
    blog.post("other.md", date="2026-01-01")
    blog.post(
        "sub/post.md",
        'title: "It\'s <em>here</em> &amp; now, I <3 it"\nslug: here\ncategory: Things\ntags: [b, a]\n'
        "authors: Ann Example; Bo Example\nid: an-id\nsubject: It's a subject 🌱\npreheader: A line\n"
        "content_note: |\n  A note,\n  two lines\nmail: no\nmail_at: 2026-01-03 08:00\nmodified: 2026-02-01\n"
        "image: images/p.png\nimage_alt: A picture\nsummary: It's *so* & [linked]({filename}/other.md)",
        body='A [link]({filename}/other.md#x), [one](#part), ![p]({static}/images/p.png "t"), [r](/root).\n\n'
        '<img srcset="a.png 1x, /b.png 2x" src="c.png" alt="">\n',
        date="2026-01-02 10:20",
    )
    blog.build("--fatal", "errors")
    site, posts = manifest.read(blog.manifest)
    assert json.loads(blog.manifest.read_text())["site"] == {
        "name": "Ann's & Bo's", "url": f"{SITEURL}/blog", "lang": "en", "timezone": "Europe/Madrid",
        "exit_url": "https://weather.example.com/", "exit_name": "the weather",
    }  # fmt: skip
    assert [post.id for post in posts] == ["an-id", "other"]
    post = {name: getattr(posts[0], name) for name in type(posts[0]).__slots__}
    body, fingerprint = post.pop("body"), post.pop("fingerprint")
    assert {name: post.pop(name).isoformat() for name in ("date", "modified", "mail_at")} == {
        "date": "2026-01-02T10:20:00+01:00",
        "modified": "2026-02-01T00:00:00+01:00",
        "mail_at": "2026-01-03T08:00:00+01:00",
    }
    assert post == {
        "id": "an-id",
        "slug": "here",
        "lang": "en",
        "title": "It's here & now, I <3 it",
        "url": f"{SITEURL}/blog/here.html",
        "category": "Things",
        "tags": ("b", "a"),
        "authors": ("Ann Example", "Bo Example"),
        "summary": "It's so & linked",
        "image": f"{SITEURL}/blog/images/p.png",
        "image_alt": "A picture",
        "content_note": "A note, two lines",
        "subject": "It's a subject 🌱",
        "preheader": "A line",
        "mail": False,
        "source": "sub/post.md",
        "translation_of": "",
    }
    assert site.name == "Ann's & Bo's"
    assert (
        body
        == f'''\
<p>A <a href="{SITEURL}/blog/other.html#x">link</a>, <a href="{SITEURL}/blog/here.html#part">one</a>, \
<img alt="p" src="{SITEURL}/blog/images/p.png" title="t">, <a href="{SITEURL}/root">r</a>.</p>
<p><img srcset="{SITEURL}/blog/a.png 1x, {SITEURL}/b.png 2x" src="{SITEURL}/blog/c.png" alt=""></p>'''
    )
    assert len(fingerprint) == 32


def test_a_post_that_says_little_is_described_from_its_text(blog: Blog) -> None:
    blog.file("a.md", f"Title: A post\nDate: 2026-01-02\n\n# Head\n\n{'word ' * 60}\n")
    blog.file("b.md", "Title: B\nDate: 2026-01-01\n\nShort.\n")
    blog.build("--fatal", "errors")
    a, b = blog.posts()
    assert (a["id"], a["category"], a["mail"], a["image"], a["modified"]) == (
        "a-post",
        "misc",
        True,
        "",
        None,
    )
    assert a["summary"] == f"Head {' '.join(['word'] * 49)}…"
    assert b["summary"] == "Short."


def test_the_fingerprint_follows_the_words_and_nothing_else(blog: Blog) -> None:
    blog.post("1.md", "slug: one", "It's *here*, see [this]({filename}/2.md).\n")
    blog.post("2.md", "slug: two\ntags: [a]", "It's   here,\nsee <b>THIS</b>.\n")
    blog.post("3.md", "slug: three", "It's there, see this.\n")
    blog.build()
    prints = {post["slug"]: post["fingerprint"] for post in blog.posts()}
    assert prints["one"] == prints["two"] != prints["three"]


def test_a_translation_names_its_original(blog: Blog) -> None:
    blog.post("en.md", "slug: same\nid: original")
    blog.post("es.md", "slug: same\nlang: es\ntitle: Igual")
    blog.post("pt.md", "slug: same\nlang: pt-br\nid: own\ntitle: Mesmo")
    blog.post("de.md", "slug: alone\nlang: de")
    blog.build("--fatal", "errors")
    assert {(post["id"], post["lang"], post["translation_of"]) for post in blog.posts()} == {
        ("original", "en", ""), ("same.es", "es", "original"), ("own", "pt-BR", "original"), ("alone.de", "de", ""),
    }  # fmt: skip
    assert {post["url"] for post in blog.posts()} >= {f"{SITEURL}/same.html", f"{SITEURL}/same-es.html"}


@pytest.mark.parametrize(
    ("bodies", "expected"), [(2, [True, True, False]), (0, [False] * 3), (None, [True] * 3)]
)
def test_only_the_newest_posts_carry_their_text(blog: Blog, bodies: int | None, expected: list[bool]) -> None:
    if bodies is not None:
        blog.settings["MANIFEST_BODIES"] = bodies
    for day in (3, 1, 2):
        blog.post(f"p{day}.md", date=f"2026-01-0{day}")
    blog.build("--fatal", "errors")
    assert [post["slug"] for post in blog.posts()] == ["p3", "p2", "p1"]
    assert [post["body"] is not None for post in blog.posts()] == expected
    assert all(post["fingerprint"] for post in blog.posts())


def test_the_same_content_gives_the_same_manifest(blog: Blog) -> None:
    for day in range(1, 6):
        blog.post(f"p{day}.md", "tags: [a, b]")
    blog.build()
    first = blog.manifest.read_bytes()
    blog.manifest.unlink()
    blog.build(at="2026-07-01T00:00:00+00:00")
    assert blog.manifest.read_bytes() == first


def test_its_place_can_be_chosen(blog: Blog) -> None:
    blog.post("a.md")
    blog.settings["MANIFEST_PATH"] = "elsewhere/m.json"
    blog.build("-o", str(blog.root / "some" / "where"))
    assert (blog.root / "elsewhere" / "m.json").exists()
    assert not blog.manifest.exists()


def test_a_picture_on_another_host_is_not_handed_on(blog: Blog) -> None:
    blog.post("a.md", "image: https://example.com/p.png\nimage_alt: A")
    blog.post("b.md", f"image: {SITEURL}/p.png\nimage_alt: A", date="2026-01-01")
    blog.post("c.md", "image: //example.com/p.png\nimage_alt: A", date="2025-01-01")
    blog.build("--fatal", "errors")
    assert [post["image"] for post in blog.posts()] == ["", f"{SITEURL}/p.png", ""]


@pytest.mark.parametrize(("answer", "mailed"), [("no", False), ("False", False), ("yes", True)])
def test_posts_in_other_formats_can_say_that_they_are_not_mailed(
    blog: Blog, answer: str, mailed: bool
) -> None:
    blog.file("a.rst", f"A\n#\n\n:date: 2026-01-01\n:mail: {answer}\n\nIt's *text*.\n")
    blog.build("--fatal", "errors")
    (post,) = blog.posts()
    assert post["mail"] is mailed
    assert post["source"] == "a.rst"


def test_without_posts_there_is_still_a_manifest(blog: Blog) -> None:
    blog.file("pages/about.md", "Title: About\n\nA page.\n")
    blog.build("--fatal", "errors")
    assert manifest.read(blog.manifest).posts == ()


# --- What stops the build ----------------------------------------------------------------------------------


@pytest.mark.parametrize("siteurl", ["", "/blog", "site.example.org", "ftp://site.example.org"])
def test_a_site_without_an_absolute_address_has_no_manifest(blog: Blog, siteurl: str) -> None:
    blog.settings["SITEURL"] = siteurl
    blog.post("a.md")
    assert f"Refused: SITEURL is “{siteurl}”, which letters cannot link to" in blog.build(code=1).stdout
    assert not blog.output.exists()


def test_an_id_that_two_posts_of_different_formats_share_stops_the_build(blog: Blog) -> None:
    blog.post("a.md", "id: same")
    blog.file("b.rst", "B\n#\n\n:date: 2026-01-01\n:id: same\n\nText\n")
    assert "the site: a.md and b.rst have the same id “same”" in blog.build(code=1).stdout
    assert not blog.output.exists()


def test_an_answer_that_is_neither_yes_nor_no_stops_the_build(blog: Blog) -> None:
    blog.file("b.rst", "B\n#\n\n:date: 2026-01-01\n:mail: perhaps\n\nText\n")
    assert "b.rst: mail is “perhaps” — write true or false" in blog.build(code=1).stdout


@pytest.mark.parametrize("number", [-1, "many", True])
def test_a_number_of_bodies_that_is_none_stops_the_build(blog: Blog, number: object) -> None:
    blog.settings["MANIFEST_BODIES"] = number
    assert f"MANIFEST_BODIES is {number!r}" in blog.build(code=1).stdout


def test_a_place_that_cannot_be_written_fails_the_build(blog: Blog) -> None:
    blog.post("a.md")
    (blog.root / "var").write_text("a file")
    assert "posts.json cannot be written: " in blog.build(code=1).stdout


def test_a_build_that_fails_later_leaves_the_last_manifest(blog: Blog) -> None:
    blog.post("a.md")
    blog.build()
    before = blog.manifest.read_bytes()
    blog.post("b.md", "template: nothing-of-this-name")
    with pytest.raises(AssertionError, match="unable to load nothing-of-this-name"):
        blog.build()
    assert blog.manifest.read_bytes() == before
