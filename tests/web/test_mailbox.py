"""A Maildir, looked at without being changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline.errors import BelongingError
from pipeline.web import mailbox as module
from pipeline.web.mailbox import LARGEST, Entry, Mailbox
from tests.builders import address
from tests.web.letters import date, name, write


def entries(mailbox: Path, number: int = 1, length: int = 50) -> tuple[Entry, ...]:
    page = Mailbox(mailbox).page(number, length=length)
    assert page is not None
    return page.entries


def names(mailbox: Path) -> list[str]:
    return [entry.name for entry in entries(mailbox)]


def problems(mailbox: Path) -> dict[str, str]:
    return {entry.name: entry.problem for entry in entries(mailbox) if entry.head is None}


def snapshot(mailbox: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in mailbox.rglob("*")}


def test_a_folder_that_is_not_there_has_one_empty_page(tmp_path: Path) -> None:
    page = Mailbox(tmp_path / "none").page(1)
    assert page is not None
    assert (page.entries, page.pages, page.letters) == ((), 1, 0)


def test_letters_are_listed_newest_first_by_pages(tmp_path: Path) -> None:
    write(tmp_path, [3, 1, 5, 2, 4])
    box = Mailbox(tmp_path)
    pages = [box.page(number, length=2) for number in (1, 2, 3)]
    assert [[entry.name for entry in page.entries] for page in pages if page] == [
        [name(5), name(4)],
        [name(3), name(2)],
        [name(1)],
    ]
    assert {(page.number, page.pages, page.letters) for page in pages if page} == {
        (1, 3, 5),
        (2, 3, 5),
        (3, 3, 5),
    }
    assert box.page(0, length=2) is None
    assert box.page(4, length=2) is None


def test_an_entry_says_who_what_when_and_how_large(tmp_path: Path) -> None:
    write(tmp_path, [7])
    (entry,) = entries(tmp_path)
    assert entry.head is not None
    assert (entry.head.to, entry.head.subject) == (address(7), "Coming back")
    assert entry.size == (tmp_path / "new" / name(7)).stat().st_size
    assert entry.problem == ""


def test_letters_that_a_mail_program_has_read_are_listed_once(tmp_path: Path) -> None:
    write(tmp_path, [1, 2, 3])
    (tmp_path / "new" / name(1)).rename(tmp_path / "cur" / f"{name(1)}:2,S")
    content = (tmp_path / "new" / name(2)).read_bytes()
    (tmp_path / "cur" / f"{name(2)}:2,").write_bytes(content)  # read, then written again

    assert names(tmp_path) == [name(3), name(2), name(1)]
    box = Mailbox(tmp_path)
    assert box.read(name(1)) == (tmp_path / "cur" / f"{name(1)}:2,S").read_bytes()
    assert box.read(name(2)) == content


def test_half_written_and_hidden_files_are_not_listed(tmp_path: Path) -> None:
    write(tmp_path, [1])
    (tmp_path / "tmp" / name(2)).write_bytes(b"Subject: half\r\n\r\n")
    (tmp_path / "new" / ".hidden").write_bytes(b"Subject: hidden\r\n\r\n")
    assert names(tmp_path) == [name(1)]


def test_what_is_no_letter_is_named_with_the_reason_and_breaks_nothing(tmp_path: Path) -> None:
    write(tmp_path, [1])
    new = tmp_path / "new"
    (new / "1700000000.M1.host").write_bytes(b"Subject: another program's\r\n\r\n")
    (new / name(2)).write_bytes(b"")
    (new / name(3)).write_bytes(b"\x00\xff" * 10_000)
    (new / name(4)).mkdir()
    (new / name(5)).symlink_to(new / name(1))
    (new / name(6)).symlink_to("nowhere")
    os.mkfifo(new / name(7))
    with (new / name(8)).open("wb") as large:
        large.write(b"Subject: large\r\n\r\n")
        large.truncate(LARGEST + 1)
    os.close(os.open(os.fsencode(new) + b"/\xff\n", os.O_CREAT | os.O_WRONLY))
    before = snapshot(tmp_path)

    assert problems(tmp_path) == {
        "1700000000.M1.host": "not one of this list's letters",
        "\ufffd\n": "not one of this list's letters",
        name(2): "it does not begin like a letter",
        name(3): "it does not begin like a letter",
        name(4): "not a file",
        name(5): "not a file",
        name(6): "not a file",
        name(7): "not a file",
        name(8): "too large to be shown",
    }
    page = Mailbox(tmp_path).page(1)
    assert page is not None
    assert page.letters == 8  # by their names
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("number", [4, 5, 6, 7, 8, 9])
def test_what_is_no_letter_cannot_be_opened(tmp_path: Path, number: int) -> None:
    test_what_is_no_letter_is_named_with_the_reason_and_breaks_nothing(tmp_path)
    assert Mailbox(tmp_path).read(name(1))
    assert Mailbox(tmp_path).read(name(number)) is None


@pytest.mark.parametrize(
    "asked",
    [
        "",
        ".",
        "..",
        "../secret",
        f"../new/{name(1)}",
        f"{name(1)}\n",
        f"{name(1)}:2,S",
        f"x{name(1)}",
        f"{name(1)}x",
        name(1).upper(),
        "1700000000.M1.host",
        "a\0b",
    ],
)
def test_only_letters_of_this_list_can_be_asked_for(tmp_path: Path, asked: str) -> None:
    write(tmp_path, [1])
    (tmp_path / "secret").write_bytes(b"Subject: secret\r\n\r\n")
    (tmp_path / "new" / "1700000000.M1.host").write_bytes(b"Subject: another program's\r\n\r\n")
    (tmp_path / "new" / f"{name(1)}x").write_bytes(b"Subject: odd\r\n\r\n")
    (tmp_path / "cur" / f"{name(1)}:2,S").write_bytes(b"Subject: read\r\n\r\n")
    assert Mailbox(tmp_path).read(asked) is None


def test_a_list_opens_the_letters_of_one_page_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").mkdir()
    for number in range(300):
        (tmp_path / "new" / name(number)).write_bytes(b"To: reader@example.com\r\n\r\n")
        date(tmp_path / "new" / name(number), number)
    opened: list[str] = []
    descriptors: list[int] = []

    def watched(path: Path, flags: int) -> int:
        opened.append(path.name)
        descriptors.append(really_open(path, flags))
        return descriptors[-1]

    really_open = os.open
    monkeypatch.setattr(module.os, "open", watched)
    assert len(entries(tmp_path, 2, length=20)) == 20
    assert opened == [name(number) for number in range(279, 259, -1)]
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_letter_that_goes_while_the_list_is_made_is_said_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [1])

    def too_late(path: Path, flags: int) -> int:
        path.unlink()
        return really_open(path, flags)

    really_open = os.open
    monkeypatch.setattr(module.os, "open", too_late)
    assert problems(tmp_path) == {name(1): "it is gone"}


def test_only_the_beginning_of_a_letter_is_read_for_a_list(tmp_path: Path) -> None:
    write(tmp_path, [1])
    file = tmp_path / "new" / name(1)
    file.write_bytes(b"X-Long: " + b"x" * 100_000 + b"\r\nSubject: far away\r\n\r\n")
    assert problems(tmp_path) == {name(1): "it does not begin like a letter"}


def test_a_mailbox_that_is_no_folder_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"")
    with pytest.raises(BelongingError, match=r"cannot be read \(Not a directory\)"):
        Mailbox(tmp_path).page(1)
