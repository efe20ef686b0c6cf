"""The doctor: each line ok, warning or error, with what to do; it reads and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.doctor import Look, Outcome, examine
from pipeline.settings import MailchimpSettings
from tests.builders import Hands
from tests.providers.mailchimp.fake import LIST, SENDER, FakeMailchimp
from tests.providers.mailchimp.running import FakeWire, Fault


def looks(
    fake: FakeMailchimp, hands: Hands, wire: FakeWire | None = None, **settings: str
) -> tuple[Look, ...]:
    client = Mailchimp(wire=wire or FakeWire(fake), base=FakeWire.base, sleep=lambda _: None, pauses=())
    audience = Audience(client, MailchimpSettings(**settings))  # type: ignore[arg-type]
    return examine(client, audience, sender=SENDER, clock=hands)


def worst(found: tuple[Look, ...]) -> list[tuple[str, Outcome]]:
    return [(look.name, look.outcome) for look in found if look.outcome is not Outcome.OK]


def test_an_account_that_is_right_has_nothing_but_ok(fake: FakeMailchimp, hands: Hands) -> None:
    found = looks(fake, hands)
    assert worst(found) == []
    assert {look.name for look in found} >= {
        "mailchimp key",
        "mailchimp plan",
        "mailchimp clock",
        "mailchimp audience",
        "mailchimp double opt-in",
        "mailchimp archive bar",
        "mailchimp postal address",
        "mailchimp sender",
    }
    assert all(method == "GET" for method, _ in fake.calls)


def off(name: str, value: object) -> Callable[[FakeMailchimp], object]:
    return lambda fake: fake.lists[LIST].update({name: value})


@pytest.mark.parametrize(
    ("change", "name", "outcome"),
    [
        (lambda fake: setattr(fake, "plan", "forever_free"), "mailchimp plan", Outcome.WARNING),
        (off("double_optin", False), "mailchimp double opt-in", Outcome.ERROR),
        (off("use_archive_bar", True), "mailchimp audience", Outcome.ERROR),
        (off("contact", {}), "mailchimp audience", Outcome.ERROR),
        (lambda fake: fake.domains.clear(), "mailchimp sender", Outcome.ERROR),
        (lambda fake: fake.domains[0].update(authenticated=False), "mailchimp sender", Outcome.ERROR),
    ],
)
def test_each_thing_that_is_wrong_has_its_line_and_what_to_do(
    fake: FakeMailchimp, hands: Hands, change: Callable[[FakeMailchimp], object], name: str, outcome: Outcome
) -> None:
    change(fake)
    found = looks(fake, hands)
    assert worst(found) == [(name, outcome)]
    assert all(look.advice for look in found if look.outcome is not Outcome.OK)


def test_a_clock_that_is_wrong_is_said(fake: FakeMailchimp, hands: Hands) -> None:
    away = Hands(hands.now + timedelta(minutes=3))
    client = Mailchimp(wire=FakeWire(fake), base=FakeWire.base, sleep=lambda _: None)
    found = examine(client, Audience(client, MailchimpSettings()), sender=SENDER, clock=away)
    assert worst(found) == [("mailchimp clock", Outcome.ERROR)]
    assert "180 s" in next(look.detail for look in found if look.name == "mailchimp clock")


def test_one_thing_that_is_wrong_does_not_hide_the_next(fake: FakeMailchimp, hands: Hands) -> None:
    fake.domains.clear()
    assert [name for name, _ in worst(looks(fake, hands, audience="Other"))] == [
        "mailchimp audience",
        "mailchimp sender",
    ]
    broken = looks(fake, hands, FakeWire(fake, dict.fromkeys(range(9), Fault.BROKEN)))
    assert [outcome for _, outcome in worst(broken)] == [Outcome.ERROR] * 4
