"""How many people a second the list service takes in, alone and while a campaign leaves from the same store."""

from __future__ import annotations

import http.client
import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import urlencode, urlsplit

from pipeline.batches import batches
from pipeline.campaigns import CampaignState
from pipeline.letters import Edition, Guise
from pipeline.mail.composing import Composers
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.senders import Sender
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.wiring import Project
from tests.bench.figures import Figure
from tests.bench.list_sending import ENVELOPE, LETTER, planned
from tests.service.test_web_command import web
from tests.service.world import ROOT, settings_text

_PEOPLE = 30_000  # more than are mailed while it is measured
_BROWSERS = 8
_SECONDS = 10.0


def _clock() -> datetime:
    return datetime.now(UTC)


def _project(folder: Path) -> Project:
    return Project(root=folder, environment={}, clock=_clock, sleep=sleep)


def child(folder: Path) -> None:
    """Mail everybody on the list, as the delivery loop does; say when it begins."""
    project = _project(folder)
    campaigns, deliveries = SqlCampaigns(project.engine), SqlDeliveries(project.engine)
    identity = planned(campaigns)
    campaigns.freeze(identity, LETTER, _clock(), samples=False)
    campaigns.move(identity, CampaignState.SENDING, _clock())
    delivery = Delivery(
        ledger=deliveries,
        people=project.people,
        transport=Maildir(folder / "letters"),
        keyring=project.keyring,
        clock=_clock,
        lease=timedelta(minutes=5),
    )
    sys.stdout.write("begins\n")
    sys.stdout.flush()
    with Sender(folder / "senders") as sender:
        delivery.run(identity, Composers([Edition(guise=Guise.OPEN, letter=LETTER)], ENVELOPE), sender)


def _fill(project: Project) -> None:
    sealer, now = Sealer(project.keyring), _clock()

    def everybody() -> Iterator[Subscriber]:
        for number in range(_PEOPLE):
            identity = secrets.randbits(63)
            address = f"reader.{number}@lists.example.com"
            yield Subscriber(
                id=identity,
                address=sealer.seal(address, column=ADDRESS, row=identity),
                address_index=project.keyring.address_index(address),
                state=SubscriberState.CONFIRMED,
                origin=Origin.IMPORTED,
                created_at=now,
                confirmed_at=now,
            )

    for batch in batches(everybody(), 5_000):
        project.people.add(batch)


def _load(url: str, word: str) -> list[float]:
    """Ask to join from several browsers at once for some seconds; answer how long each answer took."""
    where = urlsplit(url)
    end = perf_counter() + _SECONDS
    times: list[float] = []

    def ask(browser: int) -> None:
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        number = 0
        while perf_counter() < end:
            number += 1
            body = urlencode({"email": f"{word}-{browser}-{number}@lists.example.com"})
            begun = perf_counter()
            connection.request("POST", "/list/subscribe", body=body, headers=kind)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            times.append(perf_counter() - begun)
        connection.close()

    threads = [threading.Thread(target=ask, args=(browser,)) for browser in range(_BROWSERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(times)


@contextmanager
def _sending(folder: Path) -> Iterator[None]:
    """Mail a campaign in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.signing_up", str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begins\n"
        yield
        assert process.poll() is None, "everybody was mailed before the end of the measurement"
        process.kill()


def sign_ups(folder: Path) -> list[Figure]:
    """Measure sign-ups a second, how long one in a hundred waits, and memory."""
    limits = {"per_source": 10**6, "per_hour": 10**8}
    (folder / "newsletter.toml").write_text(settings_text(**limits), encoding="utf-8")
    (folder / "pelicanconf.py").touch()
    (folder / "theme").symlink_to(ROOT / "theme")
    project = _project(folder)
    _fill(project)
    project.engine.dispose()
    with web(folder, folder / "log.txt") as (process, url):
        alone = _load(url, "alone")
        with _sending(folder):
            beside = _load(url, "beside")
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    memory = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    mailed = len(list((folder / "letters" / "new").iterdir()))

    def late(times: list[float]) -> float:
        return times[len(times) * 99 // 100] * 1000

    return [
        Figure(
            what=f"sign-ups, {_BROWSERS} browsers at once",
            value=f"{len(alone) / _SECONDS:,.0f} a second",
            ratio=f"99 in 100 answered within {late(alone):.0f} ms",
        ),
        Figure(
            what=f"the same while a campaign leaves ({mailed / _SECONDS:,.0f} letters/s)",
            value=f"{len(beside) / _SECONDS:,.0f} a second",
            ratio=f"99 in 100 within {late(beside):.0f} ms; {len(beside) / len(alone):.2f} × alone",
        ),
        Figure(what="peak memory of the service meanwhile", value=f"{memory / 1024:.0f} MB"),
    ]


MEASURES = (sign_ups,)

if __name__ == "__main__":
    child(Path(sys.argv[1]))
