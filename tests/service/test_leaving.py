"""Leaving: one press, here or in a mail program; with every letter of this life, and with none of an earlier one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.campaigns import EVERYBODY, CampaignState, campaign_id
from pipeline.mail.composing import PLACEHOLDER
from pipeline.planning import Policy, plan
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.subscribers import SubscriberState
from tests.builders import NOW, letter, post
from tests.service.people import unsubscribe_path
from tests.service.world import World

READER = "reader@lists.example.com"
ONE_CLICK = "List-Unsubscribe=One-Click"
BOUNDARY = "8058"
PART = 'Content-Disposition: form-data; name="List-Unsubscribe"'
MULTIPART = f"--{BOUNDARY}\r\n{PART}\r\n\r\nOne-Click\r\n--{BOUNDARY}--\r\n"
CONFIRMED, LEFT = SubscriberState.CONFIRMED, SubscriberState.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", ONE_CLICK),
        (f"multipart/form-data; boundary={BOUNDARY}", MULTIPART),
        ("application/x-www-form-urlencoded", ""),  # the button on the page
    ],
)
def test_a_mail_program_takes_its_reader_off_with_one_request(world: World, kind: str, body: str) -> None:
    world.confirmed(READER)
    link = unsubscribe_path(world, READER)
    answer = world.client.post(
        link,
        content=body,
        headers={"Content-Type": kind, "Origin": "https://mail.example.com", "User-Agent": "mail"},
    )
    assert answer.status_code == 200  # never a redirect (RFC 8058 §3.1)
    assert "Set-Cookie" not in answer.headers
    assert world.states() == [(LEFT, 1)]


def test_the_page_has_one_button_and_shows_nothing_personal(world: World) -> None:
    world.confirmed(READER)
    page = world.client.get(unsubscribe_path(world, READER))
    assert page.status_code == 200
    assert page.text.count("<button") == 1
    assert "reader" not in page.text
    assert "?" not in page.text.partition("<main")[2].partition("</main>")[0]  # nothing is asked
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert world.states() == [(CONFIRMED, 1)]


def test_leaving_twice_is_leaving_once(world: World) -> None:
    world.confirmed(READER)
    link = unsubscribe_path(world, READER)
    first, before = world.client.post(link), world.everything()
    second = world.client.post(link)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.text == first.text
    assert world.everything() == before


def test_a_letter_of_an_earlier_life_takes_nobody_off(world: World) -> None:
    world.confirmed(READER)
    old = unsubscribe_path(world, READER)
    world.client.post(old)
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)
    assert world.client.post(old).status_code == 404
    assert world.states() == [(CONFIRMED, 2)]
    assert world.client.post(unsubscribe_path(world, READER)).status_code == 200
    assert world.states() == [(LEFT, 2)]


def test_who_is_not_in_the_store_at_all_has_left(world: World) -> None:
    world.confirmed(READER)
    link = unsubscribe_path(world, READER)
    with world.project.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM subscribers")
    assert world.client.post(link).status_code == 200


def test_who_leaves_while_a_campaign_is_on_its_way_is_not_mailed(world: World) -> None:
    world.confirmed(READER)
    campaigns, ledger = SqlCampaigns(world.project.engine), SqlDeliveries(world.project.engine)
    policy = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))
    campaigns.accept(plan([post("a")], campaigns.history(), NOW, policy=policy), NOW)
    identity = campaign_id(EVERYBODY, "a")
    assert campaigns.freeze(identity, letter(), NOW, samples=False) == 1
    world.client.post(unsubscribe_path(world, READER))
    campaigns.move(identity, CampaignState.SENDING, NOW)
    (claim,) = ledger.claim(identity, "me", limit=10, now=NOW, until=NOW + timedelta(minutes=1))
    assert claim.excluded == LEFT


def test_the_link_in_real_letters_is_the_one_that_is_served(local: World) -> None:
    links = local.project.provider("https://belonging.example.org").links
    local.confirmed(READER)
    path = unsubscribe_path(local, READER)
    token = path.rpartition("/")[2]
    assert links.unsubscribe.replace(PLACEHOLDER, token) == f"https://belonging.example.org{path}"
