"""The SMTP transport (RFC 5321): one connection for many messages, encrypted unless it stays on this machine."""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator

from pipeline.errors import PolicyBlock, TransportDown
from pipeline.mail.transport import Accepted, Deferred, Message, Outcome, Rejected, Unknown
from pipeline.settings import Security, SmtpSettings

__all__ = ["Smtp"]

_LONGER = 20  # times: how much longer the answer to a message may take than that to a command
_DIED = (smtplib.SMTPException, OSError)  # what the library raises when a conversation is over
_ENHANCED = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")  # RFC 3463, RFC 2034


class Smtp:
    """Hand letters to a mail server."""

    leaves_machine = True  # even a server on this machine may pass them on

    def __init__(self, settings: SmtpSettings, *, hello: str) -> None:
        """Take the server's settings and the host name that is said in EHLO (the list's own, not the machine's)."""
        self._settings = settings
        self._hello = hello

    @property
    def connections(self) -> int:
        """Tell how many sessions may be open at once."""
        return self._settings.connections

    def open(self) -> SmtpSession:
        """Begin a session; it connects with the first message."""
        return SmtpSession(self._settings, self._hello)

    def probe(self) -> None:
        """Connect, protect the connection and log in."""
        session = self.open()
        session.connect()
        session.close()

    def describe(self) -> str:
        """Name the server, without credentials."""
        return f"{self._settings.host}:{self._settings.port} ({self._settings.security})"


