"""All content at once: what posts and pages do to each other."""

from __future__ import annotations

import os
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.posts import checking
from pipeline.posts.checking import check
from pipeline.posts.layout import Layout
from pipeline.posts.mistakes import Severity


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    (folder / "posts").mkdir(parents=True)
    return folder


def put(content: Path, source: str, front: str = "", body: str = "Words.\n") -> None:
    path = content / source
    path.parent.mkdir(parents=True, exist_ok=True)
    named = "" if "title:" in front else f"title: {Path(source).stem}\n"
    path.write_text(f"---\n{named}date: 2026-01-01\n{front}\n---\n{body}", encoding="utf-8")


def said(content: Path, layout: Layout | None = None, today: date | None = None) -> list[str]:
    base = f"{content.as_posix()}/"
    return [str(mistake).replace(base, "") for mistake in check(content, layout=layout, today=today)]


def test_good_content_has_no_mistakes(content: Path) -> None:
    put(content, "posts/one.md", body="See [two]({filename}two.md) and [about]({filename}/pages/about.md).")
    put(content, "posts/two.md")
    put(content, "pages/about.md")
    (content / "pages" / "undated.md").write_text("Title: Undated\n\nA page.")
    (content / "posts" / "2026-01-02-dated.md").write_text("Title: Dated by its name\n\nA post.")
    (content / "posts" / "notes.txt").write_text("no post")
    assert said(content) == []


def test_the_mistakes_of_all_files_come_at_once_in_order(content: Path) -> None:
    put(content, "posts/b.md", "mail: perhaps", "[x](absent.md)")
    (content / "posts" / "a.md").write_bytes(b"\xff")
    (content / "posts" / "d.md").write_text("---\ntitle: A: b\n---\n")
    put(content, "pages/c.md", "slug: ../c")
    lines = said(content)
    assert [line.split(" ")[0] for line in lines] == [
        "pages/c.md:4:7:", "posts/a.md:1:1:", "posts/b.md:4:7:", "posts/b.md:6:5:", "posts/d.md:2:9:",
    ]  # fmt: skip


def test_two_posts_with_one_slug_are_a_mistake_of_the_second(content: Path) -> None:
    put(content, "posts/0.md", "save_as: elsewhere/index.html")
    put(content, "posts/a.md", "slug: same")
    put(content, "posts/b.md", "slug: Same")
    put(content, "posts/c.md", "title: SAME!")
    lines = said(content)
    advice = "write another slug:, or lang: if this is a translation"
    assert lines == [
        f"posts/b.md:4:1: the slug “Same” is also that of posts/a.md — {advice}",
        f"posts/c.md:3:1: the slug “same” is also that of posts/a.md — {advice}",
    ]


def test_a_translation_shares_its_slug(content: Path) -> None:
    put(content, "posts/a.md", "slug: same")
    put(content, "posts/b.md", "slug: same\nlang: es")
    put(content, "posts/c.md", "slug: same\nlang: EN")
    (line,) = said(content)
    assert line.startswith("posts/c.md:4:1: the slug “same”")


def test_a_translation_names_something_that_is_there_and_in_another_language(content: Path) -> None:
    put(content, "posts/a.md", "slug: original")
    put(content, "posts/b.md", "slug: good\nlang: es\ntranslation: original")
    put(content, "posts/c.md", "slug: lost\nlang: es\ntranslation: orignal")
    put(content, "posts/d.md", "slug: same\ntranslation: original")
    put(content, "posts/e.md", "slug: as-pelican-has-it\ntranslation: true")
    put(content, "pages/f.md", "slug: page\nlang: es\ntranslation: original")
    advice = "write the slug: of the {} that this is a translation of"
    assert said(content) == [
        f"pages/f.md:6:1: there is no page with the slug “original” — {advice.format('page')}",
        f"posts/c.md:6:1: there is no post with the slug “orignal” — {advice.format('post')}",
        "posts/d.md:5:1: the post “original” is in the same language — write lang: with the language of this one",
    ]


def test_a_page_and_a_post_share_addresses_unless_the_layout_keeps_them_apart(content: Path) -> None:
    put(content, "posts/about.md")
    put(content, "pages/about.md")
    (line,) = said(content)
    assert line.startswith("posts/about.md:2:1: the slug “about” is also that of")
    assert said(content, Layout(apart=True)) == []


def test_a_draft_with_a_taken_slug_is_a_warning_until_it_is_published(content: Path) -> None:
    put(content, "posts/a.md", "slug: same")
    put(content, "posts/b.md", "slug: same\nstatus: draft")
    (line,) = said(content)
    assert "warning: the slug “same”" in line


