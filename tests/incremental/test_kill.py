"""Killed at any moment, a build leaves every file whole, and the next one makes the site that a clean one makes."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from pelican.writers import FileOverwriteFailedError

from tests.incremental.histories import play
from tests.incremental.world import World, differences, tree

_KILLS = 200 if "BELONGING_SOAK" in os.environ else 40
_SHARES = 2
_CHANGES = (
    "add",
    "body",
    "title",
    "date",
    "tag",
    "category",
    "delete",
    "template",
    "style",
    "image",
    "page",
    "setting",
)


def _killed(world: World, after: float) -> bool:
    """Build in a child that is killed after so many seconds; tell whether it had not ended by then."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            world.remembered()
            code = 0
        finally:
            os._exit(code)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("share", range(_SHARES))
def test_a_killed_build_leaves_whole_pages_and_the_next_one_mends_the_site(
    share: int, tmp_path: Path
) -> None:
    chance = random.Random(share)
    world = World(tmp_path)
    for number in range(7):
        play(world, ("add", number, number))
    began = time.monotonic()
    before = world.remembered()
    takes = time.monotonic() - began
    killed = 0
    while killed < _KILLS // _SHARES:
        for _ in range(3):
            play(world, (chance.choice(_CHANGES), chance.randrange(12), chance.randrange(12)))
        try:
            clean = world.clean()
        except FileOverwriteFailedError:
            for path in (world.root / "content" / "posts").iterdir():
                path.unlink()
            continue
        began = time.monotonic()
        if _killed(world, chance.random() * takes):
            killed += 1
        found = {
            path: data
            for path, data in tree(world.root / "output").items()
            if not path.endswith(".~incremental")
        }
        for path, data in found.items():
            assert data in {before.get(path), clean.get(path)}, path
        if killed % 3:
            after = world.remembered()
            assert not list(differences(after, clean))
            before = after
        else:  # killed twice in a row, over two different changes
            before = {**found, **clean}
            world.remembered()
        takes = max(0.02, 0.8 * takes + 0.2 * (time.monotonic() - began))
