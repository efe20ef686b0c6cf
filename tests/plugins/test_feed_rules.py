"""Every feed of every site keeps the rules of its format."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import feed_rules
from tests.site_fixture.building import FIXTURE, SITEURL, build, build_own

KINDS = {".atom": feed_rules.atom, ".rss": feed_rules.rss, ".json": feed_rules.json_feed}


@pytest.fixture(scope="module", params=["fixture", "written", "own"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("feeds") / "output"
    if request.param == "own":
        return build_own(output)
    return build(output, content=FIXTURE / ("content" if request.param == "fixture" else "written"))


def test_every_feed_is_valid(site: Path) -> None:
    feeds = sorted(path for kind in KINDS for path in site.rglob(f"feed{kind}"))
    assert {path.suffix for path in feeds} == set(KINDS)
    found = {
        str(path.relative_to(site)): wrong
        for path in feeds
        if (wrong := KINDS[path.suffix](path.read_bytes(), f"{SITEURL}/{path.relative_to(site).as_posix()}"))
    }
    assert found == {}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("rules") / "output", content=FIXTURE / "written")


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("feed.atom", 'rel="self"', 'rel="via"', "rel=self"),
        ("feed.atom", "author>", "contributor>", "neither it nor the feed has an author"),
        ("feed.atom", "<id>tag:", "<id>", "is no IRI"),
        ("feed.atom", "+00:00</updated>", "</updated>", "is no date"),
        ("feed.atom", "<updated>2026-03", "<updated>2025-03", "older than its newest entry"),
        ("feed.atom", "&lt;p&gt;", "&lt;script&gt;", "holds <script>"),
        ("feed.atom", "title>", "rights>", "0 of title"),
        ("feed.rss", "<language>en", "<language>", "language"),
        ("feed.rss", ' isPermaLink="false"', "", "its guid says"),
        ("feed.rss", " +0000</pubDate>", "T</pubDate>", "is no date of RFC 822"),
        ("feed.rss", "description>", "summary>", "the channel has no description"),
        ("feed.json", '"id": "', '"id": 1, "x": "', "is not of type"),
        ("feed.json", "version/1.1", "version/1", "was expected"),
        ("feed.json", "+00:00", "", "does not match"),
        ("feed.json", 'src=\\"https://', 'src=\\"', "src is not whole"),
        ("feed.json", "/feed.json", "/other.json", "own address"),
    ],
)
def test_the_rules_find_what_is_wrong(written: Path, name: str, old: str, new: str, complaint: str) -> None:
    text = (written / name).read_text(encoding="utf-8")
    assert old in text
    rules = KINDS[Path(name).suffix]
    found = rules(text.replace(old, new).encode(), f"{SITEURL}/{name}")
    assert [line for line in found if complaint in line], found


def test_a_content_note_is_announced_in_the_posts_language(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "posts").mkdir(parents=True)
    head = "---\ntitle: Nota\ndate: 2026-01-01\nslug: nota\nlang: {}\ncontent_note: Un hospital.\n---\n\nTexto.\n"
    for lang in ("es", "pt"):
        text = head.format(lang).replace("nota", f"nota-{lang}")
        (content / "posts" / f"{lang}.md").write_text(text, encoding="utf-8")
    feed = (build(tmp_path / "output", content=content) / "feed.json").read_text(encoding="utf-8")
    assert "<p><strong>Antes de leer.</strong> Un hospital.</p>" in feed
    assert "<p><strong>Before you read.</strong> Un hospital.</p>" in feed
