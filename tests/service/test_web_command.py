"""`belonging web` as it really runs: a process of its own, killed without warning, that leaves no address behind."""

from __future__ import annotations

import base64
import contextlib
import email
import hashlib
import os
import quopri
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from email.policy import SMTP
from pathlib import Path
from urllib.parse import quote

import httpx

from tests.service.world import ROOT, settings_text

CANARY = "Canary.Reader+tag@lists.example.com"


@contextlib.contextmanager
def web(root: Path, log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command; answer the process and where it says that it can be reached."""
    with log.open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-m", "pipeline", "--root", str(root), "web", "--port", "0"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(root)},
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://\S+?(?=/list/subscribe)", line)
            assert found, log.read_text(encoding="utf-8")
            yield process, found[0]
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def project(root: Path) -> None:
    """Lay out what the service needs."""
    (root / "newsletter.toml").write_text(settings_text(shortest_seconds=0), encoding="utf-8")
    (root / "pelicanconf.py").touch()
    (root / "theme").symlink_to(ROOT / "theme")


def mail(root: Path, number: int) -> str:
    """Wait until so many mails are there; answer the link of the newest one."""
    folder = root / "var" / "mail" / "new"
    for _ in range(300):
        files = sorted(folder.glob("*"), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        if len(files) >= number:
            message = email.message_from_bytes(files[-1].read_bytes(), policy=SMTP)
            body = message.get_body(("plain",))  # type: ignore[attr-defined]
            found = re.findall(r"https://belonging\.example\.org(/list/\S+)", body.get_content())
            assert [link.partition("?")[0] for link in found] == [found[0]] * 2  # in two languages
            return str(found[0])
        time.sleep(0.1)
    raise AssertionError("no mail came")


def traces(text: str) -> dict[str, bytes]:
    """Write an address in every way that could give it away."""
    found: dict[str, bytes] = {}
    for form in (text, text.lower()):
        raw = form.encode()
        found |= {
            f"plain {form}": raw,
            f"quoted-printable {form}": quopri.encodestring(raw.replace(b"@", b"=40")),
            f"percent {form}": quote(form, safe="").encode(),
            f"md5 {form}": hashlib.md5(raw).hexdigest().encode(),
            f"sha1 {form}": hashlib.sha1(raw).hexdigest().encode(),
            f"sha256 {form}": hashlib.sha256(raw).hexdigest().encode(),
            f"md5 raw {form}": hashlib.md5(raw).digest(),
            f"sha1 raw {form}": hashlib.sha1(raw).digest(),
            f"sha256 raw {form}": hashlib.sha256(raw).digest(),
        }
        for shift in range(3):  # wherever in a longer text it stands, this part of its base64 is the same
            coded = base64.b64encode(b"\0" * shift + raw)
            found[f"base64 {shift} {form}"] = coded[4 if shift else 0 : -4]
    found["local part"] = text.partition("@")[0].encode()
    found["local part, lower"] = text.partition("@")[0].lower().encode()
    return found


def leaks(root: Path) -> list[str]:
    """Search every file but the letters themselves."""
    return [
        f"{name} in {file.relative_to(root)}"
        for file in root.rglob("*")
        if file.is_file() and not file.is_symlink() and "theme" not in file.parts and "mail" not in file.parts
        for name, trace in traces(CANARY).items()
        if trace in file.read_bytes()
    ]


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    for number, trace in enumerate(traces(CANARY).values()):
        (tmp_path / f"file{number}").write_bytes(b"before " + trace + b" after")
    assert {line.partition(" in ")[2] for line in leaks(tmp_path)} == {
        f"file{number}" for number in range(len(traces(CANARY)))
    }


def test_a_whole_life_and_a_crash_leave_no_address_in_any_file(tmp_path: Path) -> None:
    root, log = tmp_path / "project", tmp_path / "project" / "log.txt"
    root.mkdir()
    project(root)
    with web(root, log) as (process, url), httpx.Client(base_url=url, timeout=30) as client:
        assert client.post("/list/subscribe", data={"email": CANARY}).status_code == 200
        process.send_signal(signal.SIGKILL)  # what was answered is kept
    assert leaks(root) == []
    with web(root, log) as (process, url), httpx.Client(base_url=url, timeout=30) as client:
        confirm = mail(root, 1)
        assert client.post(confirm).status_code == 200
        assert client.get("/list/health").json() == {"store": "ok", "worker": "ok"}
        client.post("/list/rights", data={"email": CANARY})
        rights = mail(root, 2)
        seen = client.post(rights, data={"do": "see"})
        assert CANARY.lower() in seen.text.lower()
        assert leaks(root) == []
        # Something breaks while an address is in hand.
        with contextlib.closing(sqlite3.connect(root / "var" / "list.sqlite", timeout=30)) as store:
            store.execute("ALTER TABLE arrivals RENAME TO arrivals_away")
        assert client.post("/list/subscribe", data={"email": CANARY}).status_code == 500
        assert client.get("/list/health").status_code == 503
        with contextlib.closing(sqlite3.connect(root / "var" / "list.sqlite", timeout=30)) as store:
            store.execute("ALTER TABLE arrivals_away RENAME TO arrivals")
        assert client.post("/list/subscribe", data={"email": CANARY}).status_code == 200
        assert client.post(rights, data={"do": "forget"}).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    text = log.read_text(encoding="utf-8")
    assert "an answer could not be made: StoreDown" in text
    assert "Traceback" not in text
    assert "/list/" not in text  # no request is logged
    assert leaks(root) == []
    for file in (root / "var").glob("list.sqlite*"):
        assert file.stat().st_mode & 0o077 == 0


def test_it_answers_on_this_machine_only(tmp_path: Path) -> None:
    project(tmp_path)
    text = (tmp_path / "newsletter.toml").read_text(encoding="utf-8")
    (tmp_path / "newsletter.toml").write_text(f'{text}\nhost = "0.0.0.0"', encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "--root", str(tmp_path), "web"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3
    assert "0.0.0.0 is not this machine alone" in done.stderr
    assert "Traceback" not in done.stderr
