"""What the operator does with the list."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BelongingError
from pipeline.store import engine
from pipeline.store.people import People
from pipeline.subscribers import Origin, SubscriberState
from pipeline.subscribers.joining import SAMPLES, ImportReport, Joining
from pipeline.subscribers.sealing import ADDRESS, Sealer
from tests.builders import KEYRING, NOW

CONFIRMED = SubscriberState.CONFIRMED


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that nobody is in; copying one is quicker than making one."""
    folder = tmp_path_factory.mktemp("empty")
    engine.connect("sqlite:///list.sqlite", folder).dispose()
    return folder / "list.sqlite"


@contextmanager
def _people(empty: Path, folder: Path) -> Iterator[People]:
    shutil.copy(empty, folder / "list.sqlite")
    store = engine.connect("sqlite:///list.sqlite", folder)
    yield People(store)
    store.dispose()


@pytest.fixture
def people(empty: Path, tmp_path: Path) -> Iterator[People]:
    with _people(empty, tmp_path) as people:
        yield people


@pytest.fixture
def joining(people: People) -> Joining:
    return Joining(people=people, keyring=KEYRING, clock=lambda: NOW)


@pytest.fixture
def import_(joining: Joining) -> Callable[[str], ImportReport]:
    return lambda text: joining.import_csv(io.StringIO(text, newline=""))


Import = Callable[[str], ImportReport]


def numbers(report: ImportReport) -> dict[str, int]:
    """Leave out what is nought."""
    names = ("read", "added", "known", "suppressed", "not_confirmed", "bad")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def test_whoever_is_added_is_confirmed_and_sealed(joining: Joining, people: People) -> None:
    kept = []
    people.add, original = lambda rows: kept.extend(rows) or original(rows), people.add  # type: ignore[method-assign]
    assert joining.add(" Someone@Example.ORG \n")
    (row,) = kept
    assert (row.state, row.origin, row.confirmed_at) == (CONFIRMED, Origin.ADDED, NOW)
    assert b"omeone" not in row.address
    assert Sealer(KEYRING).open(row.address, column=ADDRESS, row=row.id) == "Someone@example.org"
    assert people.count()[CONFIRMED] == 1


def test_adding_somebody_twice_changes_nothing(joining: Joining, people: People) -> None:
    assert joining.add("someone@example.org")
    assert not joining.add("SOMEONE@EXAMPLE.ORG")
    assert people.count()[CONFIRMED] == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "x@",
        "@example.org",
        "a b@example.org",
        "a@b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "x" * 70 + "@example.org",
        "x@" + "y" * 400 + ".org",
        "\x00@example.org",
        "jürgen@example.org",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(joining: Joining, people: People, text: str) -> None:
    with pytest.raises(BelongingError) as refused:
        joining.add(text)
    assert refused.value.message == "that is not an e-mail address that mail can reach"
    assert refused.value.advice == "write one like somebody@example.org"
    assert not any(people.count().values())


def test_who_asked_not_to_be_mailed_is_not_added_again(joining: Joining, people: People) -> None:
    people.suppress([KEYRING.suppression_hash("gone@example.org")], "left", NOW)
    with pytest.raises(BelongingError, match="asked not to be mailed") as refused:
        joining.add("Gone@example.org")
    assert "gone" not in str(refused.value).lower()
    assert not any(people.count().values())


def test_three_samples_are_added_once(joining: Joining, people: People) -> None:
    assert joining.add_samples() == len(SAMPLES) == 3
    assert joining.add_samples() == 0
    assert people.count()[CONFIRMED] == 3


def test_everybody_in_a_file_is_added_once(import_: Import, people: People) -> None:
    text = "Name,Email Address\nA,a@example.org\nB,b@example.org\nA again,A@EXAMPLE.org\n"
    assert numbers(import_(text)) == {"read": 3, "added": 2, "known": 1}
    assert numbers(import_(text)) == {"read": 3, "known": 3}
    assert people.count()[CONFIRMED] == 2


@pytest.mark.parametrize("name", ["email", "E-Mail", "Email Address", " ADDRESS ", "email_address"])
def test_the_column_is_found_by_any_of_its_names(import_: Import, name: str) -> None:
    assert import_(f"x,{name}\n1,a@example.org\n").added == 1


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(import_: Import, end: str) -> None:
    report = import_(end.join(["email", "a@example.org", "b@example.org", ""]))
    assert (report.added, report.bad) == (2, 0)


def test_quotes_commas_and_line_breaks_in_cells_are_what_csv_says(import_: Import) -> None:
    text = 'name,email\n"Doe, Jane","jane@example.org"\n"two\nlines",b@example.org\n"a ""quote""",c@example.org\n'
    assert numbers(import_(text)) == {"read": 3, "added": 3}


