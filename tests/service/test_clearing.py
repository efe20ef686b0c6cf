"""Clearing a letterbox: killed between any two steps and run again, nothing counts twice and nothing is lost."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from unittest.mock import patch

import pytest

from pipeline.mail.clearing import Clearing
from pipeline.mail.letterbox import MaildirBox
from pipeline.store.bounces import SqlBounces
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.bouncing import Meaning
from tests.service.people import unsubscribe_path
from tests.service.test_bounces import ADDRESS, READER, clearing_of, path, report
from tests.service.world import ROOT, World

CONFIRMED, LEFT, BOUNCED = (
    SubscriberState.CONFIRMED,
    SubscriberState.UNSUBSCRIBED,
    SubscriberState.BOUNCED,
)


def wish(token: str, *, subject: str = "unsubscribe {}") -> bytes:
    """Write what a mail program sends for the mailto of a letter."""
    message = EmailMessage()
    message["From"] = "Somebody Else <else@example.com>"  # forwarded, or another of the reader's addresses
    message["To"] = "leave@belonging.example.org"
    message["Subject"] = subject.format(token)
    message.set_content("\n")
    return message.as_bytes()


def token_of(world: World, *, life: int | None = None) -> str:
    return unsubscribe_path(world, READER, life=life).rpartition("/")[2]


def maildir(folder: Path, *messages: bytes) -> Path:
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(messages):
        (folder / "new" / f"{number:03}.mx").write_bytes(content)
    return folder


def counts(world: World) -> dict[Meaning, int]:
    found = SqlBounces(world.project.engine).came_back().counts
    return {meaning: number for meaning, number in found.items() if number}


# --- leaving by mail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", ["unsubscribe {}", "Re: UNSUBSCRIBE  {}", "=?utf-8?q?unsubscribe_?= {}"])
def test_who_writes_with_the_token_of_a_letter_has_left(world: World, subject: str) -> None:
    world.confirmed(READER)
    clearing = clearing_of(world)
    assert clearing.take(wish(token_of(world), subject=subject)) is Meaning.LEFT
    assert world.states() == [(LEFT, 1)]
    assert counts(world) == {Meaning.LEFT: 1}


def test_the_letter_of_an_earlier_life_and_every_forgery_take_nobody_off(world: World) -> None:
    world.confirmed(READER)
    old = token_of(world)
    world.client.post(f"/list/unsubscribe/{old}")
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)
    clearing, good = clearing_of(world), token_of(world)
    assert clearing.take(wish(old)) is Meaning.STRANGE
    for forged in ("", "x" * 36, good[:-1], f"{good}A", good.swapcase(), good[::-1]):
        assert clearing.take(wish(forged)) is Meaning.OTHER, forged
    assert clearing.take(wish(good, subject="hello {}")) is Meaning.OTHER  # a reply that quotes one by chance
    body = wish("").replace(b"\n\n", f"\n\nunsubscribe {good}\n".encode())
    assert clearing.take(body) is Meaning.OTHER
    assert world.states() == [(CONFIRMED, 2)]
    assert clearing.take(wish(good)) is Meaning.LEFT
    assert world.states() == [(LEFT, 2)]


def test_a_subject_that_no_program_writes_is_left_alone(local: World) -> None:
    clearing = clearing_of(local)
    for subject in (b"=?utf-8?b?!!!?=", b"=?x-none?q?=E9?= unsubscribe", b"\xff\xfe unsubscribe \xff"):
        assert clearing.take(b"Subject: " + subject + b"\r\n\r\n") is Meaning.OTHER


# --- killed anywhere ----------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Ends a run as a kill would: nothing catches it."""


def steps(world: World, folder: Path) -> list[tuple[object, str, bool]]:
    """Name the places between which a run can be killed: what is called, and whether it is done before the kill."""
    return [
        (SqlBounces, name, done)
        for name in ("known", "count", "gone", "note", "read")
        for done in (False, True)
    ] + [(Path, "unlink", False), (Path, "unlink", True), (Path, "rename", False), (Path, "rename", True)]