def test_what_is_skipped_or_written_elsewhere_is_in_nobodys_way(content: Path) -> None:
    put(content, "posts/a.md", "slug: same")
    put(content, "posts/b.md", "slug: same\nstatus: skip")
    put(content, "posts/c.md", "slug: same\nsave_as: elsewhere/index.html\nid: c")
    assert said(content) == []


def test_the_addresses_of_the_sites_own_pages_are_taken(content: Path) -> None:
    put(content, "posts/a.md", "title: Archive")
    (line,) = said(content)
    assert line.startswith(
        "posts/a.md:3:1: the address /archive/ belongs to a part of the site — write slug:"
    )
    put(content, "posts/a.md", "slug: Archive")
    (line,) = said(content)
    assert line.startswith("posts/a.md:4:1: the address /Archive/ belongs to a part of the site")
    assert said(content, Layout(apart=True)) == [line]
    (content / "posts" / "a.md").unlink()
    put(content, "pages/a.md", "slug: archive")
    assert said(content, Layout(apart=True)) == []


@pytest.mark.parametrize("title", ["🌱🌱", "…", "'!?'"])
def test_a_title_that_gives_no_address_needs_a_slug(content: Path, title: str) -> None:
    put(content, "posts/a.md", f"title: {title}")
    (line,) = said(content)
    assert line == "posts/a.md:3:1: no address can be made of this title — write slug: a-few-words"
    put(content, "posts/a.md", f"title: {title}\nslug: seedling")
    assert said(content) == []


def test_a_title_whose_address_no_file_system_holds_needs_a_slug(content: Path) -> None:
    put(content, "posts/a.md", f"title: {'very ' * 50}\nsubject: short")
    (line,) = said(content)
    assert line == "posts/a.md:3:1: the address made of this title is too long — write slug: a-few-words"


@pytest.mark.parametrize(
    ("first", "second", "place", "advice"),
    [
        ("id: same", "id: same", "4:1", "write another id:"),
        ("slug: same", "id: same", "4:1", "write another id:"),
        ("id: same", "slug: same", "4:1", "write id: same-1, or another slug:"),
        ("id: same", "title: Same", "3:1", "write id: same-1, or another slug:"),
        ("slug: same\nlang: es", "id: same.es", "4:1", "write another id:"),
    ],
)
def test_an_id_given_or_derived_belongs_to_one_post(
    content: Path, first: str, second: str, place: str, advice: str
) -> None:
    put(content, "posts/a.md", first)
    put(content, "posts/b.md", second)
    (line,) = said(content)
    assert line.startswith(f"posts/b.md:{place}: the id “same")
    assert line.endswith(f" — {advice}")


def test_two_posts_with_one_slug_that_are_written_elsewhere_still_need_ids(content: Path) -> None:
    put(content, "posts/a.md", "slug: same")
    put(content, "posts/b.md", "slug: same\nsave_as: elsewhere/index.html")
    (line,) = said(content)
    assert line.startswith("posts/b.md:4:1: the id “same” is also that of posts/a.md")


def test_the_id_of_a_page_means_nothing(content: Path) -> None:
    put(content, "posts/a.md", "id: about")
    put(content, "pages/about.md", "id: about")
    assert said(content) == []


def test_a_picture_that_is_not_there_is_a_mistake(content: Path) -> None:
    put(content, "images/lit-window.png")
    put(content, "posts/a.md", "image: images/lit-windov.png\nimage_alt: A window")
    put(content, "posts/b.md", "image: images/lit-window.png\nimage_alt: A window")
    (line,) = said(content)
    assert line == (
        "posts/a.md:4:8: there is no file content/images/lit-windov.png — write images/lit-window.png"
    )


def test_a_post_that_capitals_at_the_end_of_its_name_keep_from_being_read_is_named(content: Path) -> None:
    put(content, "posts/One.MD")
    (content / "posts" / "NOTES.TXT").write_text("no post")
    put(content, "elsewhere/Two.MD")
    (only,) = said(content)
    assert only.startswith("posts/One.MD:1:1: warning: is not read because of the capitals")
    assert only.endswith("rename it to One.md")


