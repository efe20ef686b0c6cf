"""What the operator does with the list: add people, import them, count them."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TextIO

from pipeline.batches import batches
from pipeline.clock import Clock
from pipeline.errors import BelongingError
from pipeline.subscribers import Origin, Subscriber, SubscriberState, SubscriberStore
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["SAMPLES", "ImportReport", "Joining"]

SAMPLES = ("ada@example.org", "bo@example.com", "cem@example.org")
_BATCH = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did: numbers, and lines to look at; never an address."""

    read: int  # lines with something on them, without the header
    added: int
    known: int  # on the list already, in whatever state, or twice in the file
    suppressed: int  # asked never to be mailed again
    not_confirmed: int  # the file says that they left or never confirmed
    bad_lines: tuple[int, ...]  # the first hundred lines that hold no address
    bad: int


@dataclass(frozen=True, kw_only=True)
class Joining:
    """Bring people onto the list."""

    people: SubscriberStore
    keyring: Keyring
    clock: Clock

    def add(self, address: str, *, origin: Origin = Origin.ADDED) -> bool:
        """Add one person who has agreed; tell whether they are new.

        Raises:
            BelongingError: It is no address, or its owner asked never to be mailed again.
        """
        normal = normalise(address)
        if normal is None:
            raise BelongingError(
                "that is not an e-mail address that mail can reach",
                advice="write one like somebody@example.org",
            )
        if self.people.suppressed([self.keyring.suppression_hash(normal)]):
            raise BelongingError(
                "this person asked not to be mailed again", advice="only they themselves can come back"
            )
        return self.people.add([self._subscriber(normal, origin, Sealer(self.keyring))]) == 1

    def add_samples(self) -> int:
        """Add three made-up readers, so that a fresh clone has somebody to write to."""
        sealer = Sealer(self.keyring)
        return self.people.add([self._subscriber(sample, Origin.SAMPLE, sealer) for sample in SAMPLES])

    def import_csv(self, file: TextIO) -> ImportReport:
        """Add everybody in a CSV file with a header that names a column for the address.

        Streams: memory does not grow with the file. A column called status or state that says anything but
        subscribed, confirmed or active keeps its row out.

        Raises:
            BelongingError: There is no column that looks like an address.
        """
        rows = csv.reader(file)
        header = [cell.strip().lower() for cell in next(rows, [])]
        column = next((i for i, name in enumerate(header) if name in _ADDRESS_COLUMNS), None)
        if column is None:
            raise BelongingError(
                "line 1 names no column for the address",
                advice=f"call one of its columns {_ADDRESS_COLUMNS[0]}",
            )
        status = next((i for i, name in enumerate(header) if name in _STATUS_COLUMNS), None)
        return self._import(_lines(rows), column, status)

    def _import(self, rows: Iterable[tuple[int, list[str]]], column: int, status: int | None) -> ImportReport:
        sealer = Sealer(self.keyring)
        read = added = suppressed = not_confirmed = bad = 0
        bad_lines: list[int] = []
        for batch in batches(rows, _BATCH):
            addresses: list[str] = []
            for line, row in batch:
                read += 1
                if status is not None and len(row) > status and row[status].strip().lower() not in _CONFIRMED:
                    not_confirmed += 1
                elif (address := normalise(row[column]) if len(row) > column else None) is None:
                    bad += 1
                    if len(bad_lines) < 100:
                        bad_lines.append(line)
                else:
                    addresses.append(address)
            hashes = {address: self.keyring.suppression_hash(address) for address in addresses}
            barred = self.people.suppressed(list(set(hashes.values())))
            welcome = [address for address in addresses if hashes[address] not in barred]
            suppressed += len(addresses) - len(welcome)
            added += self.people.add([self._subscriber(a, Origin.IMPORTED, sealer) for a in welcome])
        return ImportReport(
            read=read,
            added=added,
            known=read - added - suppressed - not_confirmed - bad,
            suppressed=suppressed,
            not_confirmed=not_confirmed,
            bad_lines=tuple(bad_lines),
            bad=bad,
        )

    def _subscriber(self, address: str, origin: Origin, sealer: Sealer) -> Subscriber:
        identity = secrets.randbits(63)
        now = self.clock()
        return Subscriber(
            id=identity,
            address=sealer.seal(address, column=ADDRESS, row=identity),
            address_index=self.keyring.address_index(address),
            state=SubscriberState.CONFIRMED,
            origin=origin,
            created_at=now,
            confirmed_at=now,
        )


_ADDRESS_COLUMNS = ("email", "email address", "e-mail", "address", "email_address")
_STATUS_COLUMNS = ("status", "state", "email_status", "member status")
_CONFIRMED = frozenset({"subscribed", "confirmed", "active", "enabled", "true", "yes", ""})


def _lines(rows: _Rows) -> Iterator[tuple[int, list[str]]]:
    """Number the rows as an editor numbers the file's lines; leave out empty ones."""
    for row in rows:
        if any(cell.strip() for cell in row):
            yield rows.line_num, row


class _Rows(Protocol):
    """What csv.reader answers."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
