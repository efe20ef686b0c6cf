"""What a campaign at Mailchimp costs in requests and time, and how fast sign-ups can be passed on."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.people import MailchimpPeople
from pipeline.providers.mailchimp.wire import SessionWire
from pipeline.settings import MailchimpSettings
from pipeline.store.arrivals import SqlArrivals
from pipeline.store.engine import connect
from pipeline.store.hosted import SqlGuests, SqlPassage
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.hosting import Relay
from pipeline.subscribers.limits import address_limit
from pipeline.subscribers.membership import Arrival, Wish
from tests.bench.figures import Figure
from tests.builders import KEYRING, Hands, address, person, post
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.running import begin, provider, run
from tests.providers.mailchimp.server import serving

__all__ = ["MEASURES"]

_ANSWER = 0.1  # seconds that the server takes for an answer, as a service far away does
_SIGN_UPS = 1_000
_WEEK = timedelta(days=7)


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


def mailchimp_sign_ups(folder: Path) -> list[Figure]:
    hands = Hands()
    fake = FakeMailchimp(hands, strict=False)
    engine = connect("sqlite:///list.sqlite", folder)
    guests, arrivals = SqlGuests(engine, hands), SqlArrivals(engine)
    for number in range(_SIGN_UPS):
        arrival = Arrival(id=number, wish=Wish.JOIN, address=b"-", path="site", received_at=hands())
        arrivals.put(arrival, (), hands())
        limit = address_limit(KEYRING, Wish.JOIN, address(number), most=1, window=_WEEK)
        pending = person(number, state=SubscriberState.PENDING)
        guests.ask(arrival, pending, limit, hands(), hands() + _WEEK)
    with serving(fake) as server:
        client = Mailchimp(wire=SessionWire(SecretStr(KEY)), base=server.base, sleep=time.sleep)
        people = MailchimpPeople(client=client, audience=Audience(client, MailchimpSettings()))
        relay = Relay(passage=SqlPassage(engine), hosted=people, keyring=KEYRING, clock=hands)
        server.slow = _ANSWER
        before = time.perf_counter()
        while relay.work():
            pass
        took = time.perf_counter() - before
    engine.dispose()
    assert len(fake.confirmations) == _SIGN_UPS
    ideal = _SIGN_UPS * _ANSWER / 4
    return [
        Figure(
            what=f"Mailchimp: {_SIGN_UPS:,} sign-ups passed on from the queue, at most 4 at once",
            value=f"{took:.1f} s, {_SIGN_UPS / took:.0f} a second",
            ratio=f"{took / ideal:.2f} × what four connections allow; most at once {server.most_open}",
        )
    ]


MEASURES = (mailchimp_campaign, mailchimp_sign_ups)
