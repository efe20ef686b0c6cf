"""From a draft to a test letter, and tidied up: the same against a real account and against the fake."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from pydantic import SecretStr

from pipeline.clock import Clock
from pipeline.providers import Finding
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.content import essence
from pipeline.providers.mailchimp.drafts import marker
from pipeline.providers.mailchimp.wire import Wire
from pipeline.settings import MailchimpSettings, SenderSettings
from tests.builders import post
from tests.providers.mailchimp.running import letter_of

__all__ = ["rehearse"]


def rehearse(  # noqa: PLR0917
    wire: Wire,
    base: str,
    audience: str,
    sender: str,
    to: SecretStr,
    clock: Clock,
    sleep: Callable[[float], object],
) -> Sequence[Finding]:
    """Write a draft, compare it, send a test of it, delete it; answer what was found wrong with the account."""
    client = Mailchimp(wire=wire, base=base, sleep=sleep)
    mailchimp = MailchimpList(
        client=client,
        settings=MailchimpSettings(audience=audience),
        sender=SenderSettings(name="Belonging", address=sender),
        clock=clock,
        sleep=sleep,
    )
    now = clock()
    tried = replace(post(f"live-{now:%Y%m%d%H%M%S}"), date=now, body="<p>*A try.* <b>|FNAME|</b></p>")
    letter = letter_of(tried)
    list_id = mailchimp.audience.list.id
    mark = marker(list_id, tried.id)

    def ours() -> set[str]:
        return {each.id for each in client.campaigns(list_id) if mark in each.title}

    made: set[str] = set()
    try:
        campaign = mailchimp.prepare(tried, letter)
        assert campaign.id == mark
        made = ours()
        (identity,) = made
        found = mailchimp.check(campaign)
        wanted = letter.html.replace("*|LIST:ADDRESSLINE|*", "*|HTML:LIST_ADDRESS_HTML|*")
        same = essence(client.content(identity).html) == essence(wanted)
        assert same, "Mailchimp has changed the HTML"
        mailchimp.test(tried, letter, to)
        again = client.campaign(identity)
        assert again is not None
        assert not again.status.past_draft
        return found
    finally:
        for identity in made | ours():
            reply = wire("DELETE", f"{base}/campaigns/{identity}", query={}, body=None, once=True)
            assert reply.status in {204, 404}
