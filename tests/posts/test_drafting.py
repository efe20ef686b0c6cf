"""Starting a post."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import ContentError
from pipeline.posts import checking, drafting, frontmatter, judging
from pipeline.posts.schema import FrontMatter, Status
from pipeline.posts.slugs import is_id, is_slug

NOW = datetime(2026, 11, 23, 23, 45, 59, tzinfo=UTC)
MADRID = ZoneInfo("Europe/Madrid")


def start(content: Path, title: str) -> Path:
    return drafting.start(title, content=content, now=NOW, zone=MADRID)


def read(path: Path) -> FrontMatter:
    checked = judging.validate(frontmatter.read(path))
    assert checked.mistakes == ()
    assert dict(checked.extra) == {}
    return checked.front_matter


def test_a_new_post_is_a_draft_dated_in_the_zone_of_the_site(tmp_path: Path) -> None:
    path = start(tmp_path, "Coming back, after falling away")
    assert path == tmp_path / "posts" / "coming-back-after-falling-away.md"
    front = read(path)
    assert front.title == "Coming back, after falling away"
    assert front.date == datetime(2026, 11, 24, 0, 45, tzinfo=MADRID)
    assert front.id == "2026-11-24-coming-back-after-falling-away"
    assert front.slug == "coming-back-after-falling-away"
    assert front.status is Status.DRAFT


def test_a_new_post_asks_for_the_rest_in_comments(tmp_path: Path) -> None:
    text = start(tmp_path, "A").read_text(encoding="utf-8")
    for key in (
        "category:",
        "tags:",
        "summary:",
        "# image: images/a.png",
        "# image_alt:",
        "# subject:",
        "# preheader:",
    ):
        assert f"\n{key}" in text
    assert text.endswith("---\n\n")


def test_what_is_asked_for_can_be_answered_where_it_stands(tmp_path: Path) -> None:
    path = start(tmp_path, "A")
    text = (
        path.read_text(encoding="utf-8")
        .replace("# subject:", "subject: B")
        .replace("category:", "category: C")
    )
    path.write_text(text, encoding="utf-8")
    front = read(path)
    assert (front.subject, front.category) == ("B", "C")


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    path = start(tmp_path, "The same title")
    path.write_text("precious")
    with pytest.raises(ContentError, match=r"there is a post .*the-same-title\.md already"):
        start(tmp_path, "The SAME title!")
    assert path.read_text() == "precious"
    path.unlink()
    path.symlink_to(tmp_path / "target.md")
    with pytest.raises(ContentError):
        start(tmp_path, "The same title")
    assert not (tmp_path / "target.md").exists()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("It's “quoted”, 'twice' \"over\"", "its-quoted-twice-over"),
        ("🌱", "untitled"),
        ("../../etc/passwd", "etcpasswd"),
        ("/absolute", "absolute"),
        (r"back\slash", "backslash"),
        ("# a comment: {and} [more] & *x %y @z `w | >", "a-comment-and-more-x-y-z-w"),
        ("- ---", "untitled"),
        ("null", "null"),
        ("2026", "2026"),
        ("two\nlines\tand\u2028more", "two-lines-and-more"),
        ("word " * 100, "word-word-word-word-word-word-word-word-word-word-word-word"),
        ("w" * 500, "w" * 60),
        ("w" * 61 + " x", "w" * 60),
        ("w" * 60 + " x", "w" * 60),
        ("שלום", "shlvm"),
    ],
)
def test_any_title_is_kept_and_its_file_has_a_plain_name(tmp_path: Path, title: str, name: str) -> None:
    path = start(tmp_path, title)
    assert path == tmp_path / "posts" / f"{name}.md"
    checked = judging.validate(frontmatter.read(path))
    assert checked.front_matter.title == " ".join(title.split())


@pytest.mark.parametrize("title", ["", "  \n", "a\0b", "a\x1bb", "a\u202eb", "a\x7fb"])
def test_a_title_that_no_subject_could_be_is_refused_and_nothing_written(tmp_path: Path, title: str) -> None:
    with pytest.raises(ContentError) as refused:
        start(tmp_path / "content", title)
    assert refused.value.advice
    assert not (tmp_path / "content").exists()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_what_is_written_is_read_back_and_passes_the_check(tmp_path: Path, title: str) -> None:
    content = tmp_path / "content"
    try:
        path = start(content, title)
    except ContentError:
        return
    try:
        front = judging.validate(frontmatter.read(path)).front_matter
        assert front.title == " ".join(title.split())
        assert is_id(front.id)
        assert is_slug(front.slug)
        assert path.parent == content / "posts"
        allowed = ("as a subject it has", "belongs to a part of the site")
        assert [m for m in checking.check(content) if not any(text in m.message for text in allowed)] == []
    finally:
        path.unlink()