def killed_at(clearing: Clearing, folder: Path, owner: object, name: str, *, done: bool, turn: int) -> bool:
    """Run until some call of that name, and no further; tell whether there was one."""
    real, calls = getattr(owner, name), 0

    def fatal(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls <= turn:
            return real(*arguments, **named)
        if done:
            real(*arguments, **named)
        raise Killed

    with patch.object(owner, name, fatal):
        try:
            clearing.clear(MaildirBox(folder))
        except Killed:
            return True
    return False


def test_killed_between_any_two_steps_nothing_counts_twice_and_nothing_is_lost(
    local: World, tmp_path: Path
) -> None:
    local.confirmed(READER)
    to, clearing = path(local), clearing_of(local)
    kills = 0
    for number, (owner, name, done) in enumerate(steps(local, tmp_path)):
        for turn in range(3):
            before = counts(local)
            soft = local.everything()["bounces"]
            messages = (
                report(to, "4.4.1"),
                report(ADDRESS, "5.1.1"),  # of nobody
                b"Subject: hello\r\n\r\nA person writes, for the %d. time.\r\n" % (number * 3 + turn),
                report(to, "4.4.1"),
            )
            folder = maildir(tmp_path / f"{number}-{turn}", *messages)
            kills += killed_at(clearing, folder, owner, name, done=done, turn=turn)
            clearing.clear(MaildirBox(folder))
            assert list((folder / "new").iterdir()) == []
            (left,) = (folder / "cur").iterdir()
            assert left.read_bytes() == messages[2]
            gained = {one: counts(local)[one] - before.get(one, 0) for one in counts(local)}
            assert gained == {Meaning.PASSING: 2, Meaning.STRANGE: 1, Meaning.OTHER: 1}, (name, done, turn)
            (row,) = local.everything()["bounces"]
            assert row[1] == (soft[0][1] if soft else 0) + 2, (name, done, turn)  # type: ignore[operator]
    assert kills > 25


@pytest.mark.parametrize(
    ("name", "done"), [("count", True), ("gone", False), ("gone", True), ("note", False)]
)
def test_killed_while_somebody_is_given_up_it_is_done_the_next_time(
    world: World, tmp_path: Path, name: str, done: bool
) -> None:
    world.confirmed(READER)
    to, clearing = path(world), clearing_of(world)
    for _ in range(3):
        assert clearing.take(report(to, "5.2.2")) is Meaning.PASSING
    world.clock.now += timedelta(days=15)
    folder = maildir(tmp_path / "back", report(to, "5.2.2"))
    assert killed_at(clearing, folder, SqlBounces, name, done=done, turn=0)
    clearing.clear(MaildirBox(folder))
    assert world.states() == [(BOUNCED, 1)]
    assert list((folder / "new").iterdir()) == []


def test_a_message_that_cannot_be_read_does_not_keep_the_others_waiting(local: World, tmp_path: Path) -> None:
    local.confirmed(READER)
    bottomless = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (turn, turn) for turn in range(3000)
    )
    folder = maildir(tmp_path / "back", bottomless, report(path(local), "5.1.1"))
    done = clearing_of(local).clear(MaildirBox(folder))
    assert done.counts == {Meaning.OTHER: 1, Meaning.GONE: 1}
    assert [file.name for file in (folder / "cur").iterdir()] == ["000.mx:2,"]


def test_two_readers_at_once_count_each_message_once(local: World, tmp_path: Path) -> None:
    local.confirmed(READER)
    to, clearing = path(local), clearing_of(local)
    folder = maildir(tmp_path / "back", *(report(to, "4.2.2") for _ in range(6)))
    with MaildirBox(folder).open() as mine, MaildirBox(folder).open() as theirs:
        first = next(mine)
        assert clearing.deal_with(first.content)[0] is Meaning.PASSING
        for letter in theirs:  # among them the one that the first reader has in hand
            clearing.deal_with(letter.content)
            letter.remove()
        first.remove()
        assert list(mine) == []
    assert counts(local) == {Meaning.PASSING: 6}


