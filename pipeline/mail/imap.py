"""A letterbox on a mail server, read over IMAP (RFC 3501, RFC 4315), encrypted unless it is this machine."""

from __future__ import annotations

import contextlib
import imaplib
import socket
import ssl
from collections.abc import Iterator

from pipeline.errors import SettingsError, TransportDown
from pipeline.mail.letterbox import LARGEST, Returning
from pipeline.settings import ImapSettings, Security

__all__ = ["ImapBox"]

_SEEN = "BelongingSeen"  # a keyword of ours: \Seen is also set by a person who looks into the mailbox
_WINDOW = 5_000  # messages that are asked for at once; the answer is one line, and lines have an end
_TIMEOUT = 60.0  # seconds
_DIED = (imaplib.IMAP4.error, OSError)  # what the library raises when a conversation is over


class ImapBox:
    """A folder on a mail server. What was dealt with is deleted there; what was left to a person gets a keyword."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings

    @contextlib.contextmanager
    def open(self) -> Iterator[Iterator[Returning]]:
        """Connect, log in, and show what lies there.

        Raises:
            SettingsError: There is no such folder, or it may only be read.
            TransportDown: The connection failed, or ended before its time. What was dealt with until then is gone.
        """
        server = self._connect()
        try:
            yield self._letters(server, self._select(server))
            with contextlib.suppress(*_DIED):
                server.close()  # lets go of what is marked as deleted
        except _DIED as error:
            raise self._down(error) from None
        finally:
            with contextlib.suppress(*_DIED):
                server.logout()

    def _letters(self, server: imaplib.IMAP4, number: int) -> Iterator[Returning]:
        # From the newest window to the oldest: what is deleted in one does not move the messages of the next.
        for last in range(number, 0, -_WINDOW):
            window = f"{max(1, last - _WINDOW + 1)}:{last}"
            found = _said(server.uid("SEARCH", window, "UNDELETED", "UNKEYWORD", _SEEN))
            for uid in (found or b"").decode("ascii").split():
                content = _content(server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)"))
                if content is not None:  # else another reader has dealt with it
                    yield Returning(
                        content=content,
                        remove=lambda uid=uid: _remove(server, uid),  # type: ignore[misc]
                        leave=lambda uid=uid: _mark(server, uid, _SEEN),  # type: ignore[misc]
                    )

    def _connect(self) -> imaplib.IMAP4:
        settings = self._settings
        context = ssl.create_default_context()
        server: imaplib.IMAP4 | None = None
        try:
            if settings.security is Security.TLS:
                server = imaplib.IMAP4_SSL(
                    settings.host, settings.port, ssl_context=context, timeout=_TIMEOUT
                )
            else:
                server = imaplib.IMAP4(settings.host, settings.port, timeout=_TIMEOUT)
            if settings.security is Security.STARTTLS:
                server.starttls(ssl_context=context)
            self._log_in(server)
        except BaseException as error:
            if server is not None:
                with contextlib.suppress(*_DIED):
                    server.shutdown()
            if isinstance(error, _DIED):
                raise self._down(error) from None
            raise
        return server

    def _log_in(self, server: imaplib.IMAP4) -> None:
        try:
            server.login(self._settings.username, self._settings.password.get_secret_value())
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeError):
            raise TransportDown(
                f"{self._name} refused user name and password",
                advice="see list.imap.username and BELONGING_IMAP_PASSWORD",
            ) from None

    def _select(self, server: imaplib.IMAP4) -> int:
        """Open the folder; answer how many messages lie in it."""
        folder = self._settings.folder.replace("\\", "\\\\").replace('"', '\\"')
        try:
            kind, data = server.select(f'"{folder}"')
        except imaplib.IMAP4.readonly:
            kind, data = "NO", []
        if kind != "OK" or not data or data[0] is None:
            raise SettingsError(
                f"{self._name} has no folder {self._settings.folder} that this account may change",
                advice="see list.imap.folder; INBOX is always there",
            )
        return int(data[0])

    def _down(self, error: BaseException) -> TransportDown:
        return TransportDown(
            f"the mailbox at {self._name} cannot be read ({_reason(error)})",
            advice="see list.imap in newsletter.toml and whether the server is up; nothing was lost",
        )

    @property
    def _name(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def _said(answer: tuple[str, list[object]]) -> bytes | None:
    """Answer the line that a server gave.

    Raises:
        IMAP4.error: It said no.
    """
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error
    first = data[0] if data else None
    return first if isinstance(first, bytes) else None


def _content(answer: tuple[str, list[object]]) -> bytes | None:
    """Find a message in what a server gave; None where it is gone."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error
    parts = [part[1] for part in data if isinstance(part, tuple) and len(part) > 1]
    return parts[0] if parts and isinstance(parts[0], bytes) else None


def _remove(server: imaplib.IMAP4, uid: str) -> None:
    _said(server.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
    if "UIDPLUS" in server.capabilities:
        _said(server.uid("EXPUNGE", uid))


def _mark(server: imaplib.IMAP4, uid: str, keyword: str) -> None:
    server.uid(
        "STORE", uid, "+FLAGS.SILENT", f"({keyword})"
    )  # where it keeps none, the message is seen again


def _reason(error: BaseException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(error, socket.gaierror):
        return "no such host"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return "it ended the conversation" if isinstance(error, imaplib.IMAP4.error) else type(error).__name__
