"""The doctor for Mailchimp: everything at the account that has to be right before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.clock import Clock
from pipeline.errors import BelongingError
from pipeline.providers.mailchimp import readback
from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.remote import Account

__all__ = ["Look", "Outcome", "examine"]

_SKEW = timedelta(minutes=2)
_YOUNG = timedelta(days=90)


class Outcome(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One thing that was looked at."""

    name: str
    outcome: Outcome
    detail: str
    advice: str = ""


def examine(client: Mailchimp, audience: Audience, *, sender: str, clock: Clock) -> tuple[Look, ...]:
    """Look at everything; one thing that is wrong does not hide the next. Reads only.

    Args:
        client: The account.
        audience: Whom letters go to.
        sender: The address that they come from.
        clock: Tells the time here.
    """
    looks: tuple[tuple[str, Callable[[], Iterator[Look]]], ...] = (
        ("mailchimp key", lambda: _account(client.account(), clock())),
        ("mailchimp clock", lambda: _time(client.time(), clock())),
        ("mailchimp audience", lambda: _audience(client, audience)),
        ("mailchimp sender", lambda: _sender(client, sender)),
    )
    found: list[Look] = []
    for name, look in looks:
        try:
            found.extend(look())
        except BelongingError as error:
            found.append(Look(name=name, outcome=Outcome.ERROR, detail=error.message, advice=error.advice))
    return tuple(found)


def _account(account: Account, now: datetime) -> Iterator[Look]:
    yield Look(name="mailchimp key", outcome=Outcome.OK, detail="accepted, at the data centre it names")
    name = "mailchimp plan"
    if account.plan == "forever_free":
        yield Look(
            name=name,
            outcome=Outcome.WARNING,
            detail="free: Mailchimp redirects every link through its own servers although tracking is off,"
            " adds its badge to each letter, and does not schedule",
            advice="say so on the privacy page, or take a paid plan",
        )
    elif account.first_payment is not None and now - account.first_payment < _YOUNG:
        yield Look(
            name=name,
            outcome=Outcome.WARNING,
            detail="paid, but young: Mailchimp may redirect links through its own servers although tracking is off",
            advice="look at the links of a test letter (belonging send --test)",
        )
    else:
        yield Look(name=name, outcome=Outcome.OK, detail=account.plan.replace("_", " ") or "not said")


def _time(there: datetime | None, here: datetime) -> Iterator[Look]:
    name = "mailchimp clock"
    if there is None:
        yield Look(name=name, outcome=Outcome.WARNING, detail="Mailchimp does not say what time it is")
    elif abs(there - here) > _SKEW:
        seconds = int(abs(there - here).total_seconds())
        yield Look(
            name=name,
            outcome=Outcome.ERROR,
            detail=f"this machine's clock is {seconds} s away from Mailchimp's",
            advice="set it by NTP; what is due, and what was lost, is told by it",
        )
    else:
        yield Look(name=name, outcome=Outcome.OK, detail="agrees with Mailchimp's")


def _audience(client: Mailchimp, audience: Audience) -> Iterator[Look]:
    name = "mailchimp audience"
    mailing_list = client.mailing_list(audience.list.id)
    yield Look(
        name=name, outcome=Outcome.OK, detail=f"{audience.describe()}, {mailing_list.members:,} people"
    )
    if mailing_list.double_optin:
        yield Look(name="mailchimp double opt-in", outcome=Outcome.OK, detail="on")
    else:
        yield Look(
            name="mailchimp double opt-in",
            outcome=Outcome.ERROR,
            detail="off: anybody can put anybody on the list",
            advice="Audience → Settings → Audience name and defaults: enable double opt-in",
        )
    findings = readback.list_findings(mailing_list)
    for finding in findings:
        yield Look(name=name, outcome=Outcome.ERROR, detail=finding.what, advice=finding.advice)
    if not findings:
        yield Look(name="mailchimp archive bar", outcome=Outcome.OK, detail="off")
        yield Look(name="mailchimp postal address", outcome=Outcome.OK, detail="complete")


def _sender(client: Mailchimp, sender: str) -> Iterator[Look]:
    name = "mailchimp sender"
    findings = readback.sender_findings(sender, client.domains())
    for finding in findings:
        yield Look(name=name, outcome=Outcome.ERROR, detail=finding.what, advice=finding.advice)
    if not findings:
        domain = sender.rpartition("@")[2]
        yield Look(name=name, outcome=Outcome.OK, detail=f"{domain} is verified and authenticated")
