"""How much memory a campaign takes, at 100,000 and at 1,000,000 subscribers: one process each, its own peak."""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.campaigns import CampaignState
from pipeline.letters import Edition, Guise
from pipeline.mail.composing import Composers
from pipeline.mail.delivery import Delivery
from pipeline.mail.senders import Sender
from pipeline.mail.transport import Accepted, Message, Outcome
from pipeline.store import engine
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.people import People
from pipeline.subscribers.keys import Keyring
from tests.bench.figures import Figure

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_DELIVERED = 3_000  # enough to see whether memory goes on growing


class _Nowhere:
    """Takes letters and keeps nothing; stops after some."""

    leaves_machine = False
    connections = 1

    def __init__(self) -> None:
        self.taken = 0

    def open(self) -> _Nowhere:
        return self

    def send(self, _: Message) -> Outcome:
        self.taken += 1
        return Accepted()

    def close(self) -> None:
        pass

    def probe(self) -> None:
        pass

    def describe(self) -> str:
        return "nowhere"


def child(folder: Path) -> None:
    """Freeze, then deliver some, in a list that is there; print the peak in MB."""
    from tests.bench.list_sending import ENVELOPE, LETTER, planned

    store = engine.connect("sqlite:///list.sqlite", folder)
    campaigns, deliveries = SqlCampaigns(store), SqlDeliveries(store)
    identity = planned(campaigns)
    campaigns.freeze(identity, LETTER, _NOW, samples=False)
    campaigns.move(identity, CampaignState.SENDING, _NOW)
    nowhere = _Nowhere()
    delivery = Delivery(
        ledger=deliveries,
        people=People(store),
        transport=nowhere,
        keyring=Keyring.derive(b"\x01" * 32),
        clock=lambda: _NOW,
        lease=timedelta(minutes=5),
    )
    with Sender(folder / "senders") as sender:
        delivery.run(
            identity,
            Composers([Edition(guise=Guise.OPEN, letter=LETTER)], ENVELOPE),
            sender,
            stop=lambda: nowhere.taken >= _DELIVERED,
        )
    deliveries.tally(identity)
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def memory(folder: Path) -> list[Figure]:
    from tests.bench.list_sending import fill

    figures = []
    for number in (100_000, 1_000_000):
        inner = folder / str(number)
        inner.mkdir()
        fill(inner, number)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.memory", str(inner)],
            capture_output=True,
            text=True,
            check=True,
        )
        figures.append(
            Figure(
                what=f"peak memory, freeze and deliver, {number:,} subscribers",
                value=f"{float(done.stdout):.0f} MB",
                ratio="" if not figures else f"first: {figures[0].value}",
            )
        )
    return figures


MEASURES = (memory,)

if __name__ == "__main__":
    child(Path(sys.argv[1]))