class SmtpSession:
    """One connection; made again when it died between two messages."""

    def __init__(self, settings: SmtpSettings, hello: str) -> None:
        self._settings = settings
        self._hello = hello
        self._server: smtplib.SMTP | None = None

    def send(self, message: Message) -> Outcome:
        """Hand over one message. What it answers and raises is written in pipeline.mail.transport."""
        server = self._begin(message)
        try:
            refused = self._name_recipient(server, message)
        except _DIED as error:
            raise self._down(error) from None
        if refused:
            return refused
        # From the first byte of the content on, a dead connection no longer means that nothing was sent.
        try:
            with self._patience(server):
                server.send(_quoted(message.content))
                code, text = server.getreply()
        except _DIED as error:
            self._drop()
            return Unknown("no answer in time" if _timed_out(error) else "connection lost")
        if 200 <= code < 300:
            return Accepted()
        if not 400 <= code < 600:
            self._drop()
            return Unknown("no clear answer")
        if code == 421:
            self._drop()
        return self._refusal(code, text)

    def close(self) -> None:
        """Say QUIT."""
        if self._server is not None:
            with contextlib.suppress(*_DIED):
                self._server.quit()
            self._drop()

    # Up to here nothing was handed over: whatever goes wrong, the message may be sent later.

    def _begin(self, message: Message) -> smtplib.SMTP:
        """Say who writes. A connection that has died since the last message is made again, once.

        Servers end connections after so many messages or so long a silence, by 421 or without a word.
        """
        if self._server is not None:
            server = self._server
            with contextlib.suppress(*_DIED):
                code, text = server.docmd("MAIL", f"FROM:<{message.sender}>")
                if code != 421:
                    self._judge_sender(code, text)
                    return server
            self._drop()
        server = self.connect()
        try:
            code, text = server.docmd("MAIL", f"FROM:<{message.sender}>")
        except _DIED as error:
            raise self._down(error) from None
        self._judge_sender(code, text)
        return server

    def _name_recipient(self, server: smtplib.SMTP, message: Message) -> Outcome | None:
        """Say who is written to; answer None when the server is ready for the content."""
        code, text = server.docmd("RCPT", f"TO:<{message.to}>")
        if 200 <= code < 300:
            code, text = server.docmd("DATA")
            if code == 354:
                return None
        if not 400 <= code < 600:
            raise smtplib.SMTPResponseException(code, "")
        if code == 421:
            self._drop()
        else:
            try:
                server.docmd("RSET")
            except _DIED:
                self._drop()  # and the answer still counts: whoever asks again gets the same
        return self._refusal(code, text)

    def _refusal(self, code: int, text: bytes) -> Outcome:
        name = _name(code, text)
        if 400 <= code < 500:
            return Deferred(name)
        if " 5.7." in name:
            self._drop()
            raise PolicyBlock(
                f"{self._name} refuses our mail by policy ({name})",
                advice="see whether SPF, DKIM and DMARC are right and whether the server may send for this sender",
            )
        return Rejected(name)

    def _judge_sender(self, code: int, text: bytes) -> None:
        if 200 <= code < 300:
            return
        name = _name(code, text)
        self._drop()
        if 500 <= code < 600:
            raise PolicyBlock(
                f"{self._name} refuses the sender ({name})",
                advice="see whether it needs authentication and whether sender.address is yours to use",
            )
        raise TransportDown(f"{self._name} takes no mail at the moment ({name})", advice="try again later")

    def _down(self, error: Exception) -> TransportDown:
        self._drop()
        return TransportDown(
            f"{self._name} ended the connection ({_reason(error)})", advice="try again later"
        )

    @contextlib.contextmanager
    def _patience(self, server: smtplib.SMTP) -> Iterator[None]:
        """Wait longer for the answer to a message than to a command.

        Servers look into a message before they answer, and whoever hangs up meanwhile may cause a second copy:
        ten minutes, says RFC 5321 §4.5.3.2.6, and that is what the default comes to.
        """
        assert server.sock is not None  # noqa: S101 - it has just answered
        server.sock.settimeout(_LONGER * self._settings.timeout_seconds)
        yield
        server.sock.settimeout(self._settings.timeout_seconds)

    def connect(self) -> smtplib.SMTP:
        """Connect, protect the connection and log in.

        Raises:
            TransportDown: One of them failed; the message says which.
        """
        settings = self._settings
        context = ssl.create_default_context()
        try:
            if settings.security is Security.TLS:
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    settings.host,
                    settings.port,
                    local_hostname=self._hello,
                    timeout=settings.timeout_seconds,
                    context=context,
                )
            else:
                server = smtplib.SMTP(
                    settings.host, settings.port, local_hostname=self._hello, timeout=settings.timeout_seconds
                )
            self._server = server
            if settings.security is Security.STARTTLS:
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if settings.username:
                server.login(settings.username, settings.password.get_secret_value())
        except smtplib.SMTPAuthenticationError:
            self._drop()
            raise TransportDown(
                f"{self._name} refused user name and password",
                advice="see list.smtp.username and BELONGING_SMTP_PASSWORD",
            ) from None
        except smtplib.SMTPNotSupportedError:
            self._drop()
            raise TransportDown(
                f"{self._name} does not offer what newsletter.toml asks for",
                advice='see list.smtp.security (is "tls" on port 465 meant?) and list.smtp.username',
            ) from None
        except _DIED as error:
            self._drop()
            raise TransportDown(
                f"no connection to {self._name} ({_reason(error)})",
                advice="see list.smtp in newsletter.toml and whether the server is up",
            ) from None
        return server

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    @property
    def _name(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def _quoted(content: bytes) -> bytes:
    """Double leading dots and end with a lone one (RFC 5321 §4.5.2)."""
    if content.startswith(b"."):
        content = b"." + content
    content = content.replace(b"\r\n.", b"\r\n..")
    return content + (b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n")


def _name(code: int, text: bytes) -> str:
    """Keep the numbers of an answer and nothing else: its words may quote the recipient."""
    enhanced = _ENHANCED.match(text)
    return f"{code} {enhanced[1].decode()}" if enhanced else str(code)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"it answered {error.smtp_code}" if error.smtp_code > 0 else "it does not speak SMTP"
    if isinstance(error, socket.gaierror):
        return "no such host"
    return "no answer in time" if _timed_out(error) else type(error).__name__


def _timed_out(error: Exception) -> bool:
    """Tell whether nothing came; the library wraps that in an error of its own."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
