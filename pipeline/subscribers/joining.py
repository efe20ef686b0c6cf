"""What the operator does with the list: add people, import them, count them."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

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

        Streams: memory does not grow with the file. Where there is a column called status or state, only those
        rows are taken that say subscribed, confirmed or active in it.

        Raises:
            BelongingError: There is no column that looks like an address, or the file is no CSV; where it can be
                read twice, nobody was added then.
        """
        if file.seekable():
            for _ in _rows(file):
                pass
            file.seek(0)
        rows = _rows(file)
        header = [cell.strip().lower() for cell in next(rows, (1, []))[1]]
        column = next((i for i, name in enumerate(header) if name in _ADDRESS_COLUMNS), None)
        if column is None:
            raise BelongingError(
                "line 1 names no column for the address",
                advice=f"call one of its columns {_ADDRESS_COLUMNS[0]}, and put commas between them",
            )
        status = next((i for i, name in enumerate(header) if name in _STATUS_COLUMNS), None)
        return self._import(rows, column, status)

    def _import(self, rows: Iterable[tuple[int, list[str]]], column: int, status: int | None) -> ImportReport:
        sealer = Sealer(self.keyring)
        read = added = suppressed = not_confirmed = bad = 0
        bad_lines: list[int] = []
        for batch in batches(rows, _BATCH):
            addresses: list[str] = []
            for line, row in batch:
                read += 1
                if status is not None and _cell(row, status).lower() not in _CONFIRMED:
                    not_confirmed += 1
                elif (address := normalise(_cell(row, column))) is None:
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
_CONFIRMED = frozenset({"subscribed", "confirmed", "active", "enabled", "true", "yes"})


def _cell(row: Sequence[str], column: int) -> str:
    return row[column].strip() if column < len(row) else ""


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Read the rows that have something in them, each with the line it begins on, as an editor numbers them.

    Raises:
        BelongingError: What stands there cannot be CSV.
    """
    rows = csv.reader(file)
    line = 1
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error:
        raise BelongingError(
            f"line {line} is no line of a CSV file", advice="see whether a quotation mark is not closed there"
        ) from None
