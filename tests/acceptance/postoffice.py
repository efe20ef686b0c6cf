"""A real SMTP server on this machine that keeps what it accepts."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

__all__ = ["PostOffice"]


class _Controller(Controller):
    """Serve on a socket that is bound already: asked for port 0, the library would call at port 0 itself."""

    def __init__(self, handler: PostOffice, listener: socket.socket) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=listener.getsockname()[1])
        self._listener = listener

    def _create_server(self) -> Coroutine[object, object, asyncio.AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener)


@dataclass
class PostOffice:
    """What the server was asked for, and how it answers."""

    seconds: float = 0  # taken over each message, after its last byte came and before the answer
    greeting: str = "250 OK"  # to MAIL FROM
    answers: dict[str, str] = field(default_factory=dict)  # to RCPT TO, by address; else it is accepted
    accepted: list[str] = field(default_factory=list)  # a recipient for each message
    messages: list[bytes] = field(default_factory=list)
    seen: int = 0  # messages whose last byte came
    port: int = 0

    @contextmanager
    def open(self) -> Iterator[PostOffice]:
        """Listen on a free port as long as the block lasts."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            controller = _Controller(self, listener)
            controller.start()
            try:
                yield self
            finally:
                controller.stop()

    def settings(self, **more: str | int | float) -> str:
        """Write the part of newsletter.toml that sends through this server."""
        values = {"host": "127.0.0.1", "port": self.port, "security": "none", **more}
        lines = (f"{key} = {value!r}" for key, value in values.items())
        return "\n".join(["[list.smtp]", *lines, ""])

    # --- asked by the server ---------------------------------------------------------------------------------

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.greeting

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.seen += 1
        await asyncio.sleep(self.seconds)
        self.accepted += envelope.rcpt_tos
        self.messages.append(bytes(envelope.content or b""))
        return "250 OK"
