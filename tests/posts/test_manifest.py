"""The manifest: written and read back, and nothing else accepted for it."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import ManifestError
from pipeline.posts import Post, Site, manifest

SITE = Site(name="Belonging", url="https://site.example.org", lang="en", timezone="UTC")


def post(number: int = 1, **changes: object) -> Post:
    values: dict[str, object] = {
        "id": f"post-{number}",
        "slug": f"post-{number}",
        "lang": "en",
        "title": "It's “here” 🌱",
        "url": f"https://site.example.org/post-{number}/",
        "date": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
        "source": f"posts/{number}.md",
        "fingerprint": "0" * 32,
        **changes,
    }
    return Post(**values)  # type: ignore[arg-type]


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-3))])
_dates = st.datetimes(timezones=_zones).filter(lambda date: 2 < date.year < 9998)
_posts = st.builds(
    Post,
    id=_texts, slug=_texts, lang=_texts, title=_texts, url=_texts, date=_dates,
    modified=st.none() | _dates, category=_texts, tags=st.lists(_texts, max_size=3).map(tuple),
    authors=st.lists(_texts, max_size=2).map(tuple), summary=_texts, image=_texts, image_alt=_texts,
    content_note=_texts, subject=_texts, preheader=_texts, mail=st.booleans(), mail_at=st.none() | _dates,
    source=_texts, fingerprint=_texts, translation_of=_texts, body=st.none() | _texts,
)  # fmt: skip
_sites = st.builds(
    Site, name=_texts, url=_texts, lang=_texts, timezone=_texts, exit_url=_texts, exit_name=_texts
)


@given(_sites, st.lists(_posts, max_size=4, unique_by=lambda post: post.id))
def test_what_is_written_is_read_back_newest_first(site: Site, posts: list[Post]) -> None:
    read = manifest.loads(manifest.dumps(site, posts))
    assert read.site == site
    assert list(read.posts) == sorted(sorted(posts, key=lambda p: p.id), key=lambda p: p.date, reverse=True)
    assert [p.date.utcoffset() for p in read.posts] == [
        next(o.date.utcoffset() for o in posts if o.id == p.id) for p in read.posts
    ]


@given(st.permutations([post(1), post(2), post(3, date=post(2).date)]))
def test_the_same_posts_are_the_same_text_in_whatever_order_they_come(posts: list[Post]) -> None:
    text = manifest.dumps(SITE, posts)
    assert text == manifest.dumps(SITE, [post(3, date=post(2).date), post(1), post(2)])
    assert [line[:11] for line in text.split("\n")].count('{"authors":') == 3  # one a line, keys sorted


def test_a_field_with_a_default_may_be_missing() -> None:
    data = json.loads(manifest.dumps(SITE, [post()]))
    for name in ("body", "mail", "mail_at", "tags", "summary"):
        del data["posts"][0][name]
    assert manifest.loads(json.dumps(data)).posts == (post(),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.update(version=2), "is of version 2; this program reads 1"),
        (lambda data: data.update(version=True), "is of version true"),
        (lambda data: data.pop("version"), "is of version null"),
        (lambda data: data.pop("site"), "has no “site”"),
        (lambda data: data.update(more=1), "has “more”, which this program does not know"),
        (lambda data: data.update(posts={}), "posts should be a list"),
        (lambda data: data.update(site=[]), "site should be an object"),
        (lambda data: data["site"].pop("lang"), "site has no “lang”"),
        (lambda data: data["site"].update(name=None), "site.name should be text"),
        (lambda data: data["posts"].append("x"), "posts[2] should be an object"),
        (lambda data: data["posts"][1].pop("title"), "posts[1] has no “title”"),
        (lambda data: data["posts"][1].update(titel="x"), "posts[1] has “titel”, which this program does not know"),
        (lambda data: data["posts"][1].update(title=3), "posts[1].title should be text"),
        (lambda data: data["posts"][1].update(tags="a"), "posts[1].tags should be a list of texts"),
        (lambda data: data["posts"][1].update(tags=["a", 1]), "posts[1].tags should be a list of texts"),
        (lambda data: data["posts"][1].update(mail="true"), "posts[1].mail should be true or false"),
        (lambda data: data["posts"][1].update(mail=1), "posts[1].mail should be true or false"),
        (lambda data: data["posts"][1].update(body=1), "posts[1].body should be text"),
        (lambda data: data["posts"][1].update(date="soon"), "posts[1].date should be a date"),
        (lambda data: data["posts"][1].update(date=None), "posts[1].date should be text"),
        (lambda data: data["posts"][1].update(date="2026-01-01T00:00:00"), "a date with its offset from UTC"),
        (lambda data: data["posts"][1].update(mail_at="2026-01-01"), "posts[1].mail_at should be a date with its"),
        (lambda data: data["posts"][1].update(id="post-2"), "posts/2.md and posts/1.md have the same id “post-2”"),
    ],
)  # fmt: skip
def test_whatever_is_odd_is_named(change: object, reason: str) -> None:
    data = json.loads(manifest.dumps(SITE, [post(1), post(2)]))
    assert callable(change)
    change(data)
    with pytest.raises(ManifestError) as refused:
        manifest.loads(json.dumps(data), name="posts.json")
    assert reason in str(refused.value)
    assert str(refused.value).startswith("posts.json")
    assert refused.value.advice


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "[" * 100_000, '{"version": 1e999}', "NaN", '{"version":"\\ud800"}']
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        manifest.loads(text)


def test_half_a_character_is_refused_and_a_whole_one_read() -> None:
    text = manifest.dumps(SITE, [post(title="🌱")])
    assert manifest.loads(text.replace("🌱", r"\ud83c\udf31")).posts[0].title == "🌱"
    with pytest.raises(ManifestError, match="surrogates"):
        manifest.loads(text.replace("🌱", r"\ud83c"))


@given(st.binary(max_size=60) | _texts.map(str.encode))
def test_any_bytes_are_a_manifest_or_a_manifest_error(data: bytes) -> None:
    try:
        manifest.loads(data.decode(errors="replace"))
    except ManifestError as error:
        assert error.advice


def test_reads_what_it_wrote_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "var" / "build" / "posts.json"
    manifest.write(path, SITE, [post(1), post(2)])
    site, posts = manifest.read(path)
    assert (site, posts) == (SITE, (post(2), post(1)))
    assert [file.name for file in path.parent.iterdir()] == ["posts.json"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "there is no manifest at"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: path.symlink_to(path.name), "cannot be read: Too many levels of symbolic links"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, make: object, reason: str) -> None:
    assert callable(make)
    make(tmp_path / "posts.json")
    with pytest.raises(ManifestError, match=reason) as refused:
        manifest.read(tmp_path / "posts.json")
    assert refused.value.advice


def test_a_failed_write_leaves_the_last_manifest_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "posts.json"
    manifest.write(path, SITE, [post(1)])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ManifestError, match="cannot be written: No space left"):
            manifest.write(path, SITE, [post(2)])
    with pytest.raises(ManifestError, match="same id"):
        manifest.write(path, SITE, [post(1), post(1)])
    assert manifest.read(path).posts == (post(1),)
    assert [file.name for file in tmp_path.iterdir()] == ["posts.json"]


def test_a_reader_sees_the_old_manifest_or_the_new_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "posts.json"
    manifest.write(path, SITE, [post(0, body="x" * 100_000)])
    done = threading.Event()

    def write() -> None:
        for number in range(50):
            manifest.write(path, SITE, [post(number, body=str(number) * 100_000)])
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        (seen,) = manifest.read(path).posts
        assert seen.body is not None
    thread.join()


def test_a_date_without_a_zone_is_never_written() -> None:
    with pytest.raises(ManifestError, match="without a zone"):
        manifest.dumps(SITE, [post(date=datetime(2026, 1, 1))])  # noqa: DTZ001 - that is the point
