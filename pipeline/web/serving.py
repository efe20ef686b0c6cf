"""Running a web application on this machine until somebody stops it."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import HANDLED_SIGNALS

from pipeline.errors import BelongingError, SettingsError

__all__ = ["serve"]

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_PATIENCE = 2  # seconds that open connections get when it is time to stop


def serve(app: ASGIApp, *, host: str = "127.0.0.1", port: int = 8000, ready: Callable[[int], None]) -> None:
    """Serve an application until SIGINT or SIGTERM, then return. No request is logged. For the main thread.

    Args:
        app: What to serve.
        host: A name of this machine; what is served is for nobody else.
        port: 0 to 65535; 0 picks a free one.
        ready: Told the port as soon as it is open.

    Raises:
        SettingsError: The host is not this machine, or there is no such port.
        BelongingError: The port is in use or may not be opened.
    """
    if host not in _THIS_MACHINE:
        raise SettingsError(f"{host} is not this machine alone", advice="write 127.0.0.1")
    if not 0 <= port <= 65535:
        raise SettingsError(f"there is no port {port}", advice="choose one from 1024 to 65535 with --port")

    async def until_the_end(scope: Scope, receive: Receive, send: Send) -> None:
        # An answer that is still being made when it is time to stop is dropped, and that is no mistake to trace.
        with suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    with _listening(host, port) as listener:
        config = uvicorn.Config(
            until_the_end,
            access_log=False,
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE,
            ws="none",
        )
        _Server(config, lambda: ready(listener.getsockname()[1])).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal, and leave it at that: raised once more, it would look as if something had gone wrong."""
        before = {number: signal.signal(number, self.handle_exit) for number in HANDLED_SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = {
            errno.EADDRINUSE: "something else is using it",
            errno.EACCES: "this account may not open it",
        }.get(error.errno or 0, error.strerror)
        raise BelongingError(
            f"port {port} cannot be opened: {reason}",
            advice="choose another with --port, or --port 0 for any that is free",
        ) from None
