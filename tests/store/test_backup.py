"""Backups: whole, of one moment, and never a way back onto the list for who left it."""

from __future__ import annotations

import json
import resource
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.errors import BelongingError, KeyChanged, SettingsError
from pipeline.store import backup, farewells
from pipeline.store.backup import dump, is_empty, load
from pipeline.store.campaigns import RESTORED
from pipeline.store.engine import connect
from pipeline.store.members import SqlMembers
from pipeline.store.people import People
from pipeline.store.tables import metadata, subscribers, suppressions
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.farewells import Farewells, Parting, read
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.tokens import Ticket
from tests.builders import KEYRING, NOW, address, persons


@pytest.fixture
def people(engine: Engine) -> People:
    people = People(engine)
    people.seal_with(KEYRING.check)
    people.add(persons(5))
    people.suppress([KEYRING.suppression_hash("gone@example.org")], "complained", NOW)
    return people


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(sa.select(table)) if row[0] != RESTORED), key=repr
            )
            for table in metadata.sorted_tables
        }


def nothing(_: sa.Connection) -> None:
    """Do nothing afterwards."""


def other(tmp_path: Path) -> Engine:
    return connect("sqlite:///other.sqlite", tmp_path)


def test_what_was_backed_up_comes_back_in_any_store(engine: Engine, people: People, tmp_path: Path) -> None:
    before = everything(engine)
    lines = list(dump(engine, KEYRING.check))
    elsewhere = other(tmp_path)
    assert is_empty(elsewhere)
    load(elsewhere, lines, nothing)
    assert everything(elsewhere) == before
    people.add(persons(9))
    assert everything(engine) != before
    load(engine, lines, nothing)
    assert everything(engine) == before
    assert not is_empty(engine)
    assert people.add(persons(9)) == 4, "and it goes on from there"
    elsewhere.dispose()


@pytest.mark.parametrize(
    "damage", ["cut", "one row less", "one row more", "no JSON", "empty", "unknown table"]
)
def test_a_backup_that_is_not_whole_changes_nothing(engine: Engine, people: People, damage: str) -> None:
    lines = list(dump(engine, KEYRING.check))
    row = next(number for number, line in enumerate(lines) if line.startswith(b"["))
    broken = {
        "cut": lines[:-1],
        "one row less": lines[:row] + lines[row + 1 :],
        "one row more": [*lines, lines[row]],
        "no JSON": [*lines[:row], b"{", *lines[row:]],
        "empty": [],
        "unknown table": [line.replace(b'"wordings"', b'"others"') for line in lines],
    }[damage]
    before = everything(engine)
    with pytest.raises(BelongingError, match="no whole backup"):
        load(engine, broken, nothing)
    assert everything(engine) == before


def test_a_backup_of_a_newer_version_is_refused(engine: Engine, people: People) -> None:
    lines = [json.dumps({"schema": "9999"}).encode(), *list(dump(engine, KEYRING.check))[1:]]
    before = everything(engine)
    with pytest.raises(SettingsError, match="newer version"):
        load(engine, lines, nothing)
    assert everything(engine) == before


def test_a_backup_of_an_older_version_is_brought_up_to_date(engine: Engine, people: People) -> None:
    """One from before there were choices: no such column, no such table."""
    lines = [json.loads(line) for line in dump(engine, KEYRING.check)]
    lines[0]["schema"] = "0003"
    known = sa.MetaData()
    scratch = sa.create_engine("sqlite://")
    with scratch.begin() as connection:
        backup.migrate(connection, "0003")
        known.reflect(connection)
    scratch.dispose()
    old, columns, keep = [], [], []
    for line in lines:
        if "table" in line:
            columns = line["columns"]
            keep = [
                name
                for name in columns
                if line["table"] in known.tables and name in known.tables[line["table"]].c
            ]
            if keep:
                old.append({"table": line["table"], "columns": keep})
        elif isinstance(line, list):
            old.append([value for name, value in zip(columns, line, strict=True) if name in keep])
        else:
            old.append(line)
    load(engine, [json.dumps(line).encode() for line in old], nothing)
    assert people.count()[SubscriberState.CONFIRMED] == 5


