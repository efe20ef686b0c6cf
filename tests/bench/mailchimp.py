"""What a campaign at Mailchimp costs in requests and time, and how fast sign-ups can be passed on."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import SecretStr

from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.people import MailchimpPeople
from pipeline.providers.mailchimp.wire import SessionWire
from pipeline.settings import MailchimpSettings
from tests.bench.figures import Figure
from tests.builders import Hands, address, post
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.running import begin, provider, run
from tests.providers.mailchimp.server import serving

__all__ = ["MEASURES"]

_ANSWER = 0.1  # seconds that the server takes for an answer, as a service far away does
_SIGN_UPS = 1_000


def mailchimp_campaign(_: Path) -> list[Figure]:
    hands = Hands()
    fake = FakeMailchimp(hands, strict=False)
    begin(fake)
    with serving(fake) as server:
        server.slow = _ANSWER
        start, before = hands.now, time.perf_counter()
        wire = SessionWire(SecretStr(KEY))
        run(provider(wire, hands, hands.sleep, base=server.base), [post("new")], hands)
        took = time.perf_counter() - before
        waited = (hands.now - start).total_seconds()
        calls = server.number
    ours = (took - calls * _ANSWER) / calls
    return [
        Figure(
            what=f"Mailchimp: one campaign, answers after {_ANSWER * 1000:.0f} ms",
            value=f"{calls} requests, {took + waited:.1f} s",
            ratio=f"{waited:.0f} s of it waiting on purpose, {ours * 1000:.1f} ms ours a request",
        )
    ]


def mailchimp_sign_ups(_: Path) -> list[Figure]:
    hands = Hands()
    fake = FakeMailchimp(hands, strict=False)
    with serving(fake) as server:
        client = Mailchimp(wire=SessionWire(SecretStr(KEY)), base=server.base, sleep=time.sleep)
        people = MailchimpPeople(client=client, audience=Audience(client, MailchimpSettings()))
        _ = people.audience.list
        server.slow = _ANSWER
        before = time.perf_counter()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: people.subscribe(SecretStr(address(n))), range(_SIGN_UPS)))
        took = time.perf_counter() - before
    ideal = _SIGN_UPS * _ANSWER / 4
    return [
        Figure(
            what=f"Mailchimp: {_SIGN_UPS:,} sign-ups passed on, at most 4 at once",
            value=f"{took:.1f} s, {_SIGN_UPS / took:.0f} a second",
            ratio=f"{took / ideal:.2f} × what four connections allow; most at once {server.most_open}",
        )
    ]


MEASURES = (mailchimp_campaign, mailchimp_sign_ups)
