"""A fake Mailchimp behind a real server, and ways to reach it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.wire import SessionWire
from tests.builders import Hands
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.running import begin
from tests.providers.mailchimp.server import Server, serving

# Asks for a real account; see what stands at its top.
collect_ignore = [] if os.environ.get("BELONGING_MAILCHIMP_LIVE") == "1" else ["test_live.py"]


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def fake(hands: Hands) -> FakeMailchimp:
    made = FakeMailchimp(hands)
    begin(made)
    return made


@pytest.fixture
def server(fake: FakeMailchimp) -> Iterator[Server]:
    with serving(fake) as running:
        yield running


@pytest.fixture
def wire() -> SessionWire:
    return SessionWire(SecretStr(KEY), timeout=(5, 10))


@pytest.fixture
def client(server: Server, wire: SessionWire, hands: Hands) -> Mailchimp:
    return Mailchimp(wire=wire, base=server.base, sleep=hands.sleep)
