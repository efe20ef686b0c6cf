"""Killed at any moment, a campaign goes on: nobody is left out, nobody gets a second copy without a person's word."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session

from pipeline.campaigns import EVERYBODY, CampaignState, Tally, campaign_id
from pipeline.ledger import DeliveryState
from pipeline.letters import Guise
from pipeline.planning import Item, Plan, Verdict
from pipeline.store import engine
from pipeline.store.tables import deliveries
from pipeline.subscribers.choices import Choices, sealed
from pipeline.subscribers.sealing import Sealer
from pipeline.subscribers.tokens import Tokens
from tests.builders import KEYRING, NOW, address, letter, person, post
from tests.kill.nursery import Request, embedded
from tests.sink import listening

_KILLS = int(os.environ.get("BELONGING_KILLS", "100"))
_PEOPLE = 120
_CAMPAIGN = campaign_id(EVERYBODY, "a")
_MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f]{32})@", re.MULTILINE)


@dataclass
class Office:
    """A mail server that remembers what it accepted, and may have a sender killed before that one learns of it."""

    accepted: Counter[str] = field(default_factory=Counter)  # by recipient
    ids: dict[str, set[str]] = field(default_factory=dict)  # Message-IDs by recipient
    looks: dict[str, set[tuple[str, bool]]] = field(default_factory=dict)  # subject, whether plain text only
    kill_after: int = 0  # messages from now; 0: never
    victim: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        found = _MESSAGE_ID.search(envelope.content)
        assert found is not None
        (recipient,) = envelope.rcpt_tos
        self.accepted[recipient] += 1
        self.ids.setdefault(recipient, set()).add(found[1].decode())
        message = message_from_bytes(envelope.content)
        look = (str(message["Subject"]), not message.is_multipart())
        self.looks.setdefault(recipient, set()).add(look)
        if self.kill_after:
            self.kill_after -= 1
            if not self.kill_after and self.victim:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.victim, signal.SIGKILL)
        return "250 OK"


class Nursery:
    """Where senders come from."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.nursery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def begin(self, folder: Path, *, port: int, connections: int = 1) -> int:
        request: Request = {
            "folder": str(folder),
            "campaign": _CAMPAIGN,
            "port": port,
            "connections": connections,
        }
        self._stdin.write(json.dumps(request) + "\n")
        self._stdin.flush()
        return int(self._stdout.readline())

    def ended(self) -> int:
        return int(self._stdout.readline())

    def close(self) -> None:
        self._stdin.close()
        self._process.wait(timeout=30)
        self._stdout.close()


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


def _begun(folder: Path, *, port: int) -> None:
    """Begin a campaign for some people."""
    folder.mkdir()
    provider = embedded(folder, port=port)
    provider.delivery.people.add([person(number, choices=_cell(number)) for number in range(_PEOPLE)])
    item = Item(post=post("a"), verdict=Verdict.MAIL)
    provider.accept(Plan(items=(item,), first_run=False, history_version=""))
    provider.allot(item, letter(Guise.OPEN), lambda guise, _: letter(guise))
    provider.prepare(item.post, letter(Guise.OPEN))


def _chosen(number: int) -> Choices:
    """Name what a reader chose: something else than the one before."""
    return Choices(guise=list(Guise)[number % 3], text=number % 2 == 1)


def _cell(number: int) -> bytes | None:
    return sealed(_chosen(number), Sealer(KEYRING), row=person(number).id)


def _tally(folder: Path) -> Tally:
    """Count; the tally itself asserts that the sums add up."""
    tally = embedded(folder, port=0).delivery.ledger.tally(_CAMPAIGN)
    assert tally.audience == _PEOPLE
    return tally


def _by_reader(folder: Path) -> dict[str, str]:
    """Look past the ledger at what is written about each reader."""
    store = engine.connect("sqlite:///list.sqlite", folder)
    with store.begin() as connection:
        rows = connection.execute(sa.select(deliveries.c["subscriber_id", "state"])).all()
    store.dispose()
    names = {person(number).id: address(number) for number in range(_PEOPLE)}
    return {names[row.subscriber_id]: row.state for row in rows}


