"""Faults at every call, one and two runners, with and without a ledger: never twice, never tracked, never forgotten.

A schedule is a seed. It says how many posts there are, which requests go wrong and how, how long people wait before
they run it again, and, with two runners, who goes first each time. Afterwards everything works again, and what was to
be mailed has to have been mailed, once.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from greenlet import getcurrent, greenlet

from pipeline.errors import BelongingError
from pipeline.planning import Decisions, Plan, Verdict
from pipeline.posts import Post
from pipeline.providers.mailchimp.drafts import mark_of, marker
from tests.builders import NOW, Hands, post
from tests.providers.mailchimp.fake import LIST, FakeMailchimp
from tests.providers.mailchimp.running import (
    POLICY,
    DictLedger,
    Died,
    FakeWire,
    Fault,
    begin,
    provider,
    run,
)

SCHEDULES = int(os.environ.get("BELONGING_SCHEDULES", "5200"))
PARTS = 8
WAITING = replace(POLICY, provider_waits=True)
CALLS = 22  # requests of a run in which nothing goes wrong, and some more


def attempt(
    posts: Sequence[Post],
    hands: Hands,
    ledger: DictLedger | None,
    wire: FakeWire,
    sleep: Callable[[float], object],
) -> bool:
    """Run once; tell whether it came to its end."""
    try:
        run(provider(wire, hands, sleep, ledger=ledger), posts, hands)
    except (Died, BelongingError):
        return False
    return True


def verify(fake: FakeMailchimp, posts: Sequence[Post], *, done: bool) -> None:
    sent = Counter(mark.marker for sending in fake.sendings if (mark := mark_of(sending.title)))
    wanted = Counter(marker(LIST, each.id) for each in posts)
    assert sent == wanted if done else sent <= wanted
    for sending in fake.sendings:
        assert not any(sending.tracking.values())
        assert "*|UNSUB|*" in sending.html


def finish(
    fake: FakeMailchimp, posts: Sequence[Post], hands: Hands, ledger: DictLedger | None, rng: random.Random
) -> None:
    """Let faults stop, and look whether anything was forgotten."""
    fake.lag = timedelta()
    for _ in range(4):
        hands.sleep(rng.choice((200, 900)))
        if attempt(posts, hands, ledger, FakeWire(fake), hands.sleep):
            break
    verify(fake, posts, done=True)


def world(rng: random.Random) -> tuple[FakeMailchimp, list[Post], Hands, DictLedger | None]:
    hands = Hands()
    fake = FakeMailchimp(hands, strict=False, unready=timedelta(seconds=rng.choice((0, 3))))
    begin(fake)
    ledger = DictLedger() if rng.random() < 0.5 else None
    return (
        fake,
        [post(f"new{n}", date=NOW - timedelta(minutes=n + 1)) for n in range(rng.choice((1, 1, 2)))],
        hands,
        ledger,
    )


def one_runner(faults: dict[int, Fault], rng: random.Random) -> None:
    fake, posts, hands, ledger = world(rng)
    wire = FakeWire(fake, faults)
    for _ in range(6):
        if wire.calls > max(faults):
            break
        attempt(posts, hands, ledger, wire, hands.sleep)
        verify(fake, posts, done=False)
        hands.sleep(rng.choice((0, 1, 10, 60, 300)))
    finish(fake, posts, hands, ledger, rng)


def two_runners(rng: random.Random) -> None:
    """Let two runs take turns: at each request, and at each pause, the other one may go first."""
    fake, posts, hands, shared = world(rng)
    hub = getcurrent()
    wakes: dict[greenlet, float] = {}

    def pause(seconds: float) -> None:
        hub.switch(seconds)

    def runner(faults: dict[int, Fault]) -> Callable[[], None]:
        wire = FakeWire(fake, faults, before=lambda: pause(rng.choice((0, 0, 0.2, 1, 5, 30))))
        # With a ledger, the two share a disk, or only one of them has one.
        ledger = shared if rng.random() < 0.7 else None

        def go() -> None:
            pause(rng.choice((0, 0, 1, 10)))
            attempt(posts, hands, ledger, wire, pause)

        return go

    for _ in range(2):
        faults = {rng.randrange(CALLS): rng.choice(list(Fault)) for _ in range(rng.choice((0, 1, 1, 2)))}
        wakes[greenlet(runner(faults))] = 0.0
    start = hands.now
    while wakes:
        earliest = min(wakes.values())
        chosen = rng.choice([each for each, wake in wakes.items() if wake == earliest])
        hands.now = start + timedelta(seconds=earliest)
        waits = chosen.switch()
        if chosen.dead:
            del wakes[chosen]
        else:
            wakes[chosen] = earliest + waits
        verify(fake, posts, done=False)
    finish(fake, posts, hands, shared, rng)


def moving(faults: dict[int, Fault], rng: random.Random) -> None:
    """Schedule, then let the writer choose another time; faults fall anywhere into both."""
    fake, posts, hands, ledger = world(rng)
    wire = FakeWire(fake, faults)
    first, then = (
        [replace(each, mail_at=NOW + timedelta(hours=hours)) for each in posts]
        for hours in (24, rng.choice((20, 30)))
    )

    def go(wanted: Sequence[Post], wire: FakeWire, **released: Decisions) -> Plan | None:
        mailchimp = provider(wire, hands, hands.sleep, ledger=ledger)
        try:
            return run(mailchimp, wanted, hands, policy=WAITING, **released)  # type: ignore[arg-type]
        except (Died, BelongingError):
            return None

    for wanted in (first, then):
        for _ in range(3):
            made = go(wanted, wire)
            hands.sleep(rng.choice((1, 60, 300)))
            if made is not None:
                break
    fake.lag = timedelta()
    for _ in range(4):
        hands.sleep(300)
        made = go(then, FakeWire(fake))
        if made is not None and (held := made.of(Verdict.HELD)):
            # A death in one certain moment looks like a person's hand. Then somebody is asked, and says so.
            assert all("took it back" in item.reason for item in held)
            made = go(
                then,
                FakeWire(fake),
                decisions=Decisions(release=frozenset(item.post.id for item in held)),
            )
        if made is not None:
            break
    assert fake.sendings == []
    hands.now = NOW + timedelta(days=3)
    fake.settle()
    go(then, FakeWire(fake))
    verify(fake, posts, done=True)
    assert {sending.due for sending in fake.sendings} == {each.mail_at for each in then}


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_each_fault_at_each_call_while_a_time_is_moved(fault: Fault) -> None:
    for number in range(CALLS * 2 + 12):
        moving({number: fault}, random.Random(f"moving {number}"))


@pytest.mark.parametrize("part", range(PARTS))
def test_several_faults_while_a_time_is_moved(part: int) -> None:
    for seed in range(part, SCHEDULES // 10, PARTS):
        rng = random.Random(f"moving {seed}")
        moving({rng.randrange(CALLS * 3): rng.choice(list(Fault)) for _ in range(rng.choice((2, 3)))}, rng)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_each_fault_at_each_call(fault: Fault) -> None:
    for number in range(CALLS):
        for seed in range(2):
            one_runner({number: fault}, random.Random(f"{number} {seed}"))


@pytest.mark.parametrize("part", range(PARTS))
def test_several_faults_in_one_runner(part: int) -> None:
    for seed in range(part, SCHEDULES // 2, PARTS):
        rng = random.Random(f"one {seed}")
        faults = {rng.randrange(CALLS * 2): rng.choice(list(Fault)) for _ in range(rng.choice((2, 2, 3, 4)))}
        one_runner(faults, rng)


@pytest.mark.parametrize("part", range(PARTS))
def test_two_runners(part: int) -> None:
    for seed in range(part, SCHEDULES // 2, PARTS):
        two_runners(random.Random(f"two {seed}"))
