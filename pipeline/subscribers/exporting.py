"""Exporting: the list as a CSV file, to be taken elsewhere with what everybody on it agreed to."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TextIO

from pipeline.errors import KeyProblem
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.choices import Choices, opened, written
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.formats import EXPORTED, guarded
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["ExportReport", "ExportStore", "Exporting"]

_BATCH = 1_000


class ExportStore(Protocol):
    """Keep people, and show them one after the other."""

    def after(self, identity: int, *, most: int) -> Sequence[tuple[Subscriber, Consent | None]]:
        """Answer the next people by id, and what they agreed to for their present subscription."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportReport:
    """What an export holds."""

    exported: int
    unconfirmed: int  # left out: they never agreed
    unreadable: int  # left out: what is sealed about them does not open


@dataclass(frozen=True, kw_only=True)
class Exporting:
    """Write the list."""

    people: ExportStore
    keyring: Keyring

    def csv(self, file: TextIO) -> ExportReport:
        """Write everybody but the made-up readers and those who never confirmed. Streams."""
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(EXPORTED)
        sealer, last = Sealer(self.keyring), -1
        exported = unconfirmed = unreadable = 0
        while batch := self.people.after(last, most=_BATCH):
            for person, consent in batch:
                last = person.id
                if person.origin is Origin.SAMPLE:
                    continue
                if person.state is SubscriberState.PENDING:
                    unconfirmed += 1
                    continue
                try:
                    address = sealer.open(person.address, column=ADDRESS, row=person.id)
                    chosen = opened(person.choices, sealer, row=person.id)
                except KeyProblem:
                    unreadable += 1
                    continue
                writer.writerow(guarded(cell) for cell in _cells(address, person, consent, chosen))
                exported += 1
        return ExportReport(exported=exported, unconfirmed=unconfirmed, unreadable=unreadable)


def _cells(address: str, person: Subscriber, consent: Consent | None, chosen: Choices) -> tuple[str, ...]:
    return (
        address,
        person.state.value,
        _moment(consent.asked_at if consent else None),
        _moment(consent.given_at if consent else person.confirmed_at),
        consent.path if consent else "",
        consent.wording if consent else "",
        written(chosen),
    )


def _moment(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
