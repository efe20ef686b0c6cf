"""Rights: everything that is stored can be seen, taken along, and erased so that nothing brings it back."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from pipeline.campaigns import EVERYBODY, campaign_id
from pipeline.errors import BelongingError
from pipeline.planning import Policy, plan
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.tables import metadata, subscribers
from pipeline.subscribers.rights import UNREADABLE
from tests.builders import NOW, letter, post
from tests.service.world import World, path_of

READER = "reader@lists.example.com"


def ask(world: World, address: str = READER) -> str:
    """Ask for the link, and answer its path."""
    assert world.client.post("/list/rights", data={"email": address}).status_code == 200
    world.work()
    return path_of(world.mail())


def mailed(world: World) -> str:
    """Freeze a campaign for everybody who is on the list."""
    campaigns = SqlCampaigns(world.project.engine)
    policy = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))
    campaigns.accept(plan([post("a")], campaigns.history(), NOW, policy=policy), NOW)
    identity = campaign_id(EVERYBODY, "a")
    campaigns.freeze(identity, letter(), NOW, samples=False)
    return identity


def test_nothing_is_shown_before_a_button_is_pressed(world: World) -> None:
    world.confirmed(READER)
    page = world.client.get(ask(world))
    assert page.status_code == 200
    assert READER not in page.text


def test_everything_that_is_stored_can_be_seen_and_taken_along(world: World) -> None:
    world.confirmed(READER)
    mailed(world)
    link = ask(world)
    page = world.client.post(link, data={"do": "see"})
    assert READER in page.text
    assert world.project.settings.service.consent in page.text
    taken = world.client.post(link, data={"do": "take"})
    assert taken.headers["Content-Disposition"].startswith("attachment")
    stored = json.loads(taken.text)
    assert stored["address"] == READER
    assert stored["state"] == "confirmed"
    assert stored["consents"][0]["wording"] == world.project.settings.service.consent
    assert stored["letters"][0]["letter"] == "https://belonging.example.org/a/"
    assert taken.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("column", ["address", "choices"])
def test_who_was_tampered_with_still_sees_the_rest_and_can_go(world: World, column: str) -> None:
    world.confirmed(READER)
    link = ask(world)
    with world.project.engine.begin() as connection:
        connection.execute(sa.update(subscribers).values({column: b"\x02" + bytes(200)}))
    assert UNREADABLE in world.client.post(link, data={"do": "see"}).text
    stored = json.loads(world.client.post(link, data={"do": "take"}).text)
    assert stored["state"] == "confirmed"
    assert stored["consents"][0]["wording"] == world.project.settings.service.consent
    assert (stored["address"] == UNREADABLE) is (column == "address")
    assert (stored["how_letters_come"] == [{"mailbox": UNREADABLE}]) is (column == "choices")
    assert world.client.post(link, data={"do": "forget"}).status_code == 200
    assert world.states() == []


def test_who_is_not_on_the_list_gets_no_mail_and_the_same_answer(world: World) -> None:
    world.confirmed(READER)
    known = world.client.post("/list/rights", data={"email": READER})
    stranger = world.client.post("/list/rights", data={"email": "stranger@lists.example.com"})
    assert (known.status_code, known.text) == (stranger.status_code, stranger.text)
    world.work()
    assert [mail["To"] for mail in world.mails()] == [READER]


def test_a_link_to_what_is_stored_is_short_lived(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    world.clock.now += timedelta(hours=24)
    for sent in ("see", "take", "erase", "forget"):
        assert world.client.post(link, data={"do": sent}).status_code == 404
    assert len(world.states()) == 1


@pytest.mark.parametrize("how", ["erase", "forget"])
def test_erased_is_gone(world: World, how: str) -> None:
    world.confirmed(READER)
    identity = mailed(world)
    link = ask(world)
    assert world.client.post(link, data={"do": how}).status_code == 200
    left = world.everything()
    assert left["subscribers"] == left["consents"] == left["asks"] == left["notices"] == []
    tally = SqlDeliveries(world.project.engine).tally(identity)
    assert tally.audience == 1  # the count stays …
    (delivery,) = left["deliveries"]
    assert delivery[2] is None  # … and names nobody
    assert len(left["suppressions"]) == (how == "erase")
    assert world.client.post(link, data={"do": how}).status_code == 200  # twice is once
    assert world.client.post(link, data={"do": "see"}).status_code == 404


def test_whoever_was_erased_is_not_brought_back_by_an_old_list(world: World) -> None:
    world.confirmed(READER)
    world.client.post(ask(world), data={"do": "erase"})
    old = f"email,status\n{READER},subscribed\nother@lists.example.com,subscribed\n"
    report = world.project.importing.csv(io.StringIO(old), dry=False)
    assert (report.added, report.suppressed) == (1, 1)
    with pytest.raises(BelongingError):
        world.project.joining.add(READER)
    world.join(READER)
    world.work()
    assert world.mails() == []


def test_whoever_is_forgotten_entirely_is_a_stranger(world: World) -> None:
    world.confirmed(READER)
    world.client.post(ask(world), data={"do": "forget"})
    before = world.everything()
    assert before["suppressions"] == []
    world.clock.now += timedelta(days=8)
    assert world.ask(READER)


def test_who_left_can_still_see_and_erase(world: World) -> None:
    from tests.service.people import unsubscribe_path

    world.confirmed(READER)
    world.client.post(unsubscribe_path(world, READER))
    link = ask(world)
    assert READER in world.client.post(link, data={"do": "see"}).text
    world.client.post(link, data={"do": "forget"})
    assert world.states() == []


def test_every_column_about_a_person_is_shown_or_said_to_be_none_of_theirs() -> None:
    shown = {
        ("subscribers", name)
        for name in ("address", "state", "life", "origin", "created_at", "confirmed_at", "choices")
    }
    shown |= {("consents", name) for name in ("life", "wording", "path", "asked_at", "given_at")}
    shown |= {("asks", name) for name in ("path", "asked_at", "expires_at")}
    shown |= {("moves", name) for name in ("address", "expires_at")}
    shown |= {("bounces", name) for name in ("count", "first_at", "last_at")}
    shown |= {("deliveries", name) for name in ("campaign_id", "state", "code", "changed_at")}
    of_no_use = {
        ("subscribers", "id"),  # random, names the row
        ("subscribers", "address_index"),  # made of the address
        *((name, "subscriber_id") for name in ("asks", "bounces", "consents", "deliveries")),
        *((name, "subscriber_id") for name in ("moves", "notices")),
        ("moves", "life"),  # the present one
        ("moves", "address_index"),  # made of the address
        ("asks", "life"),  # the next one
        *(("deliveries", name) for name in ("id", "attempts", "due_at", "owner", "lease_until")),
        ("deliveries", "variant"),  # what was chosen when it was frozen; gone with its outcome
        # Sealed anew before it takes the place of what is shown.
        *(
            ("rewrapped", name)
            for name in (
                *("subscriber_id", "address_before", "choices_before", "address", "address_index", "choices"),
            )
        ),
        *(
            ("notices", name)
            for name in ("id", "kind", "life", "limit_name", "trying", "attempts", "due_at", "expires_at")
        ),
    }
    personal = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        if table.name == "subscribers" or "subscriber_id" in table.c
        for column in table.c
    }
    assert personal == shown | of_no_use
