"""People whom the operator adds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.errors import BelongingError
from pipeline.store import engine
from pipeline.store.people import People
from pipeline.subscribers import Origin, SubscriberState
from pipeline.subscribers.joining import SAMPLES, Joining
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
