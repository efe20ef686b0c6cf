"""Another key while the service runs: nobody who reads, joins or leaves meets anything of it, whatever is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from pipeline.errors import KeyProblem
from pipeline.subscribers.keys import new_root_key
from tests.service.people import unsubscribe_path
from tests.service.world import World, running, served

READER = "reader@lists.example.com"


@pytest.fixture
def living(tmp_path: Path) -> Iterator[tuple[World, httpx.Client]]:
    """A service that goes on when the key is another, as `belonging web` runs it."""
    with (
        running(tmp_path) as world,
        served(world.made.living) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield world, client


def command(
    root: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "--root", str(root), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_service_goes_on_with_the_new_key(living: tuple[World, httpx.Client]) -> None:
    world, client = living
    world.confirmed(READER)
    before = unsubscribe_path(world, READER)
    waiting = world.ask("late@lists.example.com")
    old = (world.root / "var" / "key").read_bytes()
    done = command(world.root, "keys", "rotate")
    assert done.returncode == 0, done.stderr
    assert "2 entries sealed anew" in done.stdout
    assert (world.root / "var" / "key").read_bytes() != old
    assert (world.root / "var" / "key.old").read_bytes() == old
    assert (world.root / "var" / "key").stat().st_mode & 0o777 == 0o600
    assert not (world.root / "var" / "key.new").exists()

    # The one that ran all the while answers, with no restart, links from before included.
    assert client.post("/list/rights", data={"email": READER}).status_code == 200
    world.work()
    assert world.mail()["To"] == READER
    assert client.post(waiting).status_code == 200
    assert client.post(before).status_code == 200
    assert client.post("/list/subscribe", data={"email": "new@lists.example.com"}).status_code == 200
    world.work()
    assert world.mail()["To"] == "new@lists.example.com"
    states = sorted(state.value for state, _ in world.states())
    assert states == ["confirmed", "pending", "unsubscribed"]
    assert client.get("/list/health").json() == {"store": "ok", "worker": "ok"}


def test_requests_that_come_meanwhile_are_all_answered(living: tuple[World, httpx.Client]) -> None:
    world, client = living
    world.confirmed(READER)
    statuses: list[int] = []
    over = threading.Event()

    def keep_asking() -> None:
        number = 0
        while not over.is_set():
            number += 1
            sent = client.post("/list/subscribe", data={"email": f"r{number}@lists.example.com"})
            statuses.append(sent.status_code)

    thread = threading.Thread(target=keep_asking)
    thread.start()
    try:
        for _ in range(3):
            assert command(world.root, "keys", "rotate").returncode == 0
    finally:
        over.set()
        thread.join()
    assert set(statuses) == {200}
    while world.made.reception.work():
        pass
    assert len(world.states()) == 1 + len(statuses), "everybody who asked was heard, once"


def test_the_old_key_is_refused_afterwards(tmp_path: Path) -> None:
    with running(tmp_path) as world:
        world.confirmed(READER)
    assert command(tmp_path, "keys", "rotate").returncode == 0
    (tmp_path / "var" / "key.old").replace(tmp_path / "var" / "key")
    for words in (["subscribers", "add"], ["web", "--port", "0"], ["keys", "rotate"]):
        done = command(tmp_path, *words, stdin=READER)
        assert done.returncode == 3, done
        assert "not the key that the list was sealed with" in done.stderr


def test_a_key_from_elsewhere_is_read_from_standard_input(tmp_path: Path) -> None:
    first, second = new_root_key(), new_root_key()
    assert command(tmp_path, "keys", "new").stdout.startswith("bk1_")
    (tmp_path / "pelicanconf.py").touch()
    (tmp_path / "newsletter.toml").touch()
    assert command(tmp_path, "subscribers", "add", stdin=READER, BELONGING_KEY=first).returncode == 0
    wrong = command(tmp_path, "keys", "rotate", stdin="bk1_short\n", BELONGING_KEY=first)
    assert (wrong.returncode, "does not hold a key" in wrong.stderr) == (3, True)
    assert command(tmp_path, "keys", "rotate", stdin=second, BELONGING_KEY=first).returncode == 0
    again = command(tmp_path, "subscribers", "add", stdin=READER, BELONGING_KEY=second)
    assert again.stdout.startswith("Was on the list already")
    assert command(tmp_path, "subscribers", "add", stdin=READER, BELONGING_KEY=first).returncode == 3
    assert not (tmp_path / "var" / "key").exists()


def test_killed_at_any_moment_it_is_gone_on_with_and_nobody_is_lost(tmp_path: Path) -> None:
    people = {f"r{n}@lists.example.com" for n in range(400)}
    with running(tmp_path) as world:
        file = tmp_path / "people.csv"
        file.write_text("email\n" + "\n".join(sorted(people)) + "\n", encoding="ascii")
        with file.open(newline="") as text:
            world.project.importing.csv(text, dry=False)
        world.project.people.suppress(
            [world.project.keyring.suppression_hash(READER)], "erased", world.clock()
        )
    rounds = 40 if "BELONGING_SOAK" in os.environ else 6
    kills = 0
    for number in range(rounds):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.service.rotating", str(tmp_path), str(number * 7 % 40)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        kills += process.wait(timeout=60) == -signal.SIGKILL
        with running(tmp_path) as world:
            project = world.project
            with contextlib.suppress(KeyProblem):
                assert project.keyring
            people_there = {one.address_index for one, _ in project.people.after(-1, most=1_000)}
            assert people_there == {project.keyring.address_index(one) for one in people}
            assert project.people.suppressed([project.keyring.suppression_hash(READER)])
            exported = tmp_path / f"{number}.csv"
            with exported.open("w", newline="") as text:
                assert project.exporting.csv(text).exported == len(people)
            exported.unlink()
    assert kills >= rounds // 2, "or nothing was proved"
    before = time.monotonic()
    assert command(tmp_path, "keys", "rotate").returncode == 0
    assert time.monotonic() - before < 60