def test_a_folder_that_cannot_be_looked_into_is_a_mistake(content: Path) -> None:
    put(content, "posts/one.md")
    name = "d" * 250  # nested until no path can name it: that stops root as well, as no mode of a folder does
    descriptor = os.open(content / "posts", os.O_RDONLY)
    for _ in range(4096 // len(name) + 1):
        os.mkdir(name, dir_fd=descriptor)
        below = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(descriptor)
    (only,) = said(content)
    shutil.rmtree(content / "posts" / name)
    assert only.startswith(f"posts/{name}/")
    assert "cannot be looked into: " in only
    assert "warning" not in only


def test_pictures_from_other_sites_are_named(content: Path) -> None:
    put(content, "posts/one.md", body="![a](https://p.example.com/a.png)")
    (only,) = said(content)
    assert "warning: a picture is called from p.example.com" in only


def test_only_the_folders_of_the_layout_are_read(content: Path) -> None:
    put(content, "articles/a.md", "mail: perhaps")
    put(content, "articles/not/b.md", "mail: perhaps")
    put(content, "articles/.hidden/c.md", "mail: perhaps")
    put(content, "articles/d.rst", "mail: perhaps")
    layout = Layout(posts=("articles",), not_posts=("articles/not",), ignored=(".*",))
    assert [line.split(":")[0] for line in said(content, layout)] == ["articles/a.md"]
    assert [line.split(":")[0] for line in said(content, Layout(posts=("",), not_posts=("articles",)))] == []
    assert len(said(content, Layout(posts=("",)))) == 3
    assert said(content) == []


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (mistake,) = check(tmp_path / "absent")
    assert mistake.message == "there is no such folder"


def test_links_between_folders_are_followed_but_not_in_circles(content: Path, tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/a.md", "mail: perhaps")
    (content / "posts" / "linked").symlink_to(tmp_path / "elsewhere")
    (content / "posts" / "circle").symlink_to(content)
    assert [line.split(":")[0] for line in said(content)] == ["posts/linked/a.md"]


def test_a_file_name_that_is_no_text_is_a_mistake_that_can_be_printed(content: Path) -> None:
    put(content, "posts/a.md")
    os.rename(content / "posts" / "a.md", os.fsencode(content / "posts") + b"/caf\xe9\n.md")  # noqa: PTH104
    mistakes = check(content)
    assert mistakes[0].message == "the file's name holds what cannot be written in an address"
    for mistake in mistakes:
        assert "\n" not in str(mistake)
        assert str(mistake).encode()


def test_files_are_named_as_one_would_type_them(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(content, "posts/a.md", "mail: perhaps")
    monkeypatch.chdir(content.parent)
    assert check(content)[0].path == check(Path("content"))[0].path == "content/posts/a.md"


def test_help_lines_grow_old_only_for_somebody_who_asks_today(content: Path) -> None:
    looked_up = date(2026, 3, 1)
    (content / "helplines.toml").write_text(f'# List\ncompiled = {looked_up}\n[[lines]]\nname = "x"\n')
    assert said(content) == []
    assert said(content, today=looked_up + timedelta(days=180)) == []
    assert said(content, today=looked_up + timedelta(days=181)) == [
        (
            "helplines.toml:2:12: warning: the help lines were last looked up 181 days ago — "
            "look each of them up again, then write the day"
        )
    ]


def test_the_oldest_help_line_counts(content: Path) -> None:
    (content / "helplines.toml").write_text(
        '[[lines]]\nlast_verified = "2026-03-01"\n[[lines]]\nchecked = 2025-03-01\n'
    )
    (line,) = said(content, today=date(2026, 3, 2))
    assert line.startswith("helplines.toml:4:11: warning: the help lines were last looked up 366 days ago")


def test_a_broken_list_of_help_lines_is_a_mistake_at_its_place(content: Path) -> None:
    (content / "helplines.toml").write_text("compiled = 2026-03-01\nname = \n")
    (line,) = said(content)
    assert line == "helplines.toml:2:8: is not TOML: Invalid value — correct this line or the one before"
    (content / "helplines.toml").write_bytes(b"\xff")
    assert said(content)[0].startswith("helplines.toml:1:1: is not UTF-8")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.sampled_from(["a.md", "b.md", "c.md"]), st.binary(max_size=80), min_size=1))
def test_whatever_the_files_hold_the_check_answers(content: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (content / "posts" / name).write_bytes(data)
    for mistake in check(content):
        assert mistake.line >= 1
        assert mistake.column >= 1
        assert str(mistake).encode()


def test_the_projects_own_content_has_no_errors() -> None:
    root = Path(checking.__file__).parents[2]
    assert [str(m) for m in check(root / "content") if m.severity is Severity.ERROR] == []
