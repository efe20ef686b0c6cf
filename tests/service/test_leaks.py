"""The whole way of one reader, with every log at its loudest: joined, chose, got letters, was exported, backed up,
rekeyed, restored, bounced, crashed over, left, came back and was erased. No file but their own letters names them.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import traceback
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import charts, statistics, strongbox
from pipeline.posts import Site, manifest
from pipeline.store.campaigns import SqlCampaigns
from pipeline.subscribers.bouncing import Meaning
from pipeline.subscribers.rights import Rights
from pipeline.wiring import Project
from tests.acceptance.test_privacy import CANARY, KEPT, search, told
from tests.builders import post
from tests.service import test_bounces
from tests.service.people import unsubscribe_path
from tests.service.test_rights import ask, mailed
from tests.service.world import SITE, World, path_of, running, served

LOUD = ("sqlalchemy.engine", "sqlalchemy.pool", "alembic", "pipeline", "uvicorn", "httpx", "asyncio")


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Let every logger say all it can into a file of the folder, where temporary files go too."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    handler = logging.FileHandler(tmp_path / "log", encoding="utf-8")
    loggers = [logging.getLogger(), *map(logging.getLogger, LOUD)]
    before = [logger.level for logger in loggers]
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield tmp_path
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)
    loggers[0].removeHandler(handler)
    handler.close()


def letters_aside(root: Path) -> dict[str, list[bytes]]:
    """Search everything but the letters, which are in their readers' mailboxes."""
    return {name: found for name, found in search(root).items() if not name.startswith("var/mail/new/")}


def moved_out_and_in(world: World, project: Project) -> None:
    """Export, back up, rekey, restore, and make the page of numbers."""
    with (world.root / "list.locked").open("w+b") as file:
        box = strongbox.Box(
            file, strongbox.PassphraseLock("four words that fit", cost=4), content="subscribers"
        )
        text = io.TextIOWrapper(io.BufferedWriter(box), encoding="utf-8", newline="")
        assert project.exporting.csv(text).exported == 1
        text.flush()
        box.lock()
    with (world.root / "list.backup").open("w+b") as file:
        project.back_up(file)
    assert project.rotate_key(None) == 1
    with (world.root / "after.backup").open("w+b") as file:
        project.back_up(file)
    with (world.root / "after.backup").open("rb") as file:
        project.restore(file, overwrite=True, farewells=[])
    reports = [(report.campaign, report.tally) for report in project.provider(SITE).reports()]
    page = charts.page(statistics.figures(1, reports), name="Belonging")
    (world.root / "numbers.html").write_text(page, encoding="utf-8")


def test_nobody_but_the_subscriber_ever_learns_that_they_subscribed(
    loud: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(running(loud))
        url = stack.enter_context(served(world.made.living))
        world.client.base_url = url  # type: ignore[assignment]
        file = world.project.builder.manifest
        file.parent.mkdir(parents=True)
        manifest.write(file, Site(name="Belonging", url=SITE, lang="en", timezone="UTC"), [post("a")])

        # Joined, as typed; chose; saw; was typed in again by somebody else, wrongly, and in a list.
        world.confirmed(CANARY)
        for wrong in (f"{CANARY} {CANARY}", f"{CANARY}\r\nBcc: x@example.org"):
            world.client.post("/list/subscribe", data={"email": wrong})
        world.client.post("/list/subscribe", data={"email": CANARY})
        world.work()
        world.mails()
        assert world.client.post("/list/preferences", data={"email": KEPT}).status_code == 200
        world.work()
        choosing = path_of(world.mail())
        assert world.client.post(choosing, data={"do": "save", "guise": "discreet"}).status_code == 200
        rights = ask(world, KEPT)
        assert KEPT in world.client.post(rights, data={"do": "see"}).text
        rows = f"email,status\n{CANARY},subscribed\n{CANARY} {CANARY},subscribed\n"
        for dry in (True, False):
            assert world.project.importing.csv(io.StringIO(rows), dry=dry).known == 1

        # Got a letter, which came back for a while.
        campaign = SqlCampaigns(world.project.engine).campaign(mailed(world))
        assert campaign is not None
        assert world.project.provider(SITE).send(campaign).tally.accepted == 1
        monkeypatch.setattr(test_bounces, "READER", KEPT)
        bounce = test_bounces.report(test_bounces.path(world), "4.2.2")
        assert test_bounces.clearing_of(world).deal_with(bounce)[0] is Meaning.PASSING
        moved_out_and_in(world, world.project)
        world.made._renew(None)

        # Crashed over, with the address in its hands.
        def crash(self: Rights, text: str) -> object:
            raise LookupError(KEPT)

        with monkeypatch.context() as broken:
            broken.setattr(Rights, "see", crash)
            assert world.client.post(rights, data={"do": "see"}).status_code == 500
        assert letters_aside(loud) == {}

        # Left, came back, and was erased.
        assert world.client.post(unsubscribe_path(world, KEPT)).status_code == 200
        world.clock.now += timedelta(days=8)
        world.mails()
        assert world.client.post(world.ask(CANARY)).status_code == 200
        world.clock.now += timedelta(days=2)
        assert world.client.post(ask(world, KEPT), data={"do": "erase"}).status_code == 200
        assert letters_aside(loud) == {}
        assert world.states() == []
    printed = capfd.readouterr()
    assert told((printed.out + printed.err).encode()) == []
    log = (loud / "log").read_text(encoding="utf-8")
    assert "INSERT INTO subscribers" in log
    assert "LookupError" in log
    letters = list((loud / "var" / "mail" / "new").iterdir())
    assert len([file for file in letters if KEPT.encode() in file.read_bytes()]) == len(letters) >= 6
    for file in letters:
        assert told(file.name.encode()) == []
        lines = [line for line in file.read_bytes().splitlines() if not line.startswith(b"To: ")]
        assert told(b"\n".join(lines)) == [], "beside To it is in none of them"


def test_a_traceback_of_what_is_sealed_shows_nothing(tmp_path: Path) -> None:
    """What our values show of themselves where a program that broke prints them."""
    with running(tmp_path) as world:
        world.project.joining.add(CANARY)
        ((person, consent),) = world.project.people.after(-1, most=2) or [(None, None)]
        held = LookupError(person, consent, world.project.keyring, world.project.settings)
        shown = "".join(traceback.format_exception(held))
    assert "Subscriber(" in shown
    assert told(shown.encode()) == []
    key = (tmp_path / "var" / "key").read_text(encoding="ascii").strip()
    assert key not in shown
    assert world.project.keyring.seal.hex() not in shown
    assert repr(world.project.keyring.seal) not in shown
