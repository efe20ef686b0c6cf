"""Nobody learns from an answer whether an address is on the list: not from its words, nor from how long it took."""

from __future__ import annotations

import http.client
import itertools
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from pipeline.subscribers.membership import Wish
from pipeline.subscribers.signing_up import Form, Reply, SigningUp
from tests.builders import NOW
from tests.service.people import unsubscribe_path
from tests.service.world import World, running

# Rounds, in each of which every kind asks once: so many pairs of requests for every pair of kinds. The long run is
# long enough to see a millisecond, and proves it.
LONG_RUN = "BELONGING_SOAK" in os.environ
ROUNDS = 2_000 if LONG_RUN else 60
SEEN = 0.001 if LONG_RUN else 0.05  # seconds
ALPHA = 0.01
KINDS = ("new", "known", "unconfirmed", "left", "suppressed", "malformed")


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[World]:
    """The service with its worker at work, and people in every state."""
    with running(tmp_path, per_source=10**6, per_hour=10**6) as made:
        for address in ("known0000@lists.example.com", "left0000@lists.example.com"):
            made.confirmed(address)
        made.client.post(unsubscribe_path(made, "left0000@lists.example.com"))
        made.ask("unconfirmed0000@lists.example.com")
        barred = made.project.keyring.suppression_hash("suppressed0000@lists.example.com")
        made.project.people.suppress([barred], "erased", NOW)
        with made.made.worker.running():
            yield made


def _address(kind: str, turn: int) -> str:
    if kind == "malformed":
        return f"mal..formed{turn:04}@lists.example.com"
    return f"{kind}{turn if kind == 'new' else 0:04}@lists.example.com"


def test_all_answers_are_the_same_to_the_byte(busy: World) -> None:
    for path in ("/list/subscribe", "/list/rights"):
        answers = [
            busy.client.post(path, data={"email": _address(kind, turn)})
            for turn in range(3)
            for kind in KINDS
        ]
        told = {
            (
                answer.status_code,
                answer.content,
                tuple((name, value) for name, value in answer.headers.raw if name != b"date"),
            )
            for answer in answers
        }
        assert len(told) == 1
        assert answers[0].status_code == 200


@dataclass
class Asking:
    """Ask on one connection, as everybody in turn and in an order of chance, and see that all are told the same."""

    connection: http.client.HTTPConnection
    turn: int = 0
    told: set[tuple[object, ...]] = field(default_factory=set)

    def rounds(self, number: int) -> dict[str, list[float]]:
        """Answer how long each answer took, by kind."""
        times: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(number):
            self.turn += 1
            for kind in random.sample(KINDS, len(KINDS)):
                body = urlencode({"email": _address(kind, self.turn)})
                headers = {"Content-Type": "application/x-www-form-urlencoded"}
                begun = time.perf_counter()
                self.connection.request("POST", "/list/subscribe", body=body, headers=headers)
                answer = self.connection.getresponse()
                content = answer.read()
                times[kind].append(time.perf_counter() - begun)
                said = tuple((name, value) for name, value in answer.getheaders() if name != "date")
                self.told.add((answer.status, content, said))
        return times


@pytest.fixture
def asking(busy: World) -> Iterator[Asking]:
    where = urlsplit(busy.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    yield Asking(connection)
    connection.close()


def _differing(times: dict[str, list[float]]) -> set[tuple[str, str]]:
    return {
        (one, other)
        for one, other in itertools.combinations(KINDS, 2)
        if _signed_rank(times[one], times[other]) < ALPHA
    }


def test_how_long_an_answer_takes_tells_nothing(asking: Asking) -> None:
    # One pair in a hundred differs by chance; what differs in three of three does not.
    differing = _differing(asking.rounds(ROUNDS))
    for _ in range(2):
        if differing:
            differing &= _differing(asking.rounds(ROUNDS))
    assert differing == set()
    assert len(asking.told) == 1


def test_a_little_more_time_for_who_is_on_the_list_would_be_seen(
    asking: Asking, busy: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = SigningUp.receive

    def slower(self: SigningUp, wish: Wish, form: Form, **more: Any) -> Reply:
        if form.email.startswith("known"):
            time.sleep(SEEN)
        return receive(self, wish, form, **more)

    monkeypatch.setattr(SigningUp, "receive", slower)
    # The long run sees it at once; the short one, on a machine busy with other tests, in one of three looks.
    unseen = {pair for pair in itertools.combinations(KINDS, 2) if "known" in pair}
    for _ in range(1 if LONG_RUN else 3):
        unseen -= _differing(asking.rounds(ROUNDS if LONG_RUN else 25))
        if not unseen:
            break
    assert unseen == set()


def _signed_rank(first: Sequence[float], second: Sequence[float]) -> float:
    """Tell how likely such a difference between pairs is by chance (Wilcoxon 1945, normal approximation)."""
    differences = sorted((a - b for a, b in zip(first, second, strict=True)), key=abs)
    count = len(differences)
    above = sum(rank for rank, value in enumerate(differences, start=1) if value > 0)
    mean, deviation = count * (count + 1) / 4, math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    return math.erfc(abs(above - mean) / deviation / math.sqrt(2))


def test_the_statistic_sees_what_it_has_to_see() -> None:
    dice = random.Random(8058)
    same = [dice.lognormvariate(-5, 0.4) for _ in range(400)]
    other = [dice.lognormvariate(-5, 0.4) for _ in range(400)]
    assert _signed_rank(same, other) > ALPHA
    assert _signed_rank(same, [value + 0.002 for value in other]) < ALPHA
