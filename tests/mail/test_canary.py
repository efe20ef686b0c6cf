"""The canary: after a run, a crash and a kill, with every log at its loudest, no file holds a reader's address."""

from __future__ import annotations

import base64
import hashlib
import os
import quopri
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from pipeline.mail.senders import Sender
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.engine import connect
from tests.mail.servers import Server, serving

ROOT = Path(__file__).parents[2]
CANARY = "Sentinel.Reader+tag@lists.example.com"
# What the loop leaves beside the letters; a canary in none of them means something only if they are there.
PLACES = ("log", "var/list.sqlite", "var/senders/place")


def traces(address: str) -> dict[str, bytes]:
    """Write an address in every way that could give it away."""
    found: dict[str, bytes] = {}
    local = address.partition("@")[0]
    for form in (address, address.lower(), address.upper(), local, local.lower()):
        raw = form.encode()
        found |= {
            f"plain {form}": raw,
            f"UTF-16 {form}": form.encode("utf-16-le"),
            f"percent {form}": quote(form, safe="").encode(),
            f"quoted-printable {form}": quopri.encodestring(raw, quotetabs=True).rstrip(b"=\n"),
            f"every octet percent {form}": b"".join(b"%%%02X" % byte for byte in raw),
            f"every octet =XX {form}": b"".join(b"=%02X" % byte for byte in raw),
            f"hex {form}": raw.hex().encode(),
        }
        for shift in range(3):
            # The first and last characters depend on what stands around; those between do not.
            inner = base64.b64encode(bytes(shift) + raw)[4 if shift else 0 : -4]
            found[f"base64 {form} {shift}"] = inner
            found[f"base64url {form} {shift}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
        for algorithm in ("md5", "sha1", "sha256"):
            digest = hashlib.new(algorithm, raw)
            found[f"{algorithm} {form}"] = digest.hexdigest().encode()
            found[f"{algorithm} {form}, octets"] = digest.digest()
    return found


def given_away(folder: Path, *, but: str = "letters") -> list[str]:
    """Name every file whose name or content gives the canary away, the letters themselves left out."""
    found = []
    for file in folder.rglob("*"):
        relative = file.relative_to(folder)
        if relative.parts[0] == but:
            continue
        content = file.read_bytes() if file.is_file() else b""
        for name, trace in traces(CANARY).items():
            hay = content + b"\0" + str(relative).encode()
            if trace in hay or (trace.isalnum() and trace.lower() in hay.lower()):
                found.append(f"{relative}: {name}")
    return found


def begin(folder: Path, port: int, ending: str) -> subprocess.Popen[str]:
    (folder / "tmp").mkdir(exist_ok=True)
    errors = (folder / "stderr").open("a", encoding="utf-8")
    with errors:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "tests.mail.canary", str(folder), str(port), ending],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=errors,
            stderr=errors,
            text=True,
            env={**os.environ, "TMPDIR": str(folder / "tmp")},
        )
    assert process.stdin is not None
    process.stdin.write(CANARY)
    process.stdin.close()
    return process


def killed_while_hanging(folder: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if (folder / "hanging").exists():
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert (folder / "hanging").exists(), (folder / "stderr").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", ["smtp", "maildir"])
def test_no_file_gives_a_reader_away(tmp_path: Path, way: str) -> None:
    server = Server()
    with serving(server):
        port = server.port if way == "smtp" else 0
        assert begin(tmp_path, port, "crash").wait(timeout=60) == 1
        assert "ZeroDivisionError" in (tmp_path / "traceback").read_text(encoding="utf-8")
        assert "Traceback" in (tmp_path / "stderr").read_text(encoding="utf-8")
        assert given_away(tmp_path) == []

        # That try is unknown now; a person says "again", and this time the process is killed in the middle.
        decide(tmp_path)
        process = begin(tmp_path, port, "hang")
        killed_while_hanging(tmp_path, process)
        assert (tmp_path / "var" / "list.sqlite-wal").exists(), "killed with its journal open"
        assert given_away(tmp_path) == []

        decide(tmp_path)
        assert begin(tmp_path, port, "well").wait(timeout=60) == 0
        assert given_away(tmp_path) == []

    letters = [content for _, _, content in server.accepted]
    if way == "maildir":
        letters = [file.read_bytes() for file in (tmp_path / "letters" / "new").iterdir()]
    assert letters
    assert all(f"To: {CANARY}\r\n".encode() in content for content in letters), "or nothing was proved"
    assert all((tmp_path / place).stat().st_size for place in PLACES)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "INSERT INTO subscribers" in log
    assert "handing over Message(" in log


def decide(folder: Path) -> None:
    """Say "send again" about whatever is unknown."""
    engine = connect("sqlite:///var/list.sqlite", folder)
    ledger, now = SqlDeliveries(engine), datetime.now(UTC)
    with Sender(folder / "var" / "senders") as sender:
        ledger.reap(now, sender.dead(ledger.owners()))
    unknown = [one.delivery_id for one in ledger.unknown()]
    assert ledger.decide(unknown, resend=True, now=now) == 1
    engine.dispose()


@pytest.mark.parametrize("name", traces(CANARY))
def test_the_search_finds_what_it_looks_for(tmp_path: Path, name: str) -> None:
    trace = traces(CANARY)[name]
    (tmp_path / "x").write_bytes(b"before " + trace + b" after")
    assert [found for found in given_away(tmp_path) if found.endswith(name)]


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
def test_the_search_finds_base64_of_a_text_around_it(tmp_path: Path, before: bytes) -> None:
    (tmp_path / "x").write_bytes(base64.b64encode(before + CANARY.encode() + b" and more"))
    assert given_away(tmp_path)


def test_the_search_looks_at_names_of_files(tmp_path: Path) -> None:
    (tmp_path / CANARY.lower()).touch()
    assert given_away(tmp_path)
