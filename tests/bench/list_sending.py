"""How fast the embedded list freezes, composes and sends."""

from __future__ import annotations

import mailbox
import secrets
import smtplib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from time import perf_counter

from pipeline.batches import batches
from pipeline.campaigns import EVERYBODY, CampaignState, campaign_id
from pipeline.digests import Pace
from pipeline.letters import Edition, Guise, Letter
from pipeline.mail.composing import PLACEHOLDER, Composer, Composers, Envelope
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.senders import Sender
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Transport
from pipeline.planning import Item, Plan, Verdict
from pipeline.providers.allotting import Allotter
from pipeline.settings import Security, SmtpSettings
from pipeline.store import engine
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.people import People
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.choices import Choices, sealed
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Purpose, Tokens
from tests.bench.figures import Figure, seconds
from tests.bench.planning import posts
from tests.sink import listening

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_KEYRING = Keyring.derive(b"\x01" * 32)
_URL = f"https://belonging.example.org/list/unsubscribe/{PLACEHOLDER}"
LETTER = Letter(
    subject="Nobody heals alone",
    preheader="And nobody has to.",
    html=f"<h1>Nobody heals alone</h1>{'<p>And nobody has to.</p>' * 900}<a href='{_URL}'>Leave</a>",
    text=f"Nobody heals alone\n\n{'And nobody has to. ' * 4}\n\nLeave: {_URL}\n",
)
ENVELOPE = Envelope(
    campaign_id="0" * 16,
    sender_name="Belonging",
    sender_address="letters@belonging.example.org",
    reply_to="",
    list_name="Belonging",
    site_url="https://belonging.example.org",
    unsubscribe_url=_URL,
    unsubscribe_mailto="",
)


def clock() -> datetime:
    return _NOW


def fill(folder: Path, number: int, part: int = 0) -> tuple[People, SqlCampaigns, SqlDeliveries]:
    """Make a list with so many confirmed subscribers, of whom one in so many chose anything; 0: nobody."""
    store = engine.connect("sqlite:///list.sqlite", folder)
    people = People(store)
    sealer = Sealer(_KEYRING)

    def everybody() -> Iterator[Subscriber]:
        for i in range(number):
            identity = secrets.randbits(63)
            address = f"reader.{i}@example.org"
            yield Subscriber(
                id=identity,
                address=sealer.seal(address, column=ADDRESS, row=identity),
                address_index=_KEYRING.address_index(address),
                state=SubscriberState.CONFIRMED,
                origin=Origin.IMPORTED,
                created_at=_NOW,
                confirmed_at=_NOW,
                choices=chosen(i, identity, part),
            )

    for batch in batches(everybody(), 5_000):
        people.add(batch)
    return people, SqlCampaigns(store), SqlDeliveries(store)


def planned(campaigns: SqlCampaigns) -> str:
    """Begin one campaign."""
    post = posts(1)[0]
    item = Item(post=post, verdict=Verdict.MAIL)
    campaigns.accept(Plan(items=(item,), first_run=False, history_version=""), _NOW)
    return campaign_id(EVERYBODY, post.id)


def freeze(folder: Path) -> list[Figure]:
    figures: list[Figure] = []
    for part, who in ((0, "nobody"), (5, "one in five"), (1, "everybody")):
        inner = folder / str(part)
        inner.mkdir()
        figures += _freeze(inner, 100_000, part, who)
    return figures


def chosen(number: int, row: int, part: int) -> bytes | None:
    """Make the choices of one person, of whom one in so many chose anything; 0: nobody did."""
    if not part or number % part:
        return None
    guise, pace = list(Guise)[number % 3], list(Pace)[number % 7 == 0]
    paces = ((_NOW - timedelta(days=1), pace),) if pace is not Pace.EACH else ()
    return sealed(Choices(guise=guise, text=number % 2 == 0, paces=paces), Sealer(_KEYRING), row=row)


def _freeze(folder: Path, number: int, part: int, who: str) -> list[Figure]:
    _, campaigns, _ = fill(folder, number, part)
    identity = planned(campaigns)
    letter = posts(1)[0]
    allotter = Allotter(Sealer(_KEYRING), letter, None, lambda _guise, _digest: LETTER)
    begin = perf_counter()
    frozen = campaigns.freeze(identity, LETTER, _NOW, samples=False, allotment=allotter)
    taken = perf_counter() - begin
    bare = sqlite3.connect(folder / "list.sqlite")
    bare.execute("CREATE TABLE copy AS SELECT * FROM deliveries WHERE 0")
    begin = perf_counter()
    bare.execute("INSERT INTO copy SELECT * FROM deliveries")
    bare.commit()
    reference = perf_counter() - begin
    bare.close()
    return [
        Figure(
            what=f"freeze an audience of {number:,}, of whom {who} chose anything; {frozen:,} get the letter",
            value=f"{number / taken:,.0f} people/s",
            ratio=f"{taken / reference:.1f} × copying the rows in SQLite without indexes",
        )
    ]


