"""A build that remembers gives, to the byte, what a clean one gives: whatever was changed, in whatever order."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from pelican.writers import FileOverwriteFailedError

from tests.incremental.histories import CHANGES, Change, histories, play
from tests.incremental.world import World, differences

_STEPS = 10
_EXAMPLES = 5000 if "BELONGING_SOAK" in os.environ else 60
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


@settings(max_examples=_EXAMPLES, suppress_health_check=list(HealthCheck))
@given(history=histories(_STEPS))
def test_after_every_step_the_site_is_that_of_a_clean_build(history: list[Change]) -> None:
    with tempfile.TemporaryDirectory(dir=_MEMORY) as folder:
        world = World(Path(folder))
        for number in range(5):
            play(world, ("add", number, number))
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


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_every_kind_of_change_changes_something(what: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in range(5):
        play(world, ("add", number, number))
    play(world, ("lang", 1, 1))
    before = world.clean()
    seen = set()
    for number in range(4):
        for word in range(1, 6):
            play(world, (what, number, word))
        seen.add(world.clean() == before)
    assert (False in seen) is (what not in {"touch", "spoil"})
