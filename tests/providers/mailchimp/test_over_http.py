"""The whole algorithm over a real server: the faults that a network really has, at every call."""

from __future__ import annotations

import random

import pytest
from pydantic import SecretStr

from pipeline.errors import BelongingError
from pipeline.providers.mailchimp.wire import SessionWire
from tests.builders import NOW, Hands, post
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.running import begin, provider, run
from tests.providers.mailchimp.server import Mishap, serving
from tests.providers.mailchimp.test_schedules import verify

CALLS = 20
SAMPLE = [m for m in Mishap if m not in {Mishap.STALL, Mishap.STALL_AFTER}]


def schedule(mishaps: dict[int, Mishap], *, patience: float = 10) -> None:
    hands = Hands()
    fake = FakeMailchimp(hands)
    begin(fake)
    posts = [post("new", date=NOW)]
    with serving(fake) as server:
        server.mishaps = mishaps
        for _ in range(5):
            wire = SessionWire(SecretStr(KEY), timeout=(5, patience))
            try:
                run(provider(wire, hands, hands.sleep, base=server.base), posts, hands)
            except BelongingError:
                verify(fake, posts, done=False)
                hands.sleep(200)
            else:
                break
    verify(fake, posts, done=True)


@pytest.mark.parametrize("seed", range(60))
def test_mishaps_of_a_network(seed: int) -> None:
    rng = random.Random(seed)
    schedule({rng.randrange(CALLS): rng.choice(SAMPLE) for _ in range(rng.choice((1, 2, 3)))})


@pytest.mark.parametrize("mishap", [Mishap.STALL, Mishap.STALL_AFTER])
@pytest.mark.parametrize("call", [6, 17])
def test_answers_that_do_not_come_in_time(mishap: Mishap, call: int) -> None:
    schedule({call: mishap}, patience=0.5)
