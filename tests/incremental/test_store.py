"""What is remembered is believed only if it is whole; and it makes no difference who reads the posts."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from pelican.readers import MarkdownReader as PelicanReader
from pelican.settings import read_settings

from plugins.incremental import parallel
from plugins.incremental.markdown import MarkdownReader, forgets
from plugins.incremental.purity import pure
from tests.incremental.histories import play
from tests.incremental.world import World, differences, quiet

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for number in range(6):
        play(world, ("add", number, number))
    play(world, ("lang", 1, 1))
    world.remembered()
    return world


def _store(world: World) -> Path:
    return next((world.root / "store").glob("*.store"))


def test_a_damaged_store_means_a_full_build_and_never_a_wrong_page(world: World) -> None:
    chance = random.Random(1)
    whole = _store(world).read_bytes()
    for _ in range(40):
        data = bytearray(whole)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        else:
            for _ in range(chance.choice((1, 4, 400))):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        _store(world).write_bytes(data)
        play(
            world,
            (chance.choice(("body", "tag", "add", "template")), chance.randrange(12), chance.randrange(12)),
        )
        assert not list(differences(world.remembered(), world.clean()))


@pytest.mark.parametrize("text", [b"", b"no store at all", b"SQLite format 3\0" + bytes(4000)])
def test_a_file_that_is_no_store_is_thrown_away(
    world: World, text: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    _store(world).write_bytes(text)
    assert not list(differences(world.remembered(), world.clean()))


def test_a_store_of_another_version_is_thrown_away_and_said_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(_store(world)) as base:
        base.execute("PRAGMA user_version = 999")
    base.close()
    assert not list(differences(world.remembered(), world.clean()))
    assert "it is of version 999" in capsys.readouterr().out


def test_nothing_is_rendered_twice(world: World) -> None:
    output = world.root / "output"
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*.html")}
    play(world, ("body", 0, 1))
    world.remembered()
    written = {
        str(path.relative_to(output)) for path, time in before.items() if path.stat().st_mtime_ns != time
    }
    assert "post-0.html" in written
    assert not written & {
        "post-1.html",
        "post-2.html",
        "post-3.html",
        "tags.html",
        "archives.html",
        "authors.html",
    }


def test_posts_that_other_processes_read_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_WORTH", 2)
    world = World(tmp_path)
    for number in range(7):
        play(world, ("add", number, number))
    play(world, ("link", 1, 2))
    (world.root / "content" / "posts" / "wrong.md").write_text(
        "Title: Wrong\nDate: never\n\nText\n", encoding="utf-8"
    )
    monkeypatch.setattr(parallel.os, "sched_getaffinity", lambda _: {0, 1, 2})
    for _ in range(3):
        assert not list(differences(world.remembered(), world.clean()))
        play(world, ("setting", 0, 1))
        shutil.rmtree(world.root / "store")


def test_one_parser_for_many_files_reads_each_as_one_for_itself_would(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text("THEME = 'simple'\n", encoding="utf-8")
    with quiet():
        settings = read_settings(str(file))
    extensions = ("extra", "codehilite", "meta", "toc", "smarty", "sane_lists", "nl2br")
    settings["MARKDOWN"] = {"extension_configs": {f"markdown.extensions.{name}": {} for name in extensions}}
    settings["FORMATTED_FIELDS"] = ["summary", "note"]
    ours, texts = MarkdownReader(settings), sorted((ROOT / "content").rglob("*.md"))
    assert forgets(settings["MARKDOWN"])
    odd = ["Title: A\nSummary: *one*[^1]\n\nText[^1] and HTML\n\n[^1]: Note.\n\n*[HTML]: Language\n", "Title: B\n\n# One\n\n# One\n\n!!! note\n    x\n\n    y\n", "Title: C\nNote: HTML\n\nHTML [a] and [^1]\n\n[TOC]\n\n# One\n", "Title: D\n\n<div markdown='1'>\n*a*\n\n[a]: http://example.org\n</div>\n[a]\n"]  # noqa: E501 # fmt: skip
    for number, text in enumerate(odd * 2):
        texts.append(tmp_path / f"odd-{number}.md")
        texts[-1].write_text(text, encoding="utf-8")
    for text in [*texts, *reversed(texts)]:
        mine, theirs = ours.read(str(text)), PelicanReader(settings).read(str(text))
        assert mine[0] == theirs[0], text
        assert {key: str(value) for key, value in mine[1].items()} == {
            key: str(value) for key, value in theirs[1].items()
        }


def _clock() -> str:
    from datetime import datetime

    return str(datetime.now().astimezone())


_seen: list[str] = []


def _remembers(text: str) -> str:
    _seen.append(text)
    return text


def _shouts(text: str) -> str:
    return text.upper()


def test_only_functions_that_can_know_nothing_are_trusted(tmp_path: Path) -> None:
    count = 1
    assert pure(_shouts)
    assert pure(lambda text: f"{_shouts(text)}!")
    assert pure(len)
    for knowing in (
        _clock,
        _remembers,
        lambda text: f"{text}{count}",
        lambda: Path("x").read_text(),
        tmp_path.exists,
    ):
        assert not pure(knowing)


@pytest.mark.parametrize(
    "date", ["2026-01-02T09:00:00Z", "2026-01-02 09:00 +02:00", "2026-01-02", "2 Jan 2026 9:00 UTC"]
)
def test_posts_are_kept_however_their_dates_are_written(
    date: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    play(world, ("add", 0, 0))
    file = world.root / "content" / "posts" / "post-0.md"
    file.write_text(f"Title: One\nDate: {date}\n\nText\n", encoding="utf-8")
    world.remembered()
    assert "read in every build" not in capsys.readouterr().out
    play(world, ("add", 1, 1))
    assert not list(differences(world.remembered(), world.clean()))
