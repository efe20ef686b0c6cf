"""Real SMTP servers that misbehave on demand, each on a free port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import sink

__all__ = ["CLOSE", "STALL", "Certificate", "Server", "certificate", "serving"]

CLOSE = "close"  # hang up instead of answering
STALL = "stall"  # never answer


@dataclass
class Server:
    """What a server does at each step, and what it has seen.

    ``answers`` maps a step, or a step and the local part of the recipient, to what is said there: a reply line,
    CLOSE, or STALL. A reply that begins with 421 is followed by hanging up, as RFC 5321 §3.8 wants it.
    """

    answers: Mapping[str, str] = field(default_factory=dict)
    messages_per_connection: int = 0  # 0: any number
    passwords: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    connections: int = 0
    steps: list[str] = field(default_factory=list)
    accepted: list[tuple[str, str, bytes]] = field(default_factory=list)  # sender, recipient, content

    def answer(self, step: str, recipient: str = "") -> str | None:
        self.steps.append(step)
        return self.answers.get(f"{step} {recipient.partition('@')[0]}") or self.answers.get(step)

    def authenticate(
        self, _server: object, _session: object, _envelope: object, _how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        known = self.passwords.get(data.login.decode()) == data.password.decode()
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: _Talk, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.messages_per_connection and server.taken >= self.messages_per_connection:
            return "421 4.7.0 enough for one connection"
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: _Talk, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Talk, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        return await server.end_of_content(envelope)


class _Talk(SMTP):
    """One connection that does what its server's script says."""

    def __init__(self, script: Server, **options: Any) -> None:
        super().__init__(script, hostname="sink.example.org", **options)
        self.script = script
        self.taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:
            self.script.connections += 1
        super().connection_made(transport)

    async def _scripted(self, said: str | None) -> bool:
        """Do what the script says; tell whether it said anything."""
        if said is None:
            return False
        if said == STALL:
            await asyncio.sleep(60)
        if said == CLOSE:
            self.transport.abort()
            return True
        await self.push(said)
        if said.startswith("421"):
            self.transport.close()
        return True

    async def push(self, status: Any) -> None:
        await super().push(status)
        if isinstance(status, str) and status.startswith("421"):
            self.transport.close()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if not await self._scripted(self.script.answer("MAIL")):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        recipient = (arg or "").removeprefix("TO:<").removesuffix(">")
        if not await self._scripted(self.script.answer("RCPT", recipient)):
            await super().smtp_RCPT(arg)

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        if not await self._scripted(self.script.answer("RSET")):
            await super().smtp_RSET(arg)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        if not await self._scripted(self.script.answer(f"EHLO {hostname}")):
            await super().smtp_EHLO(hostname)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        recipient = self.envelope.rcpt_tos[0] if self.envelope.rcpt_tos else ""
        if not await self._scripted(self.script.answer("DATA", recipient)):
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802
        self.script.answer("QUIT")
        await super().smtp_QUIT(arg)

    async def end_of_content(self, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        said = self.script.answer("END", recipient)
        if said is None or said in {CLOSE, STALL} or said.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.script.accepted.append((envelope.mail_from or "", recipient, envelope.content))
            self.taken += 1
        if said == STALL:
            await asyncio.sleep(60)
        if said == CLOSE:
            self.transport.abort()
        return said or "250 2.0.0 OK"


@contextlib.contextmanager
def serving(script: Server, *, tls: Certificate | None = None, implicit: bool = False) -> Iterator[Server]:
    """Run a server as long as the block lasts; its port is in the script.

    Args:
        script: What it does.
        tls: What it shows who asks for encryption; None: it offers none.
        implicit: Whether encryption begins with the connection, as on port 465.
    """
    context = tls.context() if tls else None
    options: dict[str, Any] = {"enable_SMTPUTF8": False}
    if tls and not implicit:
        options |= {"tls_context": context, "require_starttls": True}
    if script.passwords:
        options |= {
            "authenticator": script.authenticate,
            "auth_required": True,
            "auth_require_tls": tls is not None and not implicit,
        }
    with sink.running(
        lambda loop: partial(_Talk, script, loop=loop, **options), context if implicit else None
    ) as script.port:
        yield script


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate that nobody vouches for but who is told to."""

    file: Path  # certificate and key

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.file)
        return context


def certificate(folder: Path, host: str) -> Certificate:
    """Make a certificate for a host, good for a day around now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{host}.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Certificate(file=file)
