"""The Maildir: a letter is there whole or not at all, private, and the same letter is the same file."""

from __future__ import annotations

import mailbox
import os
import stat
from email import message_from_binary_file
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from pipeline.errors import TransportDown
from pipeline.mail.maildir import Maildir
from pipeline.mail.transport import Accepted
from tests.builders import address
from tests.mail.test_transports import message


def test_any_mail_program_can_read_it(tmp_path: Path) -> None:
    session = Maildir(tmp_path / "mail").open()
    for number in range(3):
        session.send(message(number))
    opened = mailbox.Maildir(
        tmp_path / "mail",
        factory=lambda file: message_from_binary_file(file, _class=EmailMessage, policy=default),
        create=False,
    )
    assert {str(one["To"]) for one in opened} == {address(number) for number in range(3)}
    opened.close()


def test_a_file_is_named_after_the_message_and_not_the_reader(tmp_path: Path) -> None:
    Maildir(tmp_path).open().send(message(7))
    assert [file.name for file in (tmp_path / "new").iterdir()] == [f"{7:032x}.belonging"]


def test_the_same_message_again_is_the_same_letter(tmp_path: Path) -> None:
    session = Maildir(tmp_path).open()
    assert session.send(message()) == session.send(message()) == Accepted()
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_letters_are_nobody_elses_to_read(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Maildir(tmp_path / "var" / "mail").open().send(message())
    finally:
        os.umask(before)
    for folder in ("var", "var/mail", "var/mail/tmp", "var/mail/new", "var/mail/cur"):
        assert stat.S_IMODE((tmp_path / folder).stat().st_mode) == 0o700
    (file,) = (tmp_path / "var" / "mail" / "new").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_letter_that_was_read_and_moved_is_left_alone(tmp_path: Path) -> None:
    session = Maildir(tmp_path).open()
    session.send(message(0))
    (tmp_path / "new" / f"{0:032x}.belonging").rename(tmp_path / "cur" / f"{0:032x}.belonging:2,S")
    session.send(message(1))
    assert len(list((tmp_path / "cur").iterdir())) == 1


def test_what_a_killed_sender_left_half_written_is_written_over(tmp_path: Path) -> None:
    session = Maildir(tmp_path).open()
    (tmp_path / "tmp" / f"{0:032x}.belonging").write_bytes(b"half a letter, and much longer than " * 1000)
    assert session.send(message()) == Accepted()
    assert (tmp_path / "new" / f"{0:032x}.belonging").read_bytes() == message().content
    assert not list((tmp_path / "tmp").iterdir())


def test_a_letter_is_on_disk_before_it_is_shown_and_shown_before_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Maildir(tmp_path).open()
    seen: list[str] = []
    fsync, rename = os.fsync, Path.rename

    def noted_fsync(descriptor: int) -> None:
        seen.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "letter")
        fsync(descriptor)

    def noted_rename(self: Path, target: Path) -> Path:
        seen.append("shown")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "rename", noted_rename)
    assert session.send(message()) == Accepted()
    assert seen == ["letter", "shown", "folder"]


def test_a_place_where_no_mailbox_can_be_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder belongs")
    for go in (Maildir(tmp_path / "mail").open, Maildir(tmp_path / "mail" / "deeper").open):
        with pytest.raises(TransportDown, match="cannot be made"):
            go()


def test_a_full_disk_stops_and_leaves_no_half_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Maildir(tmp_path).open()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(TransportDown, match="No space left on device") as caught:
            session.send(message())
    assert "reader" not in str(caught.value)
    assert not list((tmp_path / "tmp").iterdir())
    assert not list((tmp_path / "new").iterdir())
    assert session.send(message()) == Accepted()


def test_a_mailbox_that_vanished_stops(tmp_path: Path) -> None:
    session = Maildir(tmp_path / "mail").open()
    (tmp_path / "mail").rename(tmp_path / "elsewhere")
    with pytest.raises(TransportDown, match="No such file or directory"):
        session.send(message())


def test_a_probe_sees_whether_letters_could_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Maildir(tmp_path / "not" / "there" / "yet").probe()
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write anywhere
    with pytest.raises(TransportDown, match="may not be written to"):
        Maildir(tmp_path / "mail").probe()
