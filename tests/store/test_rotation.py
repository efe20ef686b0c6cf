"""Another key: everything is found as before, the old key finds nothing, and what is killed is gone on with."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from pipeline.errors import KeyChanged, KeyProblem
from pipeline.letters import Guise
from pipeline.store.engine import guard, transaction
from pipeline.store.people import People
from pipeline.store.rotation import SqlRotation
from pipeline.store.tables import arrivals, moves, rewrapped, subscribers
from pipeline.subscribers.choices import Choices, opened, sealed
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.rotation import Rotation, Seals
from pipeline.subscribers.sealing import ADDRESS, KEPT, MOVING, Sealer
from pipeline.subscribers.signing_up import ARRIVING
from tests.builders import KEYRING, NOW, address, persons

NEW = Keyring.derive(b"\x07" * 32).succeeding(KEYRING)


@pytest.fixture
def people(engine: Engine) -> People:
    people = People(engine)
    assert people.seal_with(KEYRING.check) == KEYRING.check
    people.add(persons(7))
    people.suppress([KEYRING.suppression_hash(f"gone{n}@example.org") for n in range(3)], "erased", NOW)
    return people


def rotate(engine: Engine, new: Keyring = NEW, old: Keyring = KEYRING) -> None:
    Rotation(store=SqlRotation(engine), seals=Seals(old=old, new=new)).run()


def addresses(engine: Engine, keyring: Keyring) -> set[str]:
    """Open everybody's address, and see that it is found by its index."""
    sealer, found = Sealer(keyring), set()
    with engine.connect() as connection:
        for row in connection.execute(sa.select(subscribers)):
            text = sealer.open(row.address, column=ADDRESS, row=row.id)
            assert row.address_index == keyring.address_index(text)
            found.add(text)
    return found


def test_everything_is_there_under_the_new_key_and_nothing_under_the_old(
    engine: Engine, people: People
) -> None:
    rotate(engine)
    assert addresses(engine, NEW) == {address(n) for n in range(7)}
    with pytest.raises(KeyProblem):
        addresses(engine, KEYRING)
    gone = [f"gone{n}@example.org" for n in range(3)]
    assert len(people.suppressed([NEW.suppression_hash(one) for one in gone])) == 3
    assert not people.suppressed([KEYRING.suppression_hash(one) for one in gone])
    assert people.sealed_with() == NEW.check
    with engine.connect() as connection:
        assert connection.execute(sa.select(rewrapped)).all() == []


def test_the_keys_that_must_outlive_are_kept_under_the_new_one(engine: Engine, people: People) -> None:
    rotate(engine)
    kept = people.outliving()
    assert kept is not None
    bare = Keyring.derive(b"\x07" * 32)
    again = bare.with_outliving(Sealer(bare).open(kept, column=KEPT, row=0))
    assert again == NEW
    assert again.token == KEYRING.token, "links in letters go on acting"
    with pytest.raises(KeyProblem):
        Sealer(KEYRING).open(kept, column=KEPT, row=0)


def test_it_can_be_done_again_and_again(engine: Engine, people: People) -> None:
    rotate(engine)
    third = Keyring.derive(b"\x08" * 32).succeeding(NEW)
    rotate(engine, third, NEW)
    assert addresses(engine, third) == {address(n) for n in range(7)}
    assert len(people.suppressed([third.suppression_hash(f"gone{n}@example.org") for n in range(3)])) == 3


def test_what_waits_is_sealed_anew_too(engine: Engine, people: People) -> None:
    old, whom = Sealer(KEYRING), persons(1)[0].id
    mine = Choices(guise=Guise.DISCREET, left_out=("grief",))
    with transaction(engine) as connection:
        connection.execute(
            sa.update(subscribers).where(subscribers.c.id == whom).values(choices=sealed(mine, old, row=whom))
        )
        connection.execute(
            sa.insert(arrivals).values(
                id=5,
                wish="join",
                address=old.seal("in@example.org", column=ARRIVING, row=5),
                path="site",
                received_at=NOW,
                due_at=NOW,
            )
        )
        connection.execute(
            sa.insert(moves).values(
                subscriber_id=whom,
                life=1,
                address=old.seal("to@example.org", column=MOVING, row=whom),
                address_index=KEYRING.address_index("to@example.org"),
                expires_at=NOW,
            )
        )
    rotate(engine)
    new = Sealer(NEW)
    with engine.connect() as connection:
        (arrival,) = connection.execute(sa.select(arrivals)).all()
        (move,) = connection.execute(sa.select(moves)).all()
        chosen = connection.execute(sa.select(subscribers.c.choices).where(subscribers.c.id == whom)).scalar()
    assert new.open(arrival.address, column=ARRIVING, row=5) == "in@example.org"
    assert new.open(move.address, column=MOVING, row=whom) == "to@example.org"
    assert move.address_index == NEW.address_index("to@example.org")
    assert opened(chosen, new, row=whom) == mine


