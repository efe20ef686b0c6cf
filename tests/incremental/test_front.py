"""Nothing to do: said without Pelican, and only when it is true."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from plugins.incremental import front
from tests.incremental.histories import play
from tests.incremental.world import World, differences

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMALL_SITE_NAME", "Small")
    world = World(tmp_path / "site")
    world.extra = "import os, pathlib\nSITENAME = os.environ['SMALL_SITE_NAME']\n"
    world.extra += "NOTES = pathlib.Path('notes.txt').read_text()\n"
    (tmp_path / "notes.txt").write_text("none", encoding="utf-8")
    for number in range(4):
        play(world, ("add", number, number))
    play(world, ("image", 0, 1))
    return world


def stands(world: World) -> bool:
    with time_machine.travel(world.now, tick=False):
        return front.nothing_to_do(str(world.root / "receipt")) is not None


def built(world: World) -> None:
    world.remembered(receipt=world.root / "receipt")


def test_after_a_build_there_is_nothing_to_do(world: World) -> None:
    built(world)
    assert stands(world)


_CHANGES: dict[str, Callable[[World], object]] = {
    "a post": lambda world: play(world, ("body", 0, 1)),
    "a new post": lambda world: play(world, ("add", 6, 1)),
    "a post that is gone": lambda world: play(world, ("delete", 0, 0)),
    "a picture": lambda world: play(world, ("image", 0, 2)),
    "a template": lambda world: play(world, ("template", 3, 1)),
    "a new template": lambda world: (world.root / "theme" / "templates" / "new.html").write_text(
        "x", encoding="utf-8"
    ),
    "a style": lambda world: play(world, ("style", 0, 1)),
    "a setting": lambda world: (world.root / "settings.py").write_text("SITENAME = 'x'", encoding="utf-8"),
    "a file that the settings read": lambda world: Path("notes.txt").write_text("some", encoding="utf-8"),
    "a page that was spoilt": lambda world: play(world, ("spoil", 1, 2)),
    "a page that was taken away": lambda world: play(world, ("spoil", 1, 1)),
    "the environment": lambda _: os.environ.update(SMALL_SITE_NAME="Other"),
    "the day": lambda world: setattr(world, "now", world.now + timedelta(days=1)),
    "the receipt": lambda world: (world.root / "receipt").write_bytes(b"spoilt" * 9),
}


@pytest.mark.parametrize("what", sorted(_CHANGES))
def test_whatever_changes_is_noticed(what: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMALL_SITE_NAME", "Small")
    built(world)
    assert stands(world)
    _CHANGES[what](world)
    assert not stands(world)


def test_a_post_of_the_future_is_waited_for(world: World) -> None:
    play(world, ("later", 0, 3))
    built(world)
    assert stands(world)
    world.now += timedelta(hours=2)
    assert stands(world)
    world.now += timedelta(hours=2)
    assert not stands(world)
    assert not list(differences(world.remembered(), world.clean()))


def test_the_command_says_so_before_it_imports_pelican(tmp_path: Path) -> None:
    world = World(tmp_path / "site")
    play(world, ("add", 0, 0))
    settings = world.settings()
    asks = (
        "import sys; from plugins.incremental.__main__ import main; code = main(sys.argv[1:]);"
        "print('pelican' in sys.modules); sys.exit(code)"
    )
    command = [sys.executable, "-c", asks, str(world.root / "content"), "-o", str(tmp_path / "out")]
    command += ["-s", str(settings), "--store", str(tmp_path / "store")]
    said = []
    for words in ([], [], ["--clean"]):
        run = subprocess.run(
            [*command, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(run.stdout)
    assert "Processed 1 article" in said[0]
    assert "nothing changed" in said[1]
    assert said[1].endswith("False\n")
    assert "Processed 1 article" in said[2]