def _agree(folder: Path, copies: Counter[str]) -> None:
    """Hold what is written about every single reader against what really left, whatever moment it is."""
    written = _by_reader(folder)
    assert len(written) == _PEOPLE
    allowed = {"accepted": {1}, "waiting": {0}, "claimed": {0}, "trying": {0, 1}, "unknown": {0, 1}}
    assert [s for reader, s in written.items() if copies[reader] not in allowed[s]] == []


def _state(folder: Path) -> CampaignState:
    campaign = embedded(folder, port=0).campaigns.campaign(_CAMPAIGN)
    assert campaign is not None
    return campaign.state


@dataclass
class Score:
    kills: int = 0
    unknown: int = 0
    campaigns: int = 0


def test_a_sender_killed_again_and_again_leaves_nobody_out_and_mails_nobody_twice(
    tmp_path: Path, nursery: Nursery
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    score = Score()
    while score.kills < _KILLS:
        folder = tmp_path / str(score.campaigns)
        office = Office()
        with listening(office) as port:
            _begun(folder, port=port)
            connections = chance.choice((1, 1, 3))
            _send_and_kill(folder, nursery, office, chance, score, port=port, connections=connections)
            _decide_and_end(folder, nursery, office, chance, port=port)
        score.campaigns += 1
    print(f"seed {seed}: {score}")  # noqa: T201 - shown with -s, and when the test fails


def _send_and_kill(
    folder: Path,
    nursery: Nursery,
    office: Office,
    chance: random.Random,
    score: Score,
    *,
    port: int,
    connections: int,
) -> None:
    """Kill and go on until everybody has an outcome, a dozen kills at the most for one campaign."""
    unknown = 0
    for kill in range(13):
        office.victim = victim = nursery.begin(folder, port=port, connections=connections)
        timer = None
        if kill < 12 and chance.random() < 0.5:
            office.kill_after = chance.randrange(1, 25)
        elif kill < 12:
            timer = threading.Timer(chance.uniform(0, 0.12), os.kill, (victim, signal.SIGKILL))
            timer.start()
        code = nursery.ended()
        office.victim = office.kill_after = 0
        if timer is not None:
            timer.cancel()
            timer.join()
        assert code in {0, -signal.SIGKILL}
        score.kills += code == -signal.SIGKILL
        tally = _tally(folder)
        _agree(folder, office.accepted)
        assert max(office.accepted.values(), default=0) <= 1, "a second copy that nobody asked for"
        assert tally.accepted <= sum(office.accepted.values())
        assert (
            tally.unknown <= unknown + connections
        )  # those of the sender before; this one's are still under way
        unknown = tally.unknown
        if code == 0 and not tally.open:
            break
    assert _tally(folder).open == 0
    assert _state(folder) is CampaignState.SENT
    score.unknown += unknown


def _decide_and_end(
    folder: Path, nursery: Nursery, office: Office, chance: random.Random, *, port: int
) -> None:
    """Send some of the unknown again, count the others as sent; then look at every single reader."""
    provider = embedded(folder, port=port)
    everybody = {f"{person}" for person in office.accepted}
    names = {person(number).id: address(number) for number in range(_PEOPLE)}
    waiting = {one.delivery_id: names[one.subscriber_id] for one in provider.delivery.ledger.unknown()}
    unknown = list(waiting)
    again = [identity for identity in unknown if chance.random() < 0.7]
    before = office.accepted.copy()
    missing = _PEOPLE - len(everybody)
    assert missing <= len(unknown), "somebody was left out and is not unknown"

    assert provider.delivery.ledger.decide(again, resend=True, now=NOW) == len(again)
    left = [identity for identity in unknown if identity not in again]
    assert provider.delivery.ledger.decide(left, resend=False, now=NOW) == len(left)
    nursery.begin(folder, port=port)
    assert nursery.ended() == 0

    assert sum(office.accepted.values()) - sum(before.values()) == len(again)
    more = office.accepted - before
    assert more == Counter(waiting[identity] for identity in again), "exactly those a person said"
    left_out = {reader for reader in names.values() if not office.accepted[reader]}
    assert left_out <= {waiting[identity] for identity in left}, "nobody, but by a person's word"
    assert all(len(ids) == 1 for ids in office.ids.values()), "a copy sent again is the same message"
    chosen = {address(number): _chosen(number) for number in range(_PEOPLE)}
    wrong = {
        who: looks for who, looks in office.looks.items() if looks != {(chosen[who].guise, chosen[who].text)}
    }
    assert wrong == {}, "each copy is as its reader chose"
    tally = _tally(folder)
    assert (tally.accepted, tally.open, tally.unknown) == (_PEOPLE, 0, 0)
    assert _state(folder) is CampaignState.SENT


def test_a_sender_killed_while_it_writes_a_mailbox_leaves_nobody_out(
    tmp_path: Path, nursery: Nursery
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    folder = tmp_path / "list"
    _begun(folder, port=0)
    tokens = Tokens(KEYRING.token)
    names = {tokens.message_id(_CAMPAIGN, person(n).id): address(n) for n in range(_PEOPLE)}
    copies: Counter[str] = Counter()
    kills = 0
    for run in range(11):
        victim = nursery.begin(folder, port=0)
        timer = threading.Timer(chance.uniform(0.01, 0.15), os.kill, (victim, signal.SIGKILL))
        if run < 10:
            timer.start()
        code = nursery.ended()
        timer.cancel()
        if run < 10:
            timer.join()
        kills += code == -signal.SIGKILL
        # Taken away, so that a second copy is a second file and not the first one written over.
        for file in (folder / "mail" / "new").glob("*"):
            assert file.stat().st_size > 500, "half a letter"
            copies[names[file.name.partition(".")[0]]] += 1
            file.unlink()
        _tally(folder)
        _agree(folder, copies)
    print(f"seed {seed}: {kills} kills")  # noqa: T201 - shown with -s, and when the test fails
    tally = _tally(folder)
    assert tally.open == 0
    assert tally.accepted + tally.unknown == _PEOPLE
    assert tally.unknown <= kills
    unknown = {reader for reader, state in _by_reader(folder).items() if state == DeliveryState.UNKNOWN}
    assert set(names.values()) - set(copies) <= unknown, "nobody is left out who is not unknown"


def test_two_senders_at_once_share_the_work_and_mail_nobody_twice(tmp_path: Path) -> None:
    office = Office()
    folder = tmp_path / "list"
    first, second = Nursery(), Nursery()
    try:
        with listening(office) as port:
            _begun(folder, port=port)
            first.begin(folder, port=port)
            second.begin(folder, port=port, connections=2)
            assert (first.ended(), second.ended()) == (0, 0)
    finally:
        first.close()
        second.close()
    tally = _tally(folder)
    assert (tally.accepted, tally.unknown, tally.open) == (_PEOPLE, 0, 0)
    assert office.accepted == Counter(dict.fromkeys(office.accepted, 1))
    assert len(office.accepted) == _PEOPLE


def test_one_of_two_senders_is_killed_and_the_other_finishes(tmp_path: Path) -> None:
    office = Office()
    folder = tmp_path / "list"
    first, second = Nursery(), Nursery()
    try:
        with listening(office) as port:
            _begun(folder, port=port)
            office.kill_after = 20
            office.victim = first.begin(folder, port=port)
            second.begin(folder, port=port)
            assert first.ended() in {0, -signal.SIGKILL}
            assert second.ended() == 0
            first.begin(folder, port=port)
            assert first.ended() == 0
    finally:
        first.close()
        second.close()
    tally = _tally(folder)
    assert tally.open == 0
    assert tally.accepted + tally.unknown == _PEOPLE
    assert tally.unknown <= 1
    assert max(office.accepted.values()) == 1
