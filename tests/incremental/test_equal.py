"""A build that remembers gives, to the byte, what a clean one gives: whatever was changed, in whatever order."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from pelican.writers import FileOverwriteFailedError

from tests.incremental.histories import CHANGES, Change, histories, play
from tests.incremental.world import World, differences

_SOAK = "BELONGING_SOAK" in os.environ
_STEPS = 10
_SHARES = 6  # of the histories, so that they are played side by side
_HISTORIES = 5000 if _SOAK else 60  # about four seconds each
_FAST = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _share(number: int) -> Callable[[], None]:
    def played(history: list[Change]) -> None:
        with tempfile.TemporaryDirectory(dir=_FAST) as folder:
            world = World(Path(folder))
            for post in range(5):
                play(world, ("add", post, post))
            world.remembered()
            for step, change in enumerate(history):
                play(world, change)
                try:
                    clean = world.clean()
                except FileOverwriteFailedError:  # two posts want the same file
                    with pytest.raises(FileOverwriteFailedError):
                        world.remembered()
                    continue
                found = list(differences(world.remembered(), clean))
                assert not found, (step, change, found)

    examples = settings(
        max_examples=_HISTORIES // _SHARES, suppress_health_check=list(HealthCheck), database=None
    )
    test = examples(given(history=histories(_STEPS))(played))
    return test if _SOAK else seed(number)(test)


@pytest.mark.parametrize("share", range(_SHARES))
def test_after_every_step_the_site_is_that_of_a_clean_build(share: int) -> None:
    _share(share)()


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_every_kind_of_change_changes_something(what: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(5):
        play(world, ("add", number, number))
    play(world, ("lang", 1, 1))
    before = world.clean()
    seen = []
    for word in (1, 2, 4):
        play(world, (what, 0, word))
        try:
            seen.append(world.clean() != before)
        except FileOverwriteFailedError:
            seen.append(True)
    assert any(seen) is (what not in {"hour", "rename", "touch", "spoil"})
