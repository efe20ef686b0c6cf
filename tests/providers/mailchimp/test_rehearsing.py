"""What the test against a real account does, against the fake: so that its code is known to run, and to tidy up."""

from __future__ import annotations

import contextlib

import pytest
from pydantic import SecretStr

from pipeline.errors import DeliveryError
from pipeline.providers import Finding
from pipeline.providers.mailchimp.wire import SessionWire
from tests.builders import Hands
from tests.providers.mailchimp.fake import SENDER, FakeMailchimp
from tests.providers.mailchimp.rehearsing import rehearse
from tests.providers.mailchimp.server import Mishap, Server

ME = "me@example.org"


def run(server: Server, wire: SessionWire, hands: Hands) -> list[Finding]:
    return list(rehearse(wire, server.base, "Belonging", SENDER, SecretStr(ME), hands, hands.sleep))


def test_a_draft_is_tried_and_nothing_of_it_stays(
    server: Server, wire: SessionWire, fake: FakeMailchimp, hands: Hands
) -> None:
    assert run(server, wire, hands) == []
    assert [to for _, to in fake.tests] == [(ME,)]
    assert fake.sendings == []
    assert fake.campaigns == {}


def test_what_is_wrong_with_the_account_is_told(
    server: Server, wire: SessionWire, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.domains[0]["authenticated"] = False
    (finding,) = run(server, wire, hands)
    assert "not authenticated" in finding.what


@pytest.mark.parametrize("mishap", [Mishap.DEATH, Mishap.DEATH_AFTER, Mishap.EMPTY_403])
@pytest.mark.parametrize("call", range(2, 14, 3))
def test_whatever_goes_wrong_nothing_stays(  # noqa: PLR0917
    server: Server, wire: SessionWire, fake: FakeMailchimp, hands: Hands, mishap: Mishap, call: int
) -> None:
    server.mishaps = {call: mishap}
    with contextlib.suppress(DeliveryError):
        run(server, wire, hands)
    assert fake.sendings == []
    assert fake.campaigns == {}
