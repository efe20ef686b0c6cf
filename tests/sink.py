"""A real SMTP server on a free port of this machine, in a thread of its own."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from aiosmtpd.smtp import SMTP

__all__ = ["listening", "running"]


@contextmanager
def listening(handler: object) -> Iterator[int]:
    """Run a server with a handler of aiosmtpd's kind as long as the block lasts; answer its port."""
    with running(lambda loop: partial(SMTP, handler, hostname="sink.example.org", loop=loop)) as port:
        yield port


@contextmanager
def running(
    protocol: Callable[[asyncio.AbstractEventLoop], Callable[[], asyncio.Protocol]],
    tls: ssl.SSLContext | None = None,
) -> Iterator[int]:
    """Run a server that speaks a protocol made for its loop as long as the block lasts; answer its port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(protocol(loop), "127.0.0.1", 0, ssl=tls))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(timeout=20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=20)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
