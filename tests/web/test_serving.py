"""Serving for real: a process with a port, until it is told to stop."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import BelongingError, SettingsError
from pipeline.web.preview import serve
from tests.builders import address
from tests.web.letters import name, write
from tests.web.running import Running, running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("served")
    (tmp_path / "output" / "about").mkdir(parents=True)
    (tmp_path / "output" / "index.html").write_bytes(b"<p>home")
    (tmp_path / "output" / "about" / "index.html").write_bytes(b"<p>about")
    (tmp_path / "output" / "tree.png").write_bytes(b"x" * 300_000)
    (tmp_path / "secret.txt").write_bytes(b"nobody may see this")
    write(tmp_path / "mail", [1])
    return tmp_path


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Running]:
    with running(folder) as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop_and_then_says_nothing_of_it(
    folder: Path, number: signal.Signals
) -> None:
    with running(folder) as server:
        status, headers, body = server.ask("/")
        assert (status, body) == (200, b"<p>home")
        assert "server" not in headers
        assert server.stop(number) == (0, "stopped True\n", "")


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: localh", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"]
)
def test_what_is_still_being_asked_does_not_keep_it_from_stopping(folder: Path, sent: bytes) -> None:
    with (
        running(folder, mode="forever") as server,
        socket.create_connection(("127.0.0.1", server.port)) as open_,
    ):
        open_.sendall(sent)
        time.sleep(0.2)
        code, out, err = server.stop()
        assert (code, out) == (0, "stopped True\n")
        assert "Traceback" not in err


def test_head_answers_what_get_does_without_the_page(server: Running) -> None:
    for target in ("/", "/tree.png", "/none", "/_mail/", f"/_mail/letters/{name(1)}/document"):
        asked, headed = server.ask(target), server.ask(target, method="HEAD")
        asked[1].pop("date"), headed[1].pop("date")
        assert headed[:2] == asked[:2]
        assert asked[1]["content-length"] == str(len(asked[2])) != "0"
        assert headed[2] == b""


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt",
        "/about/../../secret.txt",
        "/./../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/about/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/..%00/secret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "../secret.txt",
        "//secret.txt",
        "/_mail/static/../../../secret.txt",
        "/_mail/static/..%2f..%2f__init__.py",
        "/_mail/letters/..%2f..%2fsecret.txt",
        "/_mail/../../secret.txt",
        "http://localhost/../secret.txt",
    ],
)
def test_nothing_outside_the_folders_is_served(server: Running, target: str) -> None:
    status, _, body = server.ask(target)
    assert status in (400, 404)
    assert b"nobody may see this" not in body
    assert b"__all__" not in body


def test_only_this_machine_is_listened_to_and_only_by_its_own_name(server: Running) -> None:
    assert server.ask("/", host="127.0.0.1")[0] == 200
    assert server.ask("/_mail/", host="rebound.example.com")[0] == 421
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", server.port), timeout=5)


def test_no_request_and_no_address_is_logged(folder: Path) -> None:
    with running(folder, mode="debug") as server:
        for target in ("/", "/_mail/", f"/_mail/letters/{name(1)}/headers", f"/none?to={address(1)}"):
            server.ask(target)
        with socket.create_connection(("127.0.0.1", server.port)) as odd:
            odd.sendall(f"{address(1)}\r\n\r\n".encode())
            assert odd.recv(100).startswith(b"HTTP/1.1 400")
        code, out, err = server.stop()
    assert code == 0
    assert "DEBUG:" in err  # there is a log, and none of this in it
    assert address(1) not in out + err
    assert name(1) not in out + err
    assert "/_mail/" not in out + err


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BelongingError) as raised:
            serve(_never, port=port, ready=_never_ready)
        assert raised.value.message == f"port {port} cannot be opened: something else is using it"
        assert "--port" in raised.value.advice


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1", "belonging.example.org"])
def test_it_is_never_shown_to_others(host: str) -> None:
    with pytest.raises(SettingsError, match="is not this machine alone"):
        serve(_never, host=host, port=0, ready=_never_ready)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_refused(port: int) -> None:
    with pytest.raises(SettingsError, match=f"there is no port {port}"):
        serve(_never, port=port, ready=_never_ready)


async def _never(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asked")


def _never_ready(port: int) -> None:
    raise AssertionError(f"served at {port}")