def test_a_bad_line_is_named_as_an_editor_numbers_it(import_: Import) -> None:
    text = 'email,note\na@example.org,"two\nlines"\n\nnobody,\n"also\nnobody",x\nb@example.org\n,\n'
    report = import_(text)
    assert report.bad_lines == (5, 6)
    assert numbers(report) == {"read": 4, "added": 2, "bad": 2}


def test_only_a_hundred_bad_lines_are_named_but_all_are_counted(import_: Import) -> None:
    report = import_("email\n" + "nobody\n" * 250)
    assert (report.bad, len(report.bad_lines), report.bad_lines[:2]) == (250, 100, (2, 3))


@pytest.mark.parametrize("word", ["subscribed", " Confirmed ", "ACTIVE", "enabled", "true", "yes"])
def test_who_the_file_calls_subscribed_is_taken(import_: Import, word: str) -> None:
    assert import_(f"email,status\na@example.org,{word}\n").added == 1


@pytest.mark.parametrize(
    "row", ["a@example.org,unsubscribed", "a@example.org,cleaned", "a@example.org,", "a@example.org"]
)
def test_who_the_file_does_not_call_subscribed_is_left_out(import_: Import, people: People, row: str) -> None:
    assert numbers(import_(f"email,status\n{row}\n")) == {"read": 1, "not_confirmed": 1}
    assert not any(people.count().values())


def test_who_asked_not_to_be_mailed_is_left_out_of_an_import(import_: Import, people: People) -> None:
    people.suppress([KEYRING.suppression_hash("gone@example.org")], "left", NOW)
    report = import_("email\ngone@example.org\nGONE@example.org\nhere@example.org\n")
    assert numbers(report) == {"read": 3, "added": 1, "suppressed": 2}


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "name,phone\nA,1\n", "a@example.org\nb@example.org\n", "name;email\nA;a@example.org\n"],
)
def test_a_file_without_a_column_for_the_address_is_refused(
    import_: Import, people: People, text: str
) -> None:
    with pytest.raises(BelongingError, match="line 1 names no column") as refused:
        import_(text)
    assert "@" not in str(refused.value)
    assert not any(people.count().values())


def test_a_file_that_breaks_off_half_way_adds_nobody(import_: Import, people: People) -> None:
    text = "email\n" + "".join(f"r{n}@example.org\n" for n in range(2_500)) + '"' + "x" * 140_000
    with pytest.raises(BelongingError, match="line 2502"):
        import_(text)
    assert not any(people.count().values())


def test_what_cannot_be_read_twice_is_taken_as_far_as_it_goes(joining: Joining, people: People) -> None:
    class Pipe(io.StringIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(BelongingError, match="line 1003"):
        joining.import_csv(
            Pipe("email\n" + "".join(f"r{n}@example.org\n" for n in range(1_001)) + '"' + "x" * 140_000)
        )
    assert people.count()[CONFIRMED] == 1_000


def test_memory_does_not_grow_with_the_file(joining: Joining, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    add = joining.people.add

    def watched(rows: list[object]) -> int:
        sizes.append(len(rows))
        return add(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(joining.people, "add", watched)
    report = joining.import_csv(io.StringIO("email\n" + "".join(f"r{n}@example.org\n" for n in range(3_500))))
    assert report.added == 3_500
    assert max(sizes) <= 1_000


cells = st.sampled_from(
    ["a@example.org", "b@example.org", "C@example.org", "c@example.org", "nobody", "", "x,y", 'q"']
)


@settings(max_examples=25)
@given(rows=st.lists(st.tuples(cells, st.sampled_from(["subscribed", "cleaned", ""])), max_size=12))
def test_every_line_is_accounted_for(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    with _people(empty, tmp_path_factory.mktemp("list")) as people:
        people.suppress([KEYRING.suppression_hash("b@example.org")], "left", NOW)
        joining = Joining(people=people, keyring=KEYRING, clock=lambda: NOW)
        quoted = ['"' + cell.replace('"', '""') + '"' for cell, _ in rows]
        text = "email,status\n" + "".join(
            f"{cell},{status}\n" for cell, (_, status) in zip(quoted, rows, strict=True)
        )
        report = joining.import_csv(io.StringIO(text))
        assert report.read == sum(bool(cell.strip() or status) for cell, status in rows)
        assert (
            report.read == report.added + report.known + report.suppressed + report.not_confirmed + report.bad
        )
        assert min(report.added, report.known, report.suppressed, report.not_confirmed, report.bad) >= 0
        assert people.count()[CONFIRMED] == report.added
