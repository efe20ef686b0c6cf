"""The preview in a process of its own, with a real port."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Running", "running"]

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, logging, signal, sys
from pathlib import Path
from pipeline.web.preview import application, serve
folder, port, mode = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
if mode == "debug":
    logging.basicConfig(level=logging.DEBUG)
app = application(site=folder / "output", site_url="https://belonging.example.org", mailbox=folder / "mail")
async def forever(scope, receive, send):
    await asyncio.sleep(3600)
if mode == "forever":
    app = forever
serve(app, port=port, ready=lambda port: print(port, flush=True))
print("stopped", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, flush=True)
"""


@dataclass(frozen=True, kw_only=True)
class Running:
    process: subprocess.Popen[str]
    port: int

    def ask(
        self, target: str, *, method: str = "GET", host: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_host=True)
            connection.putheader("Host", host or f"localhost:{self.port}")
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


@contextmanager
def running(folder: Path, *, mode: str = "plain") -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), "0", mode],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, process.communicate()[1]
        yield Running(process=process, port=int(first))
    finally:
        process.kill()
        process.communicate()
