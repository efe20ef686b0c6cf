"""Erased is erased: no old backup and no old list brings anybody back, and a backup is of no use without the key."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import BelongingError, KeyProblem
from pipeline.store.campaigns import SqlCampaigns
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.keys import new_root_key
from pipeline.wiring import Project
from tests.service.people import unsubscribe_path
from tests.service.test_rights import ask, mailed
from tests.service.world import World, running

READER, OTHER = "reader@lists.example.com", "other@lists.example.com"
OLD_LIST = f"email,status\n{READER},subscribed\n{OTHER},subscribed\n"


@pytest.fixture
def world(tmp_path: Path):  # type: ignore[no-untyped-def]
    with running(tmp_path) as world:
        yield world


def backed_up(world: World) -> Path:
    file = world.root / "list.backup"
    with file.open("w+b") as stream:
        world.project.back_up(stream)
    return file


def restored(world: World, file: Path) -> Project:
    """Restore, as a process of its own would; answer what is there afterwards."""
    project = Project(root=world.root, environment={}, clock=world.clock, sleep=world.clock.sleep)
    with file.open("rb") as stream:
        project.restore(stream, overwrite=True, farewells=[])
    return project


def test_an_erasure_survives_an_old_backup_and_an_old_list(world: World) -> None:
    world.confirmed(READER)
    world.confirmed(OTHER)
    backup = backed_up(world)
    assert world.client.post(ask(world, READER), data={"do": "erase"}).status_code == 200
    project = restored(world, backup)
    assert project.people.count()[SubscriberState.CONFIRMED] == 1
    assert not project.people.known([project.keyring.address_index(READER)])
    report = project.importing.csv(io.StringIO(OLD_LIST), dry=False)
    assert (report.added, report.known, report.suppressed) == (0, 1, 1)
    with pytest.raises(BelongingError, match="asked not to be mailed"):
        project.joining.add(READER)
    project.engine.dispose()


def test_who_is_forgotten_entirely_stays_so_over_a_backup_and_is_a_stranger_to_an_old_list(
    world: World,
) -> None:
    """The trade-off that the page tells of: nothing is left that could recognise them."""
    world.confirmed(READER)
    backup = backed_up(world)
    assert world.client.post(ask(world, READER), data={"do": "forget"}).status_code == 200
    project = restored(world, backup)
    assert not any(project.people.count().values())
    assert world.everything()["suppressions"] == []
    assert project.importing.csv(io.StringIO(OLD_LIST), dry=True).added == 2
    project.engine.dispose()


def test_who_left_since_the_backup_is_not_mailed_after_it(world: World) -> None:
    world.confirmed(READER)
    backup = backed_up(world)
    assert world.client.post(unsubscribe_path(world, READER)).status_code == 200
    project = restored(world, backup)
    assert project.people.count()[SubscriberState.UNSUBSCRIBED] == 1
    project.engine.dispose()


def test_nothing_is_mailed_twice_because_of_a_backup(world: World) -> None:
    """Letters that were waiting then may have been sent since: a person decides."""
    world.confirmed(READER)
    campaign = mailed(world)
    project = restored(world, backed_up(world))
    (waiting,) = project.unknown_deliveries()
    assert waiting[1] == campaign
    ledger = SqlCampaigns(project.engine)
    assert ledger.restored()
    assert not ledger.history().begun, (
        "posts count as on a first run, and not even the newest is mailed by itself"
    )
    project.engine.dispose()


def test_a_backup_shows_nothing_and_opens_with_its_key_alone(world: World) -> None:
    world.confirmed(READER)
    file = backed_up(world)
    raw = file.read_bytes()
    for trace in (b"reader", b"confirmed", b"subscribers", world.project.settings.service.consent.encode()):
        assert trace not in raw
    stranger = Project(
        root=world.root,
        environment={"BELONGING_KEY": new_root_key()},
        clock=world.clock,
        sleep=world.clock.sleep,
    )
    with file.open("rb") as stream, pytest.raises(KeyProblem, match="another key"):
        stranger.restore(stream, overwrite=True, farewells=[])
    stranger.engine.dispose()
    assert len(world.states()) == 1


def test_erasing_takes_the_key_of_the_address_along(world: World) -> None:
    """Neither the sealed address nor its own key is left in any file of the store."""
    world.confirmed(READER)
    with world.project.engine.connect() as connection:
        cell = bytes(connection.exec_driver_sql("SELECT address FROM subscribers").scalar_one())
    key, body = cell[13:61], cell[61:]
    world.client.post(ask(world, READER), data={"do": "erase"})
    with contextlib.closing(world.project.engine.raw_connection()) as bare:
        bare.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    for file in (world.root / "var").rglob("*"):
        if file.is_file():
            assert key not in file.read_bytes(), file
            assert body not in file.read_bytes(), file


def test_the_commands_refuse_to_overwrite(world: World) -> None:
    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipeline", "--root", str(world.root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ},
        )

    world.confirmed(READER)
    file = world.root / "list.backup"
    done = command("backup", str(file))
    assert (done.returncode, file.stat().st_mode & 0o777) == (0, 0o600), done.stderr
    again = command("backup", str(file))
    assert (again.returncode, "is there already" in again.stderr) == (1, True)
    refused = command("restore", str(file))
    assert (refused.returncode, "there is a list already" in refused.stderr) == (1, True)
    world.client.post(ask(world, READER), data={"do": "erase"})
    done = command("restore", str(file), "--overwrite")
    assert done.returncode == 0, done.stderr
    assert "1  erased again" in done.stdout
    assert READER not in done.stdout + done.stderr
    assert world.states() == []