def test_who_joins_leaves_or_chooses_between_is_neither_lost_nor_undone(
    engine: Engine, people: People
) -> None:
    """Whatever happens after a batch was prepared is what counts."""
    store, seals = SqlRotation(engine), Seals(old=KEYRING, new=NEW)
    store.begin(NEW.check)
    store.prepare([seals.prepared(row) for row in store.unprepared(most=100)])
    assert store.unprepared(most=100) == []
    first, second = persons(2)
    chosen = sealed(Choices(text=True), Sealer(KEYRING), row=first.id)
    with transaction(engine) as connection:
        connection.execute(sa.update(subscribers).where(subscribers.c.id == first.id).values(choices=chosen))
        connection.execute(sa.delete(subscribers).where(subscribers.c.id == second.id))
    people.add([replace(one, id=one.id) for one in persons(9)[7:]])
    store.switch(seals)
    assert addresses(engine, NEW) == {address(n) for n in range(9)} - {address(1)}
    with engine.connect() as connection:
        cell = connection.execute(
            sa.select(subscribers.c.choices).where(subscribers.c.id == first.id)
        ).scalar()
    assert opened(cell, Sealer(NEW), row=first.id) == Choices(text=True)


def test_one_that_was_given_up_for_another_key_leaves_nothing_behind(engine: Engine, people: People) -> None:
    other = Keyring.derive(b"\x09" * 32).succeeding(KEYRING)
    store, seals = SqlRotation(engine), Seals(old=KEYRING, new=other)
    store.begin(other.check)
    store.prepare([seals.prepared(row) for row in store.unprepared(most=4)])
    rotate(engine)
    assert addresses(engine, NEW) == {address(n) for n in range(7)}
    with pytest.raises(KeyChanged):
        store.switch(seals)


def test_a_cell_that_does_not_open_stays_and_stops_nobody(engine: Engine, people: People) -> None:
    whom, before = persons(1)[0].id, secrets.token_bytes(90)
    with transaction(engine) as connection:
        connection.execute(
            sa.update(subscribers).where(subscribers.c.id == whom).values(address=before, choices=b"x")
        )
    rotate(engine)
    with engine.connect() as connection:
        row = connection.execute(sa.select(subscribers).where(subscribers.c.id == whom)).one()
        assert (row.address, row.choices) == (before, b"x")
        connection.execute(sa.delete(subscribers).where(subscribers.c.id == whom))
        connection.commit()
    assert len(addresses(engine, NEW)) == 6


def test_who_knows_only_the_old_key_looks_nothing_up(engine: Engine, people: People) -> None:
    """Else they would not find those who must not be mailed."""
    guard(engine, KEYRING.check)
    name = [KEYRING.suppression_hash("gone1@example.org")]
    assert people.suppressed(name)
    rotate(engine)
    for act in (lambda: people.suppressed(name), lambda: people.add(persons(9)), lambda: people.known([])):
        with pytest.raises(KeyChanged):
            act()
    guard(engine, NEW.check)
    assert people.suppressed([NEW.suppression_hash("gone1@example.org")])


def test_a_cell_of_before_there_were_keys_of_their_own_opens_and_gets_one(
    engine: Engine, people: People
) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    whom, nonce = persons(1)[0].id, bytes(12)
    place = f"{ADDRESS}/{whom}".encode()
    cell = b"\x01" + nonce + AESGCM(KEYRING.seal).encrypt(nonce, address(0).encode(), place)
    with transaction(engine) as connection:
        connection.execute(sa.update(subscribers).where(subscribers.c.id == whom).values(address=cell))
    assert addresses(engine, KEYRING) == {address(n) for n in range(7)}
    rotate(engine)
    assert addresses(engine, NEW) == {address(n) for n in range(7)}
