"""Nobody learns from an answer whether an address is on the list: not from its words, nor from how long it took."""

from __future__ import annotations

import http.client
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.builders import NOW
from tests.service.people import unsubscribe_path
from tests.service.world import World, running

# Pairs of each kind. A long run takes as many as it needs to see a difference of a millisecond, and proves it.
LONG_RUN = "BELONGING_SOAK" in os.environ
PAIRS, MOST_PAIRS = (400, 8_000) if LONG_RUN else (80, 80)
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


def test_how_long_an_answer_takes_tells_nothing(busy: World) -> None:
    where = urlsplit(busy.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
    turn = 0

    def measure(pairs: int, times: dict[str, list[float]]) -> None:
        nonlocal turn
        for _ in range(pairs):
            turn += 1
            for kind in random.sample(KINDS, len(KINDS)):
                body = urlencode({"email": _address(kind, turn)})
                begun = time.perf_counter()
                connection.request(
                    "POST",
                    "/list/subscribe",
                    body=body,
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                )
                connection.getresponse().read()
                times.setdefault(kind, []).append(time.perf_counter() - begun)

    # One sample in a hundred differs by chance; what differs in three of three does not.
    differing = set(KINDS) - {"new"}
    for _ in range(3):
        times: dict[str, list[float]] = {}
        blind = True
        while blind and len(times.get("new", ())) < MOST_PAIRS:
            measure(PAIRS, times)
            blind = any(
                _signed_rank(times["new"], [second + 0.001 for second in times[kind]]) >= ALPHA
                for kind in differing
            )
        assert not (LONG_RUN and blind)
        differing = {kind for kind in differing if _signed_rank(times["new"], times[kind]) < ALPHA}
        if not differing:
            break
    connection.close()
    assert differing == set()


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
