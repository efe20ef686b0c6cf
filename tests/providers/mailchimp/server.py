"""The fake behind a real HTTP server on a port of its own, and everything a network does to an answer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from tests.providers.mailchimp.fake import Answered, FakeMailchimp

__all__ = ["Mishap", "Server", "serving"]


class Mishap(Enum):
    EMPTY_429 = "429 with nothing in it"
    HTML_429 = "429 with HTML in it"
    EMPTY_500 = "500 with nothing in it"
    HTML_500 = "500 with HTML in it"
    HTML_502_AFTER = "502 with HTML in it, after acting"
    EMPTY_403 = "403 with nothing in it"
    REDIRECT = "302 to a page"
    REDIRECT_307 = "307 to a page"
    HTML_200 = "200 with HTML in it"
    EMPTY_200 = "200 with nothing in it"
    NOT_JSON = "200, said to be JSON, and none"
    LIST_200 = "200 with a JSON list"
    STALL = "no answer in time"
    STALL_AFTER = "no answer in time, after acting"
    DEATH = "the connection dies"
    DEATH_AFTER = "the connection dies, after acting"
    HALF = "the connection dies in the middle of the answer, after acting"
    ECHO_400 = "a refusal that repeats what was asked, key and all"


@dataclass
class Server:
    fake: FakeMailchimp
    port: int = 0
    mishaps: dict[int, Mishap] = field(default_factory=dict)  # by number of the request, the first is 0
    stall: float = 0.8  # seconds
    number: int = 0
    open_now: int = 0
    most_open: int = 0
    slow: float = 0.0  # seconds that every answer takes
    broken: list[str] = field(default_factory=list)  # what the description of the API objected to
    heads: list[Mapping[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/3.0"


_HTML = (b"<html><body>Sorry</body></html>", "text/html")
_CANNED = {
    Mishap.EMPTY_429: (429, b"", ""),
    Mishap.HTML_429: (429, *_HTML),
    Mishap.EMPTY_500: (500, b"", ""),
    Mishap.HTML_500: (500, *_HTML),
    Mishap.EMPTY_403: (403, b"", ""),
    Mishap.REDIRECT: (302, b"", ""),
    Mishap.REDIRECT_307: (307, b"", ""),
    Mishap.HTML_200: (200, *_HTML),
    Mishap.EMPTY_200: (200, b"", ""),
    Mishap.NOT_JSON: (200, b"{'no'", "application/json"),
    Mishap.LIST_200: (200, b"[]", "application/json"),
}


@contextlib.contextmanager
def serving(fake: FakeMailchimp) -> Iterator[Server]:
    """Serve the fake; at the end, what broke the contract fails the test."""
    server = Server(fake=fake)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            with server.lock:
                number, server.number = server.number, server.number + 1
                server.open_now += 1
                server.most_open = max(server.most_open, server.open_now)
                server.heads.append(dict(self.headers))
            try:
                self.respond(number)
            finally:
                with server.lock:
                    server.open_now -= 1

        def respond(self, number: int) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length) if length else None
            if server.slow:
                time.sleep(server.slow)
            mishap = server.mishaps.get(number)
            if mishap in _CANNED:
                status, content, kind = _CANNED[mishap]
                self.say(Answered(status, {"content-type": kind} if kind else {}, content))
                return
            if mishap is Mishap.ECHO_400:
                said = f'{{"title": "Member Exists", "detail": "{self.path} {self.headers["authorization"]} '
                said += (body or b"").decode().replace('"', "'") + '", "status": 400}'
                self.say(Answered(400, {"content-type": "application/problem+json"}, said.encode()))
                return
            if mishap is Mishap.DEATH:
                self.die()
                return
            if mishap is Mishap.STALL:
                time.sleep(server.stall)
                self.die()
                return
            answer = self.act(body)
            if mishap is Mishap.HTML_502_AFTER:
                self.say(Answered(502, {"content-type": "text/html"}, _HTML[0]))
            elif mishap is Mishap.STALL_AFTER:
                time.sleep(server.stall)
                self.die()
            elif mishap is Mishap.DEATH_AFTER:
                self.die()
            elif mishap is Mishap.HALF:
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"
                )
                self.wfile.flush()
                self.die()
            else:
                self.say(answer)

        def act(self, body: bytes | None) -> Answered:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/3.0") or "/"
            with server.lock:
                try:
                    return server.fake.handle(self.command, path, dict(parse_qsl(parts.query)), body)
                except AssertionError as error:
                    server.broken.append(str(error))
                    return Answered(400, {}, b"")

        def say(self, answer: Answered) -> None:
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.status in {302, 307}:
                self.send_header("location", f"{server.base}/elsewhere")
            if answer.status != 204:
                self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def die(self) -> None:
            self.close_connection = True
            # An abrupt end: a reset, not an orderly goodbye.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_: object) -> None:
            return

    for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{verb}", Handler.answer)

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    with Quiet(("127.0.0.1", 0), Handler) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()
    assert not server.broken, server.broken
