"""The wire: one HTTP request out, what came back in. Knows the key; says nothing of it."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Protocol

import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

__all__ = ["Fate", "Reply", "SessionWire", "Wire"]

_CONNECT, _READ = 5.0, 130.0  # seconds; Mailchimp itself gives up on a request after 120


class Fate(Enum):
    """What became of a request."""

    ANSWERED = "answered"
    UNOPENED = "unopened"  # there was no connection: nothing was asked
    LOST = "lost"  # it may have been carried out, or not, or may be carried out yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back, as it came."""

    fate: Fate
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)  # lower case
    content: bytes = field(default=b"", repr=False)


class Wire(Protocol):
    """Carry one request. Never raises for what the network does."""

    def __call__(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str],
        body: bytes | None,
        once: bool,
    ) -> Reply:
        """Send a request and wait for its answer.

        Args:
            method: "GET", "POST" and so on.
            url: Absolute, without query.
            query: Query parameters.
            body: JSON, or None for a request without a body.
            once: Whether the request must not be repeated. It then gets a connection of its own, since one that was
                kept open may be dead, and its death cannot be told from an answer that was lost.
        """


class _Discreet(logging.Filter):
    """Keep the names that Mailchimp gives people (MD5 of their addresses) out of what urllib3 logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite a record in place."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                _PERSON.sub("/members/…", part) if isinstance(part, str) else part for part in record.args
            )
        return True


_PERSON = re.compile(r"/members/[0-9a-fA-F]+")
_DISCREET = _Discreet()


class SessionWire:
    """Carry requests over HTTP (a Wire): no proxies or passwords from the environment, no redirects."""

    def __init__(self, key: SecretStr, *, timeout: tuple[float, float] = (_CONNECT, _READ)) -> None:
        self._timeout = timeout
        self._key = key
        self._kept = _session(key, keep=True)
        for name in ("urllib3.connectionpool", "urllib3.util.retry"):
            logging.getLogger(name).addFilter(_DISCREET)

    def __repr__(self) -> str:
        return "SessionWire()"

    def __call__(
        self, method: str, url: str, *, query: Mapping[str, str], body: bytes | None, once: bool
    ) -> Reply:
        """Send a request and wait for its answer."""
        try:
            if not once:
                return self._answered(self._kept, method, url, query, body)
            with _session(self._key, keep=False) as session:
                return self._answered(session, method, url, query, body)
        except (requests.RequestException, OSError, ValueError) as error:
            # The exception holds the request, the request holds the key: nothing of it goes further.
            return Reply(fate=Fate.UNOPENED if _never_opened(error) else Fate.LOST)

    def _answered(
        self, session: requests.Session, method: str, url: str, query: Mapping[str, str], body: bytes | None
    ) -> Reply:
        response = session.request(
            method,
            url,
            params=query,
            data=body,
            headers={"Content-Type": "application/json"} if body is not None else {},
            timeout=self._timeout,
            allow_redirects=False,
        )
        return Reply(
            fate=Fate.ANSWERED,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            content=response.content,
        )


def _session(key: SecretStr, *, keep: bool) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.auth = ("belonging", key.get_secret_value())
    session.headers["User-Agent"] = "belonging"
    session.headers["Accept"] = "application/json"
    if not keep:
        session.headers["Connection"] = "close"
    session.mount("https://", HTTPAdapter(pool_maxsize=4, max_retries=0))
    session.mount("http://", HTTPAdapter(pool_maxsize=4, max_retries=0))
    return session


def _never_opened(error: BaseException) -> bool:
    """Tell whether a failure came before anything could be said."""
    return isinstance(error, requests.ConnectTimeout) or any(
        isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError) for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception and what it was made from; urllib3 keeps that in ``reason`` and in ``args``."""
    queue, seen = [error], set()
    while queue:
        one = queue.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (getattr(one, "reason", None), one.__cause__, one.__context__, *one.args)
        queue.extend(each for each in inner if isinstance(each, BaseException))
