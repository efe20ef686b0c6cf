"""People in the store: nobody twice, nobody lost, suppressions that last, one key for ever."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from pipeline.store.people import People
from pipeline.store.tables import subscribers
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.formats import Standing
from pipeline.subscribers.importing import Leaver
from tests.builders import KEYRING, NOW, address, person, persons
from tests.store.conftest import Opener


@pytest.fixture
def people(engine: Engine) -> People:
    return People(engine)


def hashes(*numbers: int) -> list[bytes]:
    return [KEYRING.suppression_hash(address(number)) for number in numbers]


def test_people_are_added_once_and_the_new_ones_counted(people: People) -> None:
    assert people.add([]) == 0
    assert people.add(persons(3)) == 3
    assert people.add(persons(3)) == 0
    assert people.add([*persons(5), person(4)]) == 2
    assert people.count()[SubscriberState.CONFIRMED] == 5


def test_a_large_import_is_counted_exactly(people: People) -> None:
    assert people.add(persons(2_500)) == 2_500
    assert people.add(persons(2_501)) == 1


def test_adding_a_known_address_changes_nothing_about_them(people: People, engine: Engine) -> None:
    people.add([person(0, state=SubscriberState.UNSUBSCRIBED, life=3)])
    assert people.add([replace(person(0), id=5, origin=Origin.IMPORTED)]) == 0
    with engine.begin() as connection:
        row = connection.execute(subscribers.select()).one()
    assert (row.id, row.state, row.life, row.origin) == (person(0).id, "unsubscribed", 3, "added")


def test_people_are_counted_by_state(people: People) -> None:
    assert people.count() == dict.fromkeys(SubscriberState, 0)
    people.add([person(0), person(1), person(2, state=SubscriberState.PENDING)])
    assert people.count() == {
        SubscriberState.PENDING: 1,
        SubscriberState.CONFIRMED: 2,
        SubscriberState.UNSUBSCRIBED: 0,
        SubscriberState.BOUNCED: 0,
    }


def test_what_was_kept_comes_back_as_it_was(people: People, engine: Engine) -> None:
    one = person(0, id=2**63 - 1, confirmed_at=None)
    people.add([one])
    with engine.begin() as connection:
        row = connection.execute(subscribers.select()).one()
    assert (row.id, bytes(row.address), bytes(row.address_index)) == (one.id, one.address, one.address_index)
    assert (row.created_at, row.confirmed_at) == (NOW, None)
    assert row.created_at.utcoffset() is not None


def test_suppressed_is_who_was_suppressed(people: People) -> None:
    assert people.suppressed(hashes(0, 1)) == frozenset()
    assert people.suppressed([]) == frozenset()
    people.suppress(hashes(0, 2), "complaint", NOW)
    people.suppress(hashes(0), "again", NOW)
    people.suppress([], "nobody", NOW)
    assert people.suppressed(hashes(0, 1, 2)) == frozenset(hashes(0, 2))


def test_thousands_of_suppressions_are_looked_up_at_once(people: People) -> None:
    barred = hashes(*range(1_200))
    people.suppress(iter(barred), "import", NOW)
    assert people.suppressed(hashes(*range(2_000))) == frozenset(barred)


def test_a_store_is_sealed_with_one_key_for_ever(people: People) -> None:
    assert people.sealed_with() is None
    assert people.seal_with("first") == "first"
    assert people.seal_with("second") == "first"
    assert people.sealed_with() == "first"


def test_of_two_first_keys_at_the_same_time_both_learn_which_it_is(open_store: Opener) -> None:
    stores = [People(open_store()) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def seal(number: int) -> str:
        start.wait()
        return stores[number].seal_with(f"key {number}")

    with ThreadPoolExecutor(len(stores)) as pool:
        answers = set(pool.map(seal, range(4)))
    assert answers == {stores[0].sealed_with()}


def test_of_two_imports_at_the_same_time_nobody_is_added_twice(open_store: Opener) -> None:
    stores = [People(open_store()) for _ in range(2)]
    start = threading.Barrier(len(stores))
    # The same people, each import with random numbers of its own, as imports have.
    imports = [[replace(one, id=one.id * 2 + turn) for one in persons(200)] for turn in range(2)]
    imports[1].reverse()

    def add(number: int) -> int:
        start.wait()
        # One by one, as two imports of differently sorted files would meet in the middle.
        return sum(stores[number].add([one]) for one in imports[number])

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sum(pool.map(add, range(2))) == 200
    assert stores[0].count()[SubscriberState.CONFIRMED] == 200


def taken_over(count: int) -> list[tuple[Subscriber, Consent]]:
    given = Consent(life=1, wording="(not known)", asked_at=None, given_at=NOW, path="import from elsewhere")
    return [(person(number), given) for number in range(count)]


def leaver(number: int, standing: Standing) -> Leaver:
    whose = address(number)
    return Leaver(
        address_index=KEYRING.address_index(whose),
        suppression=KEYRING.suppression_hash(whose),
        standing=standing,
    )


def test_people_are_taken_over_once_with_their_consents(people: People) -> None:
    assert people.take_over(taken_over(1_200), [], NOW) == 1_200
    assert people.take_over(taken_over(1_203), [], NOW) == 3
    found = list(people.after(-1, most=2_000))
    assert [one.id for one, _ in found] == sorted(person(number).id for number in range(1_203))
    assert {consent.path for _, consent in found if consent} == {"import from elsewhere"}
    assert people.known([KEYRING.address_index(address(number)) for number in range(1_205)]) == {
        KEYRING.address_index(address(number)): False for number in range(1_203)
    }


def test_leavers_are_off_the_list_and_stay_so(people: People) -> None:
    mine = Consent(life=1, wording="Yes", asked_at=NOW, given_at=NOW, path="site form, mail, button")
    people.take_over([*taken_over(3), (person(3), mine)], [], NOW)
    leavers = [
        leaver(0, Standing.LEFT),
        leaver(1, Standing.BOUNCED),
        leaver(3, Standing.LEFT),
        leaver(9, Standing.COMPLAINED),
        leaver(9, Standing.COMPLAINED),
    ]
    assert people.take_over([], leavers, NOW) == 0
    states = [one.state for one, _ in people.after(-1, most=9)]
    assert states == [
        SubscriberState.UNSUBSCRIBED,
        SubscriberState.BOUNCED,
        SubscriberState.CONFIRMED,
        SubscriberState.CONFIRMED,
    ], "who confirmed here by themselves is not taken off by a list from elsewhere"
    assert [people.barred(one.suppression) for one in leavers[:2]] == [False, True]
    people.suppress([leavers[0].suppression], "complained", NOW)
    assert people.barred(leavers[0].suppression)