def test_a_backup_is_of_one_moment_while_the_list_is_in_use(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    """Each of these transactions adds a person and a suppression; a backup has both or neither."""
    over = threading.Event()
    failures: list[BaseException] = []

    def keep_writing() -> None:
        try:
            for number, person in enumerate(persons(400)[5:]):
                if over.is_set():
                    return
                with engine.begin() as connection:
                    connection.execute(
                        sa.insert(subscribers).values(
                            {c.name: getattr(person, c.name) for c in subscribers.c}
                        )
                    )
                    connection.execute(
                        sa.insert(suppressions).values(
                            hash=number.to_bytes(32, "big"), reason="left", created_at=NOW
                        )
                    )
        except BaseException as error:  # noqa: BLE001 - to be seen by the test
            failures.append(error)

    thread = threading.Thread(target=keep_writing)
    thread.start()
    counts = set()
    try:
        for number in range(4):
            lines = list(dump(engine, KEYRING.check))
            elsewhere = connect(f"sqlite:///{number}.sqlite", tmp_path)
            load(elsewhere, lines, nothing)
            found = everything(elsewhere)
            assert len(found["subscribers"]) - 5 == len(found["suppressions"]) - 1
            counts.add(len(found["subscribers"]))
            elsewhere.dispose()
    finally:
        over.set()
        thread.join()
    assert not failures
    assert len(counts) > 1, "or nothing was proved"


def test_a_store_with_another_key_is_not_backed_up_under_this_one(engine: Engine, people: People) -> None:
    with pytest.raises(KeyChanged):
        list(dump(engine, Keyring.derive(b"\x07" * 32).check))


# --- who left since -------------------------------------------------------------------------------------------------


def restored(
    engine: Engine, lines: list[bytes], file: Path, keyring: Keyring = KEYRING
) -> farewells.Repeated:
    done: list[farewells.Repeated] = []
    load(engine, lines, lambda c: done.append(farewells.repeat(c, read([file]), keyring, NOW)))
    return done[0]


def test_who_was_erased_or_left_since_is_not_brought_back(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    lines = list(dump(engine, KEYRING.check))
    kept = Farewells(file=tmp_path / "var" / "farewells", keyring=KEYRING)
    members, everybody = SqlMembers(engine), persons(5)
    for number, parting in enumerate((Parting.ERASED, Parting.FORGOTTEN, Parting.LEFT, Parting.BOUNCED)):
        name = KEYRING.suppression_hash(address(number))
        keeps = name if parting in {Parting.ERASED, Parting.BOUNCED} else None
        kept.note(parting, everybody[number].id, 1, suppression=keeps)
    assert members.erase(Ticket(subscriber_id=everybody[0].id, life=1), b"x" * 32, b"x" * 32, NOW)
    done = restored(engine, lines, kept.file)
    assert (done.erased, done.left, done.lost) == (2, 2, 0)
    states = {state: number for state, number in people.count().items() if number}
    assert states == {
        SubscriberState.CONFIRMED: 1,
        SubscriberState.UNSUBSCRIBED: 1,
        SubscriberState.BOUNCED: 1,
    }
    names = [KEYRING.suppression_hash(address(number)) for number in range(5)]
    assert people.suppressed(names) == {names[0], names[3]}
    assert kept.file.stat().st_mode & 0o777 == 0o600


def test_who_came_and_went_after_the_backup_stays_suppressed(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    lines = list(dump(engine, KEYRING.check))
    kept = Farewells(file=tmp_path / "farewells", keyring=KEYRING)
    name = KEYRING.suppression_hash("later@example.org")
    kept.note(Parting.ERASED, 123, 1, suppression=name)
    newer = Keyring.derive(b"\x07" * 32).succeeding(KEYRING)
    Farewells(file=kept.file, keyring=newer).note(
        Parting.ERASED, 124, 1, suppression=newer.suppression_hash("latest@example.org")
    )
    assert restored(engine, lines, kept.file).lost == 1
    assert people.suppressed([name])


def test_of_whoever_was_forgotten_in_the_end_nothing_comes_back(
    engine: Engine, people: People, tmp_path: Path
) -> None:
    kept = Farewells(file=tmp_path / "farewells", keyring=KEYRING)
    everybody = persons(3)
    names = [KEYRING.suppression_hash(address(number)) for number in range(3)]
    people.suppress(names[:1], "bounced", NOW)
    lines = list(dump(engine, KEYRING.check))
    kept.note(Parting.BOUNCED, everybody[1].id, 1, suppression=names[1])
    for number in range(2):
        kept.note(Parting.FORGOTTEN, everybody[number].id, 1)
    kept.note(Parting.FORGOTTEN, everybody[2].id, 1)  # and then they thought better of it
    kept.note(Parting.ERASED, everybody[2].id, 1, suppression=names[2])
    assert restored(engine, lines, kept.file).erased == 3
    assert people.suppressed(names) == {names[2]}


def test_a_farewell_that_does_not_fit_on_the_disk_is_said(tmp_path: Path) -> None:
    kept = Farewells(file=tmp_path / "farewells", keyring=KEYRING)
    kept.note(Parting.LEFT, 1, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kept.file.stat().st_size + 20, before[1]))
    try:
        with pytest.raises(BelongingError, match=r"farewells cannot be written \(No space left on device\)"):
            kept.note(Parting.LEFT, 2, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept.note(Parting.LEFT, 2, 1)
    assert [one.parting for one in read([kept.file])] == [Parting.LEFT, Parting.LEFT]


def test_a_line_that_was_not_finished_spoils_no_other(tmp_path: Path) -> None:
    kept = Farewells(file=tmp_path / "farewells", keyring=KEYRING)
    kept.note(Parting.LEFT, 1, 1)
    with kept.file.open("a", encoding="ascii") as file:
        file.write('\n{"parting": "erased", "row": "ab')
    kept.note(Parting.LEFT, 2, 1)
    kept.note(Parting.LEFT, 2, 1)
    assert [one.parting for one in read([kept.file, tmp_path / "none"])] == [Parting.LEFT, Parting.LEFT]


def test_a_farewell_names_nobody(tmp_path: Path) -> None:
    kept = Farewells(file=tmp_path / "farewells", keyring=KEYRING)
    whom = persons(1)[0].id
    kept.note(Parting.FORGOTTEN, whom, 1)
    content = kept.file.read_text(encoding="ascii")
    assert str(whom) not in content
    assert whom.to_bytes(8, "big").hex() not in content
    assert json.loads(content)["suppression"] is None
