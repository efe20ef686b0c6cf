"""Importing: taking over a list from elsewhere, with the wishes of everybody on it."""

from __future__ import annotations

import csv
import gc
import secrets
import sqlite3
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TextIO

from pipeline.batches import batches
from pipeline.clock import Clock
from pipeline.errors import BelongingError, KeyProblem
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.choices import read, sealed
from pipeline.subscribers.consent import Consent
from pipeline.subscribers.formats import Format, Row, Standing, recognise
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["IMPORTED", "ImportReport", "Importing", "Leaver", "TakeoverStore"]

IMPORTED = "import"  # what the path of a consent begins with that somebody else recorded
_BATCH = 20_000
_LINES = 100  # at most so many lines are named


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaver:
    """Somebody who must not be mailed, because they said so elsewhere or their mailbox is gone."""

    address_index: bytes
    suppression: bytes  # keyed hash
    standing: Standing  # LEFT, BOUNCED or COMPLAINED


class TakeoverStore(Protocol):
    """Keep those who are taken over. Every method is one transaction."""

    def known(self, indexes: Sequence[bytes]) -> Mapping[bytes, bool]:
        """Answer who is in the store already, and whether they confirmed here by themselves."""

    def suppressed(self, hashes: Sequence[bytes]) -> frozenset[bytes]:
        """Answer those of the hashes that are suppressed."""

    def take_over(
        self, people: Sequence[tuple[Subscriber, Consent]], leavers: Sequence[Leaver], now: datetime
    ) -> int:
        """Insert people whose address is not there yet, with their consents; answer how many were new.

        Leavers are suppressed, and off the list if they are on it, but for those who confirmed here by themselves.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportReport:
    """What an import did, or would do: numbers, and lines to look at; never an address."""

    format: str  # what the file was taken for
    read: int  # lines with something on them, without the header; the sum of all that follow
    added: int
    known: int  # on the list already, in whatever state, or twice in the file
    suppressed: int  # asked never to be mailed again
    left: int  # who left elsewhere: kept unmailed
    bounced: int  # whose mailbox is gone: kept unmailed
    complained: int  # kept unmailed
    own: int  # not to be mailed, says the file; but they confirmed here by themselves since
    not_confirmed: int  # the file says, or leaves open, that they never confirmed
    bad: int  # no address, or what they chose cannot be read
    bad_lines: tuple[int, ...]  # the first hundred of these


@dataclass(frozen=True, kw_only=True)
class Importing:
    """Take over lists."""

    people: TakeoverStore
    keyring: Keyring
    clock: Clock

    def csv(self, file: TextIO, *, dry: bool, never: bool = False) -> ImportReport:
        """Take over everybody in a CSV file whose first line names its columns.

        Streams: memory does not grow with the file. Each batch is one transaction, and importing a file twice is
        importing it once.

        Args:
            file: Read twice where it can be, so that one that breaks off half-way is refused before anybody is added.
            dry: Change nothing, only report.
            never: Everybody in the file left or must not be mailed, whatever its columns say.

        Raises:
            BelongingError: There is no column that looks like an address, or the file is no CSV.
        """
        if file.seekable() and not dry:
            for _ in _rows(file):
                pass
            file.seek(0)
        rows = _rows(file)
        found = recognise(next(rows, (1, [""]))[1])
        if found is None:
            raise BelongingError(
                "line 1 names no column for the address",
                advice="call one of its columns email, and put commas between them",
            )
        counts: Counter[str] = Counter()
        bad_lines: list[int] = []
        with closing(_Seen()) as seen, _seldom_collected():
            for batch in batches(rows, _BATCH):
                counts["read"] += len(batch)
                good = self._good(batch, found, bad_lines, counts, never=never)
                self._deal_with(good, found.name, counts, seen if dry else None)
        numbers = {name: counts[name] for name in _NUMBERS}
        return ImportReport(format=found.name, bad_lines=tuple(bad_lines), **numbers)

    def _good(
        self,
        batch: Iterable[tuple[int, list[str]]],
        found: Format,
        bad_lines: list[int],
        counts: Counter[str],
        *,
        never: bool,
    ) -> list[tuple[str, Row]]:
        """Answer the rows that say something about an address, and count the others."""
        good: list[tuple[str, Row]] = []
        for line, cells in batch:
            row = found.read(cells)
            standing = Standing.LEFT if never and row.standing in _MAY_STAY else row.standing
            if standing is Standing.UNCONFIRMED:
                counts["not_confirmed"] += 1
            elif (address := normalise(row.address)) is None or not _sound(row.choices):
                counts["bad"] += 1
                if len(bad_lines) < _LINES:
                    bad_lines.append(line)
            else:
                good.append(
                    (address, row if standing is row.standing else Row(address="", standing=standing))
                )
        return good

    def _deal_with(
        self, good: Sequence[tuple[str, Row]], source: str, counts: Counter[str], seen: _Seen | None
    ) -> None:
        sealer, now = Sealer(self.keyring), self.clock()
        identities = _random_identities(len(good))
        indexes = [self.keyring.address_index(address) for address, _ in good]
        hashes = [self.keyring.suppression_hash(address) for address, _ in good]
        known = self.people.known(indexes)
        barred = set(self.people.suppressed(hashes))
        before = seen.standings(indexes) if seen else {}
        people: list[tuple[Subscriber, Consent]] = []
        leavers: list[Leaver] = []
        here = dict(before)  # what this file said of somebody so far
        for (address, row), index, name, identity in zip(good, indexes, hashes, identities, strict=True):
            if row.standing is not Standing.SUBSCRIBED:
                if known.get(index):
                    counts["own"] += 1
                    continue
                leavers.append(Leaver(address_index=index, suppression=name, standing=row.standing))
                barred.add(name)
                here[index] = row.standing
                counts[row.standing.value] += 1
            elif name in barred or here.get(index, Standing.SUBSCRIBED) is not Standing.SUBSCRIBED:
                counts["suppressed"] += 1
            elif index in known or index in here:
                counts["known"] += 1
            else:
                here[index] = Standing.SUBSCRIBED
                counts["added"] += 1
                if seen is None:
                    people.append(
                        self._person(identity, address, index, row, source=source, sealer=sealer, now=now)
                    )
        if seen:
            seen.note(here)
        else:
            new = self.people.take_over(people, leavers, now)
            counts["known"] += len(people) - new  # somebody else was quicker
            counts["added"] -= len(people) - new

    def _person(
        self,
        identity: int,
        address: str,
        index: bytes,
        row: Row,
        *,
        source: str,
        sealer: Sealer,
        now: datetime,
    ) -> tuple[Subscriber, Consent]:
        given = row.given_at if row.given_at and row.given_at <= now else None
        person = Subscriber(
            id=identity,
            address=sealer.seal(address, column=ADDRESS, row=identity),
            address_index=index,
            state=SubscriberState.CONFIRMED,
            origin=Origin.IMPORTED,
            created_at=now,
            confirmed_at=given or now,
            choices=sealed(read(row.choices), sealer, row=identity) if row.choices else None,
        )
        # A list of our own knows how; of another one it is only known that it was there.
        path = row.how or f"{IMPORTED} from {source}" + ("" if given else "; the day is that of the import")
        consent = Consent(
            life=person.life,
            wording=row.wording or f"(The words are not known. Taken over from {source}.)",
            asked_at=row.asked_at if row.asked_at and given and row.asked_at <= given else None,
            given_at=given or now,
            path=path,
        )
        return person, consent


_MAY_STAY = frozenset({Standing.SUBSCRIBED, Standing.UNCONFIRMED})
_NUMBERS = (
    *("read", "added", "known", "suppressed", "left", "bounced", "complained", "own", "not_confirmed", "bad"),
)


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for cycles of objects seldom: rows make none, and looking for them takes an eighth of an import's time."""
    before = gc.get_threshold()
    gc.set_threshold(1_000_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _random_identities(number: int) -> list[int]:
    """Draw random numbers of 63 bits, many at once: one by one they would take a tenth of an import's time."""
    drawn = array("Q", secrets.token_bytes(8 * number))
    return [one >> 1 for one in drawn]


def _sound(choices: str) -> bool:
    try:
        return not choices or bool(read(choices))
    except KeyProblem:
        return False


class _Seen:
    """Whom a file named so far, by keyed hash, in a nameless temporary file: a dry run has no other memory."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -4000"):
            self._database.execute(f"PRAGMA {pragma}").close()
        self._database.execute("CREATE TABLE seen (name BLOB PRIMARY KEY, standing TEXT) WITHOUT ROWID")

    def standings(self, names: Sequence[bytes]) -> dict[bytes, Standing]:
        """Answer what was said of those who were named before."""
        found: dict[bytes, Standing] = {}
        for batch in batches(names, 500):
            marks = ",".join("?" * len(batch))
            rows = self._database.execute(
                f"SELECT name, standing FROM seen WHERE name IN ({marks})",  # noqa: S608 - marks alone
                batch,
            )
            found |= {name: Standing(standing) for name, standing in rows}
        return found

    def note(self, standings: Mapping[bytes, Standing]) -> None:
        """Note what was said."""
        self._database.execute("BEGIN")
        self._database.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", standings.items())
        self._database.execute("COMMIT")

    def close(self) -> None:
        """Forget it all."""
        self._database.close()


def _rows(file: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Read the rows that have something in them, each with the line it begins on, as an editor numbers them.

    Raises:
        BelongingError: What stands there cannot be CSV.
    """
    rows = csv.reader(file)
    line = 1
    try:
        for row in rows:
            if any(map(str.strip, row)):
                yield line, row
            line = rows.line_num + 1
    except csv.Error:
        raise BelongingError(
            f"line {line} is no line of a CSV file", advice="see whether a quotation mark is not closed there"
        ) from None
