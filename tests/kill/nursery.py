"""Processes to be killed: python -m tests.kill.nursery.

One JSON request a line; for each a process is forked that has everything loaded already, and its number is answered.
It goes on sending one campaign and ends. When it has ended, however it did, its exit code is answered.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, TypedDict

from pipeline.clock import system_clock
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Transport
from pipeline.providers.embedded import EmbeddedList
from pipeline.settings import LetterSettings, ListSettings, Security, SenderSettings, SmtpSettings
from pipeline.store import engine
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.people import People
from tests.builders import KEYRING

__all__ = ["Request", "embedded"]


class Request(TypedDict):
    """What a process is to do."""

    folder: str  # with list.sqlite
    campaign: str
    port: int  # of the mail server; 0: into a Maildir
    connections: int


def embedded(folder: Path, *, port: int, connections: int = 1) -> EmbeddedList:
    """Wire the embedded list as the pipeline does."""
    store = engine.connect("sqlite:///list.sqlite", folder)
    smtp = SmtpSettings(
        host="127.0.0.1", port=port or 25, security=Security.NONE, connections=connections, timeout_seconds=20
    )
    transport: Transport = Smtp(smtp, hello="belonging.example.org") if port else Maildir(folder / "mail")
    return EmbeddedList(
        campaigns=SqlCampaigns(store),
        delivery=Delivery(
            ledger=SqlDeliveries(store),
            people=People(store),
            transport=transport,
            keyring=KEYRING,
            clock=system_clock,
            lease=timedelta(minutes=5),  # nobody may have to wait for it: the dead are known at once
        ),
        settings=ListSettings(),
        letter_settings=LetterSettings(name="Belonging"),
        sender_settings=SenderSettings(name="Belonging", address="letters@belonging.example.org"),
        site_url="https://belonging.example.org",
        senders=folder / "senders",
    )


def _child(request: Request) -> NoReturn:
    code = 1
    try:
        provider = embedded(Path(request["folder"]), port=request["port"], connections=request["connections"])
        campaign = provider.campaigns.campaign(request["campaign"])
        assert campaign is not None
        provider.send(campaign)
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, the process ends with 1
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve() -> None:
    gc.freeze()
    for line in sys.stdin:
        request: Request = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(request)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
