"""Against a real account, from draft to test letter, and tidied up. Runs only where somebody asks for it:

    BELONGING_MAILCHIMP_LIVE=1 MAILCHIMP_API_KEY=… BELONGING_MAILCHIMP_AUDIENCE="Try-outs" \
    BELONGING_MAILCHIMP_FROM=letters@your-domain BELONGING_MAILCHIMP_TEST=you@your-domain \
        .venv/bin/pytest tests/providers/mailchimp/test_live.py -s

Use an audience of your own that nobody else is on. Nothing but test letters is sent.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace

from pydantic import SecretStr

from pipeline.clock import system_clock
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.client import BASE, Mailchimp, data_centre
from pipeline.providers.mailchimp.content import essence
from pipeline.providers.mailchimp.drafts import marker
from pipeline.providers.mailchimp.wire import SessionWire
from pipeline.settings import MailchimpSettings, SenderSettings
from tests.builders import post
from tests.providers.mailchimp.running import letter_of


def test_from_draft_to_test_letter() -> None:
    key = SecretStr(os.environ["MAILCHIMP_API_KEY"])
    wire = SessionWire(key)
    base = BASE.format(data_centre(key))
    client = Mailchimp(wire=wire, base=base, sleep=time.sleep)
    mailchimp = MailchimpList(
        client=client,
        settings=MailchimpSettings(audience=os.environ["BELONGING_MAILCHIMP_AUDIENCE"]),
        sender=SenderSettings(name="Belonging", address=os.environ["BELONGING_MAILCHIMP_FROM"]),
        clock=system_clock,
        sleep=time.sleep,
    )
    now = system_clock()
    tried = replace(post(f"live-{now:%Y%m%d%H%M%S}"), date=now, body="<p>*A try.* <b>|FNAME|</b></p>")
    letter = letter_of(tried)
    mark = marker(mailchimp.audience.list.id, tried.id)
    made: list[str] = []
    try:
        campaign = mailchimp.prepare(tried, letter)
        assert campaign.id == mark
        made = [each.id for each in client.campaigns(mailchimp.audience.list.id) if mark in each.title]
        assert len(made) == 1
        for finding in mailchimp.check(campaign):
            print(f"finding: {finding.what} — {finding.advice}")  # noqa: T201 - the person who runs this reads it
        standing = client.content(made[0])
        same = essence(standing.html) == essence(
            letter.html.replace("*|LIST:ADDRESSLINE|*", "*|HTML:LIST_ADDRESS_HTML|*")
        )
        assert same, "Mailchimp has changed the HTML"
        mailchimp.test(tried, letter, SecretStr(os.environ["BELONGING_MAILCHIMP_TEST"]))
        again = client.campaign(made[0])
        assert again is not None
        assert not again.status.past_draft
    finally:
        for identity in made:
            reply = wire("DELETE", f"{base}/campaigns/{identity}", query={}, body=None, once=True)
            assert reply.status in {204, 404}
