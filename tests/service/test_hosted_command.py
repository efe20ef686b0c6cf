"""`belonging web` and `belonging serve` over a list at Mailchimp, as processes of their own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from pipeline.clock import system_clock
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.server import serving
from tests.service.test_web_command import CANARY, leaks
from tests.service.world import ROOT, settings_text

# The command line, with Mailchimp at an address of the test's.
_ELSEWHERE = """
import sys
from pipeline import wiring
from pipeline.cli.app import run
wiring.BASE = sys.argv[1]
sys.exit(run(sys.argv[2:]))
"""


@contextlib.contextmanager
def command(root: Path, base: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a command that serves; answer the process and where it says that it can be reached."""
    with (root / "log.txt").open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [
                sys.executable,
                "-X",
                "dev",
                "-c",
                _ELSEWHERE,
                base,
                "--root",
                str(root),
                *arguments,
                "--port",
                "0",
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(root), "MAILCHIMP_API_KEY": KEY},
        )
        try:
            assert process.stdout is not None
            found = re.search(r"http://[^/\s]+", process.stdout.readline())
            assert found, (root / "log.txt").read_text(encoding="utf-8")
            yield process, found[0].replace("localhost", "127.0.0.1")
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def project(root: Path) -> Path:
    root.mkdir()
    (root / "newsletter.toml").write_text(
        settings_text(provider="mailchimp", shortest_seconds=0), encoding="utf-8"
    )
    (root / "pelicanconf.py").touch()
    (root / "theme").symlink_to(ROOT / "theme")
    return root


def test_what_was_answered_is_passed_on_after_a_kill_and_no_file_gives_a_reader_away(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    fake = FakeMailchimp(system_clock)
    with serving(fake) as server:
        with command(root, server.base, "web") as (process, url), httpx.Client(base_url=url) as client:
            assert client.post("/list/subscribe", data={"email": CANARY}).status_code == 200
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert leaks(root) == []
        with command(root, server.base, "web") as (process, url), httpx.Client(base_url=url) as client:
            for _ in range(300):
                if fake.people:
                    break
                time.sleep(0.1)
            assert client.get("/list/health").json() == {"store": "ok", "worker": "ok", "mailchimp": "ok"}
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
    assert [person["status"] for person in fake.people.values()] == ["pending"]
    assert len(fake.confirmations) == 1
    assert leaks(root) == []
    log = (root / "log.txt").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert KEY[:32] not in log


def test_a_preview_reaches_nobody_at_mailchimp(tmp_path: Path) -> None:
    root = project(tmp_path / "project")
    (root / "pelicanconf.py").write_bytes((ROOT / "pelicanconf.py").read_bytes())
    for name in ("content", "plugins"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    fake = FakeMailchimp(system_clock)
    with serving(fake) as server, command(root, server.base, "serve") as (_, url):
        assert httpx.get(f"{url}/").status_code == 200
        assert httpx.post(f"{url}/list/subscribe", data={"email": CANARY}).status_code >= 400
    assert fake.calls == []
