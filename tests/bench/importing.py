"""How fast a list is imported, and in how much memory: a hundred thousand rows and a million, one process each."""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from pipeline.store import engine
from pipeline.store.people import People
from pipeline.subscribers.importing import Importing
from pipeline.subscribers.keys import Keyring
from tests.bench.figures import Figure

_KEYRING = Keyring.derive(b"\x01" * 32)
_ROWS = (100_000, 1_000_000)
_HEADER = "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,LEID,EUID,TAGS\n"


def child(file: Path, *, dry: bool) -> None:
    """Import one file; print wall time and CPU time in seconds, and the peak in MB."""
    store = engine.connect("sqlite:///list.sqlite", file.parent)
    importing = Importing(people=People(store), keyring=_KEYRING, clock=lambda: datetime.now(UTC))
    wall, cpu = time.perf_counter(), time.process_time()
    with file.open(encoding="utf-8", newline="") as text:
        report = importing.csv(text, dry=dry)
    taken = time.perf_counter() - wall, time.process_time() - cpu
    assert report.added == report.read
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps([*taken, peak]))


def import_(folder: Path) -> list[Figure]:
    """Measure the dry run and the real one."""
    figures = []
    for number in _ROWS:
        inner = folder / str(number)
        inner.mkdir()
        file = inner / "people.csv"
        with file.open("w", encoding="utf-8") as text:
            text.write(_HEADER)
            for n in range(number):
                text.write(
                    f"reader.{n}@example.org,Some,3,2018-02-05 19:28:23,2018-02-05 19:28:23,{n},{n:x},\n"
                )
        for dry in (True, False):
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.importing", str(file), "dry" * dry],
                capture_output=True,
                text=True,
                check=True,
            )
            wall, cpu, peak = json.loads(done.stdout)
            figures.append(
                Figure(
                    what=f"import {number:,} rows{', dry' if dry else ''}",
                    value=f"{number / wall:,.0f} rows/s",
                    ratio=f"{number / cpu:,.0f} rows per second of CPU; {peak:.0f} MB at most"
                    + ("" if dry else f"; {wall / _plainly(inner, number):.1f} × the rows alone in SQLite"),
                )
            )
    return figures


def _plainly(folder: Path, number: int) -> float:
    """Take the time that SQLite alone needs for the same rows in the same tables."""
    store = sqlite3.connect(folder / "list.sqlite", isolation_level=None)
    people, given = (store.execute(f"SELECT * FROM {name}") for name in ("subscribers", "consents"))
    engine.connect("sqlite:///other.sqlite", folder).dispose()
    other = sqlite3.connect(folder / "other.sqlite", isolation_level=None)
    other.execute("INSERT INTO wordings SELECT 'x', ''")
    begin = time.perf_counter()
    for _ in range(0, number, 10_000):
        for rows, name in ((people, "subscribers"), (given, "consents")):
            batch = rows.fetchmany(10_000)
            marks = ",".join("?" * len(batch[0]))
            other.execute("BEGIN IMMEDIATE")
            other.executemany(f"INSERT INTO {name} VALUES ({marks})", batch)
            other.execute("COMMIT")
    taken = time.perf_counter() - begin
    store.close()
    other.close()
    return taken


import_.__name__ = "import"  # as it is asked for
MEASURES = (import_,)

if __name__ == "__main__":
    child(Path(sys.argv[1]), dry=sys.argv[2] == "dry")
