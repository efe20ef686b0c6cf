"""The site builder: Pelican beside the site that stands, then in its place, or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipeline.errors import BuildError
from pipeline.site import Built, SiteBuilder

ROOT = Path(__file__).resolve().parents[1]

_SETTINGS = """\
import json, os
SITENAME, SITEURL, TIMEZONE = "Small", "https://small.example.org", "UTC"
PATH, THEME, ARTICLE_PATHS = "content", "theme", ["posts"]
DIRECT_TEMPLATES, STATIC_PATHS, CACHE_CONTENT = [], [], False
FEED_ALL_ATOM = CATEGORY_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = TRANSLATION_FEED_ATOM = None
AUTHOR_SAVE_AS = CATEGORY_SAVE_AS = TAG_SAVE_AS = DRAFT_SAVE_AS = ""
PLUGINS = ["plugins.frontmatter", "plugins.manifest"]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site of one post and one template. Its plugins are this project's own."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    root = tmp_path / "site"
    (root / "content" / "posts").mkdir(parents=True)
    (root / "theme" / "templates").mkdir(parents=True)
    (root / "theme" / "static").mkdir()
    (root / "pelicanconf.py").write_text(_SETTINGS, encoding="utf-8")
    (root / "theme" / "templates" / "article.html").write_text("{{ article.content }}", encoding="utf-8")
    write(root, "one")
    return root


def write(root: Path, name: str, head: str = "") -> None:
    text = f"---\ntitle: {name}\ndate: 2026-01-01\nslug: {name}\n{head}---\n\nWords of {name}.\n"
    (root / "content" / "posts" / f"{name}.md").write_text(text, encoding="utf-8")


def files(root: Path) -> dict[str, bytes]:
    """Answer what is published."""
    found = [*(root / "output").rglob("*"), root / "var" / "build" / "posts.json"]
    return {str(path.relative_to(root)): path.read_bytes() for path in found if path.is_file()}


def names(built: Built) -> set[str]:
    return {post["slug"] for post in json.loads(built.manifest.read_text(encoding="utf-8"))["posts"]}


def test_a_site_is_built_with_the_manifest_of_its_posts(root: Path) -> None:
    built = SiteBuilder(root).build()
    assert built == Built(output=root / "output", manifest=root / "var" / "build" / "posts.json")
    assert (built.output / "one.html").read_text(encoding="utf-8") == "<p>Words of one.</p>"
    assert names(built) == {"one"}


