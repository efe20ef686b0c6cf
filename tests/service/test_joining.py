"""Joining: asked for by anybody, confirmed by the owner of the address alone, by one press of a button."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from pipeline.store.tables import arrivals, asks, consents, notices, subscribers, wordings
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.consent import wording_hash
from pipeline.subscribers.passes import Errand, Passes
from tests.builders import NOW
from tests.service.people import unsubscribe_path
from tests.service.world import SITE, World, links_of, path_of, text_of

READER = "reader@lists.example.com"
PENDING, CONFIRMED, LEFT = (
    SubscriberState.PENDING,
    SubscriberState.CONFIRMED,
    SubscriberState.UNSUBSCRIBED,
)


def test_one_mail_asks_and_one_press_confirms(world: World) -> None:
    link = world.ask(READER)
    assert world.states() == [(PENDING, 1)]
    page = world.client.get(link)
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert world.states() == [(PENDING, 1)]
    assert world.client.post(link).status_code == 200
    assert world.states() == [(CONFIRMED, 1)]
    world.work()
    assert world.mails() == []


def test_nothing_about_an_address_is_done_before_the_answer(world: World) -> None:
    world.join(READER)
    assert world.states() == []
    assert world.mails() == []


def test_pressing_twice_is_pressing_once(world: World) -> None:
    link = world.ask(READER)
    first, before = world.client.post(link), world.everything()
    second = world.client.post(link)
    assert (second.status_code, second.text) == (first.status_code, first.text)
    assert world.everything() == before


def test_the_mail_asks_for_no_answer_and_tells_nobody_what_it_is_about(world: World) -> None:
    world.join(READER)
    world.work()
    mail = world.mail()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["To"] == READER
    assert mail["From"] == "Belonging <letters@belonging.example.org>"
    assert mail["List-Unsubscribe"] is None
    for word in ("trauma", "addict", "recover", "heal", "relapse"):
        assert word not in f"{mail['Subject']} {text_of(mail)}".lower()
    assert {part.get_content_type() for part in mail.iter_parts()} == {"text/plain", "text/html"}
    assert all(READER not in link and "reader" not in link for link in links_of(mail))
    assert "1 Example Street" in text_of(mail)


def test_what_was_agreed_to_is_recorded_word_for_word(world: World) -> None:
    link = world.ask(READER)
    world.clock.now += timedelta(hours=3)
    wording = world.project.settings.service.consent
    assert wording in world.client.get(link).text
    world.client.post(link)
    with world.project.engine.connect() as connection:
        consent = connection.execute(sa.select(consents)).one()
        text = connection.execute(sa.select(wordings.c.text)).scalar_one()
    assert (consent.wording, text) == (wording_hash(wording), wording)
    assert (consent.asked_at, consent.given_at) == (NOW, NOW + timedelta(hours=3))
    assert consent.path == "site form, mail, button"


def test_who_is_here_already_is_told_so_and_stays_as_they_are(world: World) -> None:
    world.confirmed(READER)
    world.clock.now += timedelta(days=8)
    world.join(READER.upper())
    world.work()
    mail = world.mail()
    assert mail["Subject"] == "Your address is on the list already"
    assert world.states() == [(CONFIRMED, 1)]
    # … and may leave from there.
    assert world.client.post(path_of(mail)).status_code == 200
    assert world.states() == [(LEFT, 1)]


def test_who_asked_never_to_be_mailed_is_not(world: World) -> None:
    world.project.people.suppress([world.project.keyring.suppression_hash(READER)], "erased", NOW)
    assert world.join(READER).status_code == 200
    world.work()
    assert world.mails() == []
    assert world.states() == []


def test_what_is_no_address_after_all_leads_to_nothing(world: World) -> None:
    assert world.join("reader@two..dots.example.com").status_code == 200
    world.work()
    assert world.mails() == []
    assert not any(world.everything()[name] for name in ("arrivals", "subscribers", "notices"))


def test_a_stranger_gets_one_mail_a_week_however_often_an_address_is_entered(world: World) -> None:
    for turn in range(28):
        world.join(READER if turn % 2 else READER.title())
        world.work()
        world.clock.now += timedelta(hours=6) - timedelta(seconds=1)
    assert len(world.mails()) == 1
    world.clock.now += timedelta(minutes=1)
    world.join(READER)
    world.work()
    assert len(world.mails()) == 1


def test_who_does_not_confirm_vanishes_after_seven_days(world: World) -> None:
    link = world.ask(READER)
    world.clock.now += timedelta(days=7) - timedelta(seconds=1)
    assert world.client.get(link).status_code == 200
    world.made.worker._sweep()
    assert world.states() == [(PENDING, 1)]
    world.clock.now += timedelta(seconds=1)
    assert world.client.post(link).status_code == 404
    world.made.worker._sweep()
    left = world.everything()
    assert not any(rows for name, rows in left.items() if name not in {"facts", "alembic_version"})


def test_who_left_and_comes_back_begins_another_life(world: World) -> None:
    world.confirmed(READER)
    first = unsubscribe_path(world, READER)
    world.client.post(first)
    world.clock.now += timedelta(days=8)
    link = world.ask(READER)
    assert world.states() == [(LEFT, 1)]  # until they confirm
    world.client.post(link)
    assert world.states() == [(CONFIRMED, 2)]
    with world.project.engine.connect() as connection:
        assert connection.execute(sa.select(consents.c.life).order_by(consents.c.life)).scalars().all() == [
            1,
            2,
        ]


def test_who_left_is_remembered_as_having_left_when_a_new_wish_runs_out(world: World) -> None:
    world.confirmed(READER)
    world.client.post(unsubscribe_path(world, READER))
    world.clock.now += timedelta(days=8)
    world.ask(READER)
    world.clock.now += timedelta(days=8)
    world.made.worker._sweep()
    assert world.states() == [(LEFT, 1)]
    assert world.everything()["asks"] == []


def test_a_link_of_the_first_wish_does_not_confirm_the_second(world: World) -> None:
    world.confirmed(READER)
    world.client.post(unsubscribe_path(world, READER))
    world.clock.now += timedelta(days=8)
    world.ask(READER)
    with world.project.engine.connect() as connection:
        whom = connection.execute(sa.select(subscribers.c.id)).scalar_one()
    passes, until = Passes(world.project.keyring.token), world.clock() + timedelta(days=1)
    for life in (1, 3):
        link = f"/list/confirm/{passes.make(Errand.CONFIRM, whom, life, until)}"
        assert world.client.post(link).status_code == 404
    assert world.states() == [(LEFT, 1)]


def test_how_long_an_address_is_cannot_be_told_from_what_waits(world: World) -> None:
    for address in ("a@b.example", READER, "n" * 64 + "@" + "d" * 60 + ".example.com"):
        assert world.join(address).status_code == 200
    with world.project.engine.connect() as connection:
        sizes = {len(cell) for cell in connection.execute(sa.select(arrivals.c.address)).scalars()}
    assert len(sizes) == 1


def test_an_arrival_that_was_dealt_with_is_not_dealt_with_again(world: World) -> None:
    world.join(READER)
    (arrival,) = world.made.service.signing_up.arrivals.take(
        world.clock(), world.clock() + timedelta(minutes=1), most=10
    )
    world.made.reception._deal_with(arrival, world.clock())
    with world.project.engine.begin() as connection:
        connection.execute(sa.delete(notices))
        connection.execute(sa.delete(asks))
        connection.execute(sa.delete(subscribers))
    world.made.reception._deal_with(arrival, world.clock())
    assert world.states() == []


def test_two_workers_do_not_take_the_same(world: World) -> None:
    for number in range(6):
        world.join(f"reader{number}@lists.example.com")
    waiting, until = world.made.service.signing_up.arrivals, world.clock() + timedelta(minutes=1)
    first = waiting.take(world.clock(), until, most=4)
    second = waiting.take(world.clock(), until, most=4)
    assert len({arrival.id for arrival in [*first, *second]}) == len(first) + len(second) == 6
    assert waiting.take(until, until + timedelta(minutes=1), most=9) != []  # taken back when a lease runs out


def test_links_begin_with_the_address_in_the_settings_whatever_host_was_asked(world: World) -> None:
    world.client.post("/list/subscribe", data={"email": READER}, headers={"Host": "evil.example.com"})
    world.work()
    assert all(link.startswith(SITE) for link in links_of(world.mail()))


def test_who_left_a_list_elsewhere_can_join_here_by_themselves(world: World) -> None:
    """And only by confirming: until then they stay as unmailed as they were."""
    project = world.project
    name = project.keyring.suppression_hash("back@lists.example.com")
    project.people.suppress([name], "left", world.clock())
    link = world.ask("back@lists.example.com")
    assert project.people.suppressed([name])
    assert world.client.post(link).status_code == 200
    assert not project.people.suppressed([name])


def test_who_complained_or_was_erased_cannot_be_brought_back_by_a_form(world: World) -> None:
    project = world.project
    name = project.keyring.suppression_hash("gone@lists.example.com")
    project.people.suppress([name], "complained", world.clock())
    assert world.join("gone@lists.example.com").status_code == 200
    world.work()
    assert world.mails() == []