# --- the command --------------------------------------------------------------------------------------------------


def called(world: World, *arguments: str, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "--root", str(world.root), *arguments],
        cwd=ROOT,
        input=content,
        capture_output=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def told(local: World) -> World:
    """A service whose settings name where mail comes back to."""
    file = local.root / "newsletter.toml"
    lines = f'[list]\nbounce_address = "{ADDRESS}"\nunsubscribe_mailto = "leave@belonging.example.org"'
    file.write_text(file.read_text(encoding="utf-8").replace("[list]", lines), encoding="utf-8")
    return local


def test_a_mail_server_pipes_one_message_and_is_told_what_to_do_with_it(told: World) -> None:
    told.confirmed(READER)
    content = report(path(told), "4.4.1")
    for _ in range(2):  # a server that got no answer hands it over again
        assert called(told, "bounces", "read", "-", content=content).returncode == 0
    assert counts(told) == {Meaning.PASSING: 1}
    assert called(told, "bounces", "read", "-", content=wish(token_of(told))).returncode == 0
    assert told.states() == [(LEFT, 1)]

    person = called(told, "bounces", "read", "-", content=b"From: a@b.example\r\n\r\nHello?\r\n" * 9)
    assert person.returncode == 65
    assert b"nobody reads it" in person.stderr
    absent = b"Auto-Submitted: auto-replied (vacation)\r\nSubject: away\r\n\r\nUntil Monday.\r\n"
    assert called(told, "bounces", "read", "-", content=absent).returncode == 0

    # Whatever is wrong on our side, the server keeps the message.
    told.project.engine.dispose()
    (told.root / "var" / "list.sqlite").rename(told.root / "var" / "away")
    (told.root / "var" / "list.sqlite").write_bytes(b"no database")
    broken = called(told, "bounces", "read", "-", content=content)
    assert broken.returncode == 75
    assert READER.encode() not in broken.stderr
    (told.root / "newsletter.toml").write_text("[list", encoding="utf-8")
    assert called(told, "bounces", "read", "-", content=content).returncode == 75


def test_what_came_back_is_in_status_without_addresses(told: World, tmp_path: Path) -> None:
    told.confirmed(READER)
    assert b"came back" not in called(told, "status").stdout
    folder = maildir(tmp_path / "back", report(path(told), "5.2.2"), report(path(told), "5.1.1"))
    assert called(told, "bounces", "read", str(folder)).returncode == 0
    status = called(told, "status").stdout.decode()
    assert "What came back" in status
    assert "1 addresses that do not exist; they are not mailed again" in status
    assert "1 came back for a reason that may pass; counted" in status
    assert READER not in status
    returned = json.loads(called(told, "status", "--json").stdout)["returned"]
    assert (returned["gone"], returned["passing"], returned["left"]) == (1, 1, 0)
    assert returned["read_at"].endswith("+00:00")
    again = called(told, "bounces", "read", str(folder))
    assert again.stdout == b"Nothing came back.\n"


def test_where_nothing_is_named_to_be_read_the_command_says_what_to_write(told: World) -> None:
    done = called(told, "bounces", "read")
    assert done.returncode == 3
    assert b"list.imap.host" in done.stderr
    done = called(told, "bounces", "read", "/nowhere")
    assert done.returncode == 1
    assert b"/nowhere is no Maildir" in done.stderr


def test_what_is_kept_of_a_message_is_a_keyed_name(told: World) -> None:
    told.confirmed(READER)
    content = report(path(told), "4.4.1")
    clearing_of(told).take(content)
    store = (told.root / "var" / "list.sqlite").read_bytes()
    store += (told.root / "var" / "list.sqlite-wal").read_bytes()
    for trace in (READER.encode(), base64.b64encode(READER.encode())[:-4], path(told).encode()):
        assert trace not in store