def test_what_is_gone_from_the_content_is_gone_from_the_site(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    (root / "content" / "posts" / "one.md").unlink()
    write(root, "two")
    built = builder.build()
    assert names(built) == {"two"}
    assert [path.name for path in built.output.glob("*.html")] == ["two.html"]


def test_a_site_that_is_only_staged_changes_nothing(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    before = files(root)
    write(root, "two")
    with builder.staged() as staged:
        assert names(staged) == {"one", "two"}
        assert (staged.output / "two.html").exists()
        assert files(root) == before
    assert files(root) == before
    with pytest.raises(ZeroDivisionError), builder.staged():
        raise ZeroDivisionError
    assert files(root) == before
    with builder.staged() as staged:
        published = builder.publish(staged)
    assert names(published) == {"one", "two"}


def test_drafts_and_what_is_scheduled_are_built_apart(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    before = files(root)
    write(root, "draft", head="status: draft\ncategory: Notes\n")
    write(root, "later", head="modified: 2999-01-02\n")
    text = (root / "content" / "posts" / "later.md").read_text(encoding="utf-8")
    (root / "content" / "posts" / "later.md").write_text(
        text.replace("2026-01-01", "2999-01-01"), encoding="utf-8"
    )
    built = builder.build_drafts()
    assert names(built) == {"one", "draft", "later"}
    assert built.output.is_relative_to(root / "var")
    assert (built.output / "draft.html").exists()
    assert files(root) == before
    assert names(builder.build()) == {"one"}


def test_a_build_that_fails_leaves_the_site_and_the_next_one_makes_good(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    before = files(root)
    write(root, "bad", head="status: nonsense\n")
    write(root, "two")
    with pytest.raises(BuildError):
        builder.build()
    assert files(root) == before
    (root / "content" / "posts" / "bad.md").unlink()
    assert names(builder.build()) == {"one", "two"}


def test_a_build_writes_what_changed_and_nothing_else(root: Path) -> None:
    builder = SiteBuilder(root)
    write(root, "two")
    output = builder.build().output
    times = {path.name: path.stat().st_mtime_ns for path in output.glob("*.html")}
    write(root, "two", head="summary: Other.\n")
    (root / "content" / "posts" / "two.md").write_text(
        (root / "content" / "posts" / "two.md").read_text(encoding="utf-8") + "More.\n", encoding="utf-8"
    )
    assert "two.html" in builder.build().changed
    assert (output / "one.html").stat().st_mtime_ns == times["one.html"]
    assert (output / "two.html").stat().st_mtime_ns > times["two.html"]
    assert b"More." in (output / "two.html").read_bytes()


def test_what_somebody_did_to_the_site_by_hand_is_put_right_also_if_nothing_else_changed(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    before = files(root)
    (root / "output" / "one.html").write_text("spoilt", encoding="utf-8")
    (root / "output" / "two.html").write_text("made up", encoding="utf-8")
    (root / "output" / "three").mkdir()
    (root / "output" / "three" / "four.html").write_text("made up", encoding="utf-8")
    builder.build()
    assert files(root) == before
    (root / "var" / "build" / "next" / "site" / "one.html").unlink()
    (root / "var" / "build" / "next" / "posts.json").unlink()
    builder.build()
    assert files(root) == before


def test_a_clean_build_asks_nothing_of_what_is_remembered(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    before = files(root)
    for path in (root / "var" / "build" / "memory").iterdir():
        path.write_bytes(b"spoilt")
    builder.build(clean=True)
    assert files(root) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("1 / 0", "pelicanconf.py:8: ZeroDivisionError: division by zero"),
        ("SITEURL = 'nowhere'", "SITEURL"),
        ("PLUGINS.append('plugins.nonesuch')", "plugins.nonesuch"),
        ("THEME = 'nonesuch'", "theme nonesuch"),
        ("PLUGINS.remove('plugins.manifest')", "no manifest"),
        ("this is no Python", "pelicanconf.py:8: SyntaxError"),
    ],
)
def test_what_is_wrong_with_the_settings_is_said_in_few_words(root: Path, change: str, words: str) -> None:
    (root / "pelicanconf.py").write_text(f"{_SETTINGS}{change}\n", encoding="utf-8")
    with pytest.raises(BuildError) as refused:
        SiteBuilder(root).build()
    assert words in refused.value.message
    assert refused.value.advice
    for noise in ("Traceback", "site-packages", "\x1b", "CRITICAL", "pelican/"):
        assert noise not in refused.value.message
    assert len(refused.value.message.splitlines()) <= 4
    assert not (root / "output").exists()


def test_a_mistake_in_a_template_is_named_with_its_line(root: Path) -> None:
    template = root / "theme" / "templates" / "article.html"
    for text, words in (
        ("\n\n{{ article.nonesuch() }}", "theme/templates/article.html:3: UndefinedError"),
        ("\n{% if %}", "theme/templates/article.html:2: TemplateSyntaxError"),
        ("{% extends 'nonesuch.html' %}", "TemplateNotFound: nonesuch.html"),
    ):
        template.write_text(text, encoding="utf-8")
        with pytest.raises(BuildError) as refused:
            SiteBuilder(root).build()
        assert words in refused.value.message
        assert "Traceback" not in refused.value.message


def test_a_folder_without_settings_is_no_site(tmp_path: Path) -> None:
    builder = SiteBuilder(tmp_path)
    with pytest.raises(BuildError, match=r"no pelicanconf\.py"):
        builder.build()
    assert list(tmp_path.iterdir()) == []


def test_a_build_knows_no_secret_of_the_list_and_keeps_the_path_of_its_caller(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BELONGING_KEY", "BELONGING_STORE", "BELONGING_SMTP_PASSWORD", "MAILCHIMP_API_KEY"):
        monkeypatch.setenv(name, "a secret")
    dump = "with open('environment.json', 'w') as file: json.dump(dict(os.environ), file)\n"
    (root / "pelicanconf.py").write_text(_SETTINGS + dump, encoding="utf-8")
    SiteBuilder(root).build()
    seen = json.loads((root / "environment.json").read_text(encoding="utf-8"))
    assert "a secret" not in seen.values()
    assert seen["PYTHONPATH"].split(os.pathsep) == [str(root), str(ROOT)]
    assert seen["PATH"] == os.environ["PATH"]


def test_builds_wait_for_each_other_also_for_one_whose_maker_was_killed(root: Path) -> None:
    builder = SiteBuilder(root)
    builder.build()
    # Somebody holds the lock, as an orphaned Pelican does: open file and lock are handed down to a child.
    lock = os.open(root / "var" / "build" / "lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock]
    ) as orphan:
        os.close(lock)
        write(root, "two")
        building = threading.Thread(target=builder.build)
        building.start()
        time.sleep(0.3)
        assert building.is_alive()
        assert not (root / "output" / "two.html").exists()
        assert orphan.stdin is not None
        orphan.stdin.write(b"\n")
        orphan.stdin.close()
        building.join(60)
    assert (root / "output" / "two.html").exists()


def test_pelican_holds_the_lock_of_the_build(root: Path) -> None:
    look = (
        "import glob\n"
        "held = [os.readlink(path) for path in glob.glob('/proc/self/fd/*') if os.path.exists(path)]\n"
        "with open('held.json', 'w') as file: json.dump(held, file)\n"
    )
    (root / "pelicanconf.py").write_text(_SETTINGS + look, encoding="utf-8")
    SiteBuilder(root).build()
    held = json.loads((root / "held.json").read_text(encoding="utf-8"))
    assert str(root / "var" / "build" / "lock") in held


def test_the_site_may_be_read_by_all_and_what_it_is_made_of_by_nobody(root: Path) -> None:
    SiteBuilder(root).build()
    umask = os.umask(0)
    os.umask(umask)
    assert (root / "output").stat().st_mode & 0o777 == 0o777 & ~umask
    for folder in (root / "var", root / "var" / "build"):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("odd", ["a b", "ö'ü", "100%", "a=b", "#1"])
def test_the_site_may_lie_in_a_folder_of_any_name(root: Path, odd: str) -> None:
    moved = root.parent / odd
    root.rename(moved)
    assert names(SiteBuilder(moved).build()) == {"one"}
