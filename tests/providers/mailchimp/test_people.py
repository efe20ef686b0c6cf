"""Readers and a list that Mailchimp keeps: passed on one at a time, never listed, the same answer for everybody."""

from __future__ import annotations

import hashlib

import pytest
from pydantic import SecretStr

from pipeline.errors import DeliveryError, SettingsError
from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.people import MailchimpPeople, member_of
from pipeline.settings import MailchimpSettings
from pipeline.subscribers.hosting import HostedList
from tests.builders import Hands
from tests.providers.mailchimp.fake import FakeMailchimp
from tests.providers.mailchimp.running import FakeWire, Fault

READER = SecretStr("Some.Reader@lists.example.com")


@pytest.fixture
def people(fake: FakeMailchimp, hands: Hands) -> HostedList:
    fake.groups["aa11"] = ("Topics", {"bb22": "Belonging", "cc33": "Recovery"})
    return made(FakeWire(fake), hands)


def made(wire: FakeWire, hands: Hands) -> MailchimpPeople:
    client = Mailchimp(wire=wire, base=wire.base, sleep=hands.sleep, pauses=())
    return MailchimpPeople(
        client=client, audience=Audience(client, MailchimpSettings(interest_group="Topics"))
    )


def state(fake: FakeMailchimp) -> str | None:
    person = fake.people.get(member_of(READER).get_secret_value())
    return None if person is None else str(person["status"])


def test_a_member_is_named_by_the_md5_of_the_address_in_lower_case() -> None:
    wanted = hashlib.md5(b"some.reader@lists.example.com").hexdigest()
    assert member_of(READER).get_secret_value() == wanted


def test_who_joins_is_pending_so_that_mailchimp_asks_for_confirmation(
    people: HostedList, fake: FakeMailchimp
) -> None:
    people.subscribe(READER)
    assert state(fake) == "pending"
    people.subscribe(READER)
    assert state(fake) == "pending"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("subscribed", "subscribed"),
        ("unsubscribed", "pending"),
        ("cleaned", "cleaned"),
        ("archived", "pending"),
    ],
)
def test_who_was_there_before_is_asked_again_or_left_as_they_are(
    people: HostedList, fake: FakeMailchimp, before: str, after: str
) -> None:
    people.subscribe(READER)
    fake.people[member_of(READER).get_secret_value()]["status"] = before
    people.subscribe(READER)
    assert state(fake) == after


def test_who_leaves_is_off_the_list_and_leaving_twice_is_leaving_once(
    people: HostedList, fake: FakeMailchimp
) -> None:
    people.unsubscribe(READER)
    assert state(fake) is None
    people.subscribe(READER)
    people.unsubscribe(READER)
    people.unsubscribe(READER)
    assert state(fake) == "unsubscribed"


def test_who_is_forgotten_is_gone_and_joining_again_looks_like_any_joining(
    people: HostedList, fake: FakeMailchimp
) -> None:
    people.subscribe(READER)
    people.forget(READER)
    people.forget(READER)
    assert state(fake) is None
    people.subscribe(READER)  # Mailchimp refuses for ever; nobody who asks is told
    assert state(fake) is None


def test_a_choice_is_these_interests_and_no_other(people: HostedList, fake: FakeMailchimp) -> None:
    people.subscribe(READER)
    people.choose(READER, ["belonging"])
    people.choose(READER, ["Recovery"])
    assert fake.people[member_of(READER).get_secret_value()]["interests"] == {"bb22": False, "cc33": True}
    with pytest.raises(SettingsError):
        people.choose(READER, ["Else"])


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.LOST_AFTER, Fault.BUSY, Fault.BROKEN, Fault.PORTAL])
def test_what_could_not_be_passed_on_is_said_without_the_address(
    fake: FakeMailchimp, hands: Hands, fault: Fault
) -> None:
    wire = FakeWire(fake, dict.fromkeys(range(1, 9), fault))  # the first one asks for the list
    with pytest.raises(DeliveryError) as caught:
        made(wire, hands).subscribe(READER)
    assert "reader" not in repr(caught.value).lower()
    assert member_of(READER).get_secret_value() not in str(caught.value)


def test_only_single_people_are_ever_asked_about(people: HostedList, fake: FakeMailchimp) -> None:
    people.subscribe(READER)
    people.choose(READER, ["Recovery"])
    people.unsubscribe(READER)
    people.forget(READER)
    asked = {(method, path) for method, path in fake.calls if "members" in path}
    assert all(method != "GET" and member_of(READER).get_secret_value() in path for method, path in asked)
