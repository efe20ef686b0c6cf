"""A run that says all it can: python -m tests.mail.canary FOLDER PORT ENDING, the address on standard input.

All loggers speak at their loudest into a file, temporary files go into the folder, and the run ends as it is told:
well, by an error nobody foresaw (with its traceback in the log), or not at all, so that it can be killed.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path

from pipeline.campaigns import EVERYBODY, CampaignState, campaign_id
from pipeline.clock import system_clock
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Message, Outcome, Session, Transport
from pipeline.planning import Item, Plan, Verdict
from pipeline.providers.embedded import EmbeddedList
from pipeline.settings import LetterSettings, ListSettings, Security, SenderSettings, SmtpSettings
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.engine import connect
from pipeline.store.people import People
from pipeline.subscribers.joining import Joining
from tests.builders import KEYRING, letter, post

__all__ = ["CAMPAIGN"]

CAMPAIGN = campaign_id(EVERYBODY, "a")


class Ending:
    """A transport that breaks, or hangs, when the first message is about to be handed over."""

    def __init__(self, inner: Transport, ending: str) -> None:
        self.leaves_machine, self.connections = inner.leaves_machine, inner.connections
        self._inner, self._ending = inner, ending

    def open(self) -> Session:
        self._session = self._inner.open()
        return self

    def send(self, message: Message) -> Outcome:
        logging.debug("handing over %s, %r", message, [message])
        if self._ending == "crash":
            raise ZeroDivisionError(repr(message))
        outcome = self._session.send(message)
        if self._ending == "hang":
            (Path(sys.argv[1]) / "hanging").touch()
            time.sleep(60)
        return outcome

    def close(self) -> None:
        self._session.close()

    def probe(self) -> None:
        self._inner.probe()

    def describe(self) -> str:
        return self._inner.describe()


def main() -> None:
    """Add the address, if it is new, and send the campaign."""
    folder, port, ending = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    logging.basicConfig(filename=folder / "log", level=logging.DEBUG)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool", "alembic"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    store = connect("sqlite:///var/list.sqlite", folder)
    people = People(store)
    joining = Joining(keyring=KEYRING, people=people, clock=system_clock)
    joining.add(sys.stdin.read())
    smtp = SmtpSettings(host="127.0.0.1", port=port or 25, security=Security.NONE)
    way: Transport = Smtp(smtp, hello="belonging.example.org") if port else Maildir(folder / "letters")
    provider = EmbeddedList(
        campaigns=SqlCampaigns(store),
        delivery=Delivery(
            ledger=SqlDeliveries(store),
            people=people,
            transport=Ending(way, ending),
            keyring=KEYRING,
            clock=system_clock,
            lease=timedelta(minutes=5),
        ),
        settings=ListSettings(service_url="https://belonging.example.org/list"),
        letter_settings=LetterSettings(name="Belonging"),
        sender_settings=SenderSettings(name="Belonging", address="letters@belonging.example.org"),
        site_url="https://belonging.example.org",
        senders=folder / "var" / "senders",
    )
    if not provider.history(()).begun:
        item = Item(post=post("a"), verdict=Verdict.MAIL)
        provider.accept(Plan(items=(item,), first_run=True, history_version=""))
    campaign = provider.prepare(post("a"), letter())
    logging.debug("%r %r %r", provider, campaign, provider.check(campaign))
    try:
        provider.send(campaign)
    except ZeroDivisionError:
        logging.exception("crashed with %r", provider)
        (folder / "traceback").write_text(traceback.format_exc(), encoding="utf-8")
        raise
    if campaign.state is not CampaignState.SENT:
        logging.debug("%r", provider.reports())
    store.dispose()


if __name__ == "__main__":
    main()
