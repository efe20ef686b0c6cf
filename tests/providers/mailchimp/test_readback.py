"""Fails closed: whatever differs from what we want forbids sending, and the message says what to change and where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.errors import CheckFailed
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.provider import MailchimpList as Provider
from pipeline.providers.mailchimp.readback import recipient_findings
from pipeline.providers.mailchimp.remote import Segment
from pipeline.settings import MailchimpSettings
from tests.builders import Hands, post
from tests.providers.mailchimp.fake import LIST, FakeMailchimp
from tests.providers.mailchimp.running import FakeWire, letter_of, provider, run

NEW = post("new")


@pytest.fixture
def mailchimp(fake: FakeMailchimp, hands: Hands) -> MailchimpList:
    return provider(FakeWire(fake), hands, hands.sleep)


def prepared(mailchimp: Provider, fake: FakeMailchimp) -> tuple[Any, str]:
    campaign = mailchimp.prepare(NEW, letter_of(NEW))
    return campaign, fake.by_title(campaign.id)[0]["id"]


def test_a_campaign_as_it_was_written_has_no_findings(mailchimp: Provider, fake: FakeMailchimp) -> None:
    campaign, _ = prepared(mailchimp, fake)
    assert mailchimp.check(campaign) == ()
    assert mailchimp.remaining(campaign) == 100


BROKEN: dict[str, dict[str, Any]] = {
    "tracking is .*opens": {"tracking": {"opens": True}},
    "tracking is .*html_clicks": {"tracking": {"html_clicks": True}},
    "tracking is .*text_clicks": {"tracking": {"text_clicks": True}},
    "tracking is on: goal_tracking": {"tracking": {"goal_tracking": True}},
    "tracking is on: ecomm360": {"tracking": {"ecomm360": True}},
    "tracking is on: google_analytics": {"tracking": {"google_analytics": "x"}},
    "tracking is on: clicktale": {"tracking": {"clicktale": "x"}},
    "tracking is on: salesforce": {"tracking": {"salesforce": {"campaign": True, "notes": False}}},
    "tracking is on: capsule": {"tracking": {"capsule": {"notes": True}}},
    "fb_comments is on": {"settings": {"fb_comments": True}},
    "auto_tweet is on": {"settings": {"auto_tweet": True}},
    "auto_fb_post is on": {"settings": {"auto_fb_post": ["page"]}},
    "auto_footer is on": {"settings": {"auto_footer": True}},
    "use_conversation is on": {"settings": {"use_conversation": True}},
    "timewarp is on": {"settings": {"timewarp": True}},
    "subject_line is not": {"settings": {"subject_line": "Other"}},
    "preview_text is not": {"settings": {"preview_text": "Other"}},
    "from_name is not": {"settings": {"from_name": "Other"}},
    "reply_to is not": {"settings": {"reply_to": "other@example.org"}},
    "of the kind variate": {"type": "variate"},
    "another part of the list": {"recipients": {"segment_opts": {"saved_segment_id": 5}}},
    "would reach nobody": {"recipients": {"recipient_count": 0}},
}


@pytest.mark.parametrize("said", BROKEN)
def test_each_difference_is_found(mailchimp: Provider, fake: FakeMailchimp, said: str) -> None:
    campaign, identity = prepared(mailchimp, fake)
    fake.person_sets(identity, **BROKEN[said])
    with pytest.raises(CheckFailed, match=said):
        raise CheckFailed("; ".join(f.what for f in mailchimp.check(campaign)))
    assert all(finding.advice for finding in mailchimp.check(campaign))


@pytest.mark.parametrize("name", ["opens", "html_clicks", "text_clicks"])
def test_silence_about_tracking_is_no_answer(mailchimp: Provider, fake: FakeMailchimp, name: str) -> None:
    campaign, identity = prepared(mailchimp, fake)
    del fake.campaigns[identity]["tracking"][name]
    assert any(name in finding.what for finding in mailchimp.check(campaign))


def test_another_list_is_found(mailchimp: Provider, fake: FakeMailchimp) -> None:
    campaign, identity = prepared(mailchimp, fake)
    fake.person_sets(identity, recipients={"list_id": "fff"})
    assert any("another list" in finding.what for finding in mailchimp.check(campaign))


@pytest.mark.parametrize("part", ["html", "plain_text"])
def test_other_content_is_found(mailchimp: Provider, fake: FakeMailchimp, part: str) -> None:
    campaign, identity = prepared(mailchimp, fake)
    fake.contents[identity][part] = fake.contents[identity][part].replace("new", "old")
    assert any("not the one that was written" in finding.what for finding in mailchimp.check(campaign))


def test_mailchimps_own_objections_are_passed_on_without_addresses(
    mailchimp: Provider, fake: FakeMailchimp, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, _ = prepared(mailchimp, fake)
    item = {
        "type": "error",
        "id": 1,
        "heading": "From",
        "details": "canary@leaks.example.org is not verified",
    }
    monkeypatch.setattr(fake, "_checklist", lambda _: {"is_ready": False, "items": [item]})
    found = mailchimp.check(campaign)
    assert [finding.what for finding in found] == ["Mailchimp objects: From: … is not verified"]
    monkeypatch.setattr(fake, "_checklist", lambda _: {"is_ready": False, "items": []})
    assert "not ready" in mailchimp.check(campaign)[0].what


def test_a_fresh_checklist_is_given_time(mailchimp: Provider, fake: FakeMailchimp, hands: Hands) -> None:
    from datetime import timedelta

    fake.unready = timedelta(seconds=10)
    campaign, _ = prepared(mailchimp, fake)
    assert mailchimp.check(campaign) == ()


def test_what_is_wrong_with_the_list_or_the_domain_is_found(mailchimp: Provider, fake: FakeMailchimp) -> None:
    campaign, _ = prepared(mailchimp, fake)
    fake.lists[LIST]["use_archive_bar"] = True
    fake.lists[LIST]["contact"]["address1"] = " "
    fake.domains[0]["authenticated"] = False
    said = " | ".join(finding.what for finding in mailchimp.check(campaign))
    assert "archive bar" in said
    assert "lacks address1" in said
    assert "not authenticated" in said
    fake.domains[0]["verified"] = False
    assert any("not verified" in finding.what for finding in mailchimp.check(campaign))
    fake.domains.clear()
    assert any("not verified" in finding.what for finding in mailchimp.check(campaign))


@pytest.mark.parametrize(
    ("count", "before", "fine"),
    [
        (100, None, True),
        (100, 100, True),
        (200, 100, True),
        (201, 100, False),
        (50, 100, True),
        (49, 100, False),
        (0, None, False),
        (None, None, False),
        (None, 100, False),
    ],
)
def test_the_number_of_recipients_stays_in_its_band(
    count: int | None, before: int | None, fine: bool
) -> None:
    assert (recipient_findings(count, before, least=0.5, most=2.0) == ()) is fine


def test_the_band_is_the_last_campaigns_and_can_be_set(fake: FakeMailchimp, hands: Hands) -> None:
    first, second = post("first"), post("second")
    run(provider(FakeWire(fake), hands, hands.sleep), [first], hands)
    hands.sleep(600)
    fake.members = 1_000
    with pytest.raises(CheckFailed, match=r"1,000 people, the last campaign reached 100 .*mailchimp\.most"):
        run(provider(FakeWire(fake), hands, hands.sleep), [first, second], hands)
    assert len(fake.sendings) == 1
    wide = MailchimpSettings(most=20)
    run(provider(FakeWire(fake), hands, hands.sleep, settings=wide), [first, second], hands)
    assert len(fake.sendings) == 2


def test_a_flag_that_is_switched_on_after_the_check_still_stops_the_sending(
    mailchimp: Provider, fake: FakeMailchimp
) -> None:
    campaign, identity = prepared(mailchimp, fake)
    assert mailchimp.check(campaign) == ()
    fake.person_sets(identity, tracking={"opens": True})
    with pytest.raises(CheckFailed, match="opens"):
        mailchimp.send(campaign)
    assert fake.sendings == []


def test_segments_are_told_apart() -> None:
    interest = Segment(group="aa", interest="bb")
    saved = Segment(saved=7)
    whole = Segment()
    options = {each: each.options() for each in (interest, saved, whole)}
    for one in options:
        for other, given in options.items():
            assert one.matches(given) is (one == other)
    assert whole.matches({"match": "any", "conditions": []})
    assert not whole.matches({"prebuilt_segment_id": "subscribers-female"})
    assert not saved.matches({"saved_segment_id": 7, "prebuilt_segment_id": "x"})
    two = interest.options()
    assert two is not None
    two["conditions"] = [*two["conditions"], *two["conditions"]]  # type: ignore[misc]
    assert not interest.matches(two)
    assert not replace(interest, interest="cc").matches(interest.options())