def compose(_: Path) -> list[Figure]:
    number = 20_000
    composer = Composer(LETTER, ENVELOPE)
    tokens = Tokens(_KEYRING.token)
    sealer = Sealer(_KEYRING)
    address = sealer.seal("reader@example.org", column=ADDRESS, row=7)

    def ours() -> None:
        for i in range(number):
            composer.compose(
                to=sealer.open(address, column=ADDRESS, row=7),
                message_id=tokens.message_id("0" * 16, i),
                date=_NOW,
                token=tokens.make(Purpose.UNSUBSCRIBE, i, 1),
            )

    def one_by_one() -> None:
        for i in range(100):
            message = EmailMessage(policy=SMTP)
            message["To"] = f"reader.{i}@example.org"
            message["Subject"] = LETTER.subject
            message.set_content(LETTER.text)
            message.add_alternative(LETTER.html, subtype="html")
            message.as_bytes()

    taken = seconds(ours, runs=3) / number
    reference = seconds(one_by_one, runs=3) / 100
    return [
        Figure(
            what="compose, address opened and token made, one core",
            value=f"{1 / taken:,.0f} messages/s",
            ratio=f"{reference / taken:.0f} × as many as email.message one by one",
        )
    ]


def deliver(folder: Path, number: int, transport: Transport) -> float:
    """Send one campaign to so many people; answer the seconds that the delivery loop took."""
    people, campaigns, deliveries = fill(folder, number)
    identity = planned(campaigns)
    campaigns.freeze(identity, LETTER, _NOW, samples=False)
    campaigns.move(identity, CampaignState.SENDING, _NOW)
    delivery = Delivery(
        ledger=deliveries,
        people=people,
        transport=transport,
        keyring=_KEYRING,
        clock=clock,
        lease=timedelta(minutes=5),
    )
    begin = perf_counter()
    with Sender(folder / "senders") as sender:
        delivery.run(identity, Composers([Edition(guise=Guise.OPEN, letter=LETTER)], ENVELOPE), sender)
    taken = perf_counter() - begin
    tally = deliveries.tally(identity)
    assert tally.accepted == number, tally
    return taken


def maildir(folder: Path) -> list[Figure]:
    number = 3_000
    taken = deliver(folder, number, Maildir(folder / "mail"))
    composer = Composer(LETTER, ENVELOPE)
    content = composer.compose(
        to="reader@example.org", message_id="0" * 32, date=_NOW, token="A" * 36
    ).content
    box = mailbox.Maildir(str(folder / "reference"))
    begin = perf_counter()
    for _ in range(500):
        box.add(content)
    reference = (perf_counter() - begin) / 500
    return [
        Figure(
            what="deliver into a Maildir, ledger and fsync included",
            value=f"{number / taken:,.0f} letters/s",
            ratio=f"{taken / number / reference:.1f} × the time of mailbox.Maildir.add, which has no ledger",
        )
    ]


class _Sink:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - the library's name
        return "250 OK"


def smtp(folder: Path) -> list[Figure]:
    number = 2_000
    figures = []
    with listening(_Sink()) as port:
        composer = Composer(LETTER, ENVELOPE)
        content = composer.compose(
            to="reader@example.org", message_id="0" * 32, date=_NOW, token="A" * 36
        ).content
        with smtplib.SMTP("127.0.0.1", port) as server:
            begin = perf_counter()
            for _ in range(500):
                server.sendmail("letters@belonging.example.org", ["reader@example.org"], content)
            reference = (perf_counter() - begin) / 500
        for connections in (1, 4):
            inner = folder / str(connections)
            inner.mkdir()
            settings = SmtpSettings(
                host="127.0.0.1", port=port, security=Security.NONE, connections=connections
            )
            taken = deliver(inner, number, Smtp(settings, hello="belonging.example.org"))
            figures.append(
                Figure(
                    what=f"send to a local SMTP sink, {connections} connection(s), ledger included",
                    value=f"{number / taken:,.0f} messages/s",
                    ratio=f"{taken / number / reference:.1f} × the time of smtplib.sendmail alone",
                )
            )
    return figures


MEASURES = (freeze, compose, maildir, smtp)
