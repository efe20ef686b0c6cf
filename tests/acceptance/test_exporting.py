"""Moving out: the list in a file that only a passphrase opens, and back again with all that belongs to it."""

from __future__ import annotations

import csv
import io

import pytest

from tests.acceptance.projects import Project

PASSPHRASE = "four words that fit\n"
# Addresses that a spreadsheet would take for formulas.
PEOPLE = ("=1+1@lists.example.net", "-x@lists.example.net", "'=y@lists.example.net", "z@lists.example.net")


@pytest.fixture
def peopled(published: Project) -> Project:
    for person in PEOPLE:
        published.run("subscribers", "add", stdin=f"{person}\n")
    return published


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_an_export_is_locked_and_opens_with_its_passphrase(peopled: Project) -> None:
    file, plain = peopled.root.parent / "list.locked", peopled.root.parent / "list.csv"
    done = peopled.run("subscribers", "export", str(file), stdin=PASSPHRASE)
    assert done.out == f"        4  written to {file}, locked\n"
    assert b"example.net" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    wrong = peopled.run("subscribers", "unlock", str(file), str(plain), stdin="something else\n", code=3)
    assert "does not open" in wrong.err
    assert not plain.exists()
    peopled.run("subscribers", "unlock", str(file), str(plain), stdin=PASSPHRASE)
    assert plain.stat().st_mode & 0o777 == 0o600
    rows = read(plain.read_text(encoding="utf-8"))
    assert rows[0][:2] == ["email", "state"]
    assert {row[0] for row in rows[1:]} == {
        "'=1+1@lists.example.net",
        "'-x@lists.example.net",
        "''=y@lists.example.net",
        "z@lists.example.net",
    }
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_what_was_exported_comes_back_as_it_was(peopled: Project) -> None:
    file = peopled.root.parent / "list.locked"
    peopled.run("subscribers", "export", str(file), stdin=PASSPHRASE)
    other = peopled.copy(peopled.root.parent / "other")
    for name in ("list.sqlite", "list.sqlite-wal", "list.sqlite-shm", "key"):
        (other.root / "var" / name).unlink(missing_ok=True)
    report = other.run("subscribers", "import", str(file), "--apply", "--json", stdin=PASSPHRASE).json
    assert (report["format"], report["read"], report["added"]) == ("an export of Belonging", 4, 4)
    again = other.root.parent / "again.csv"
    other.run("subscribers", "export", str(again), "--plain", stdin="y\ny\n")
    assert {row[0] for row in read(again.read_text(encoding="utf-8"))[1:]} == {
        ("'" if person[0] in "=-'" else "") + person for person in PEOPLE
    }


@pytest.mark.parametrize("said", ["", "n\n", "y\n", "y\nn\n"])
def test_addresses_in_clear_are_written_only_when_asked_twice(peopled: Project, said: str) -> None:
    file = peopled.root.parent / "list.csv"
    peopled.run("subscribers", "export", str(file), "--plain", stdin=said, code=130)
    assert not file.exists()


def test_no_file_is_overwritten_and_none_is_left_half_written(peopled: Project) -> None:
    file = peopled.root.parent / "list.locked"
    file.write_text("mine", encoding="utf-8")
    assert "is there already" in peopled.run("subscribers", "export", str(file), stdin=PASSPHRASE, code=1).err
    assert file.read_text(encoding="utf-8") == "mine"
    file.unlink()
    assert "is guessed" in peopled.run("subscribers", "export", str(file), stdin="short\n", code=1).err
    assert [path.name for path in file.parent.iterdir() if "list" in path.name] == []


def test_a_locked_file_that_was_touched_adds_nobody(peopled: Project) -> None:
    file = peopled.root.parent / "list.locked"
    peopled.run("subscribers", "export", str(file), stdin=PASSPHRASE)
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    done = peopled.run("subscribers", "import", str(file), "--apply", stdin=PASSPHRASE, code=3)
    assert "does not open" in done.err
