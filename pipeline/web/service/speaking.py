"""Which language an answer of the service is in.

It follows from the request alone: the language that a link or a form names (``?lang=es``), else what the browser asks
for (RFC 9110 §12.5.4), else the site's. Nothing that is stored has a part in it, so the answer is the same whoever an
address belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Speaking", "Spoken", "spoken", "wanted"]

_LONGEST: Final = 500  # characters of a header that are read


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """The language of one answer."""

    lang: str
    chosen: bool  # by whoever asks, and so kept in the links of the page


_current: ContextVar[Spoken | None] = ContextVar("spoken", default=None)


def spoken() -> Spoken | None:
    """Answer the language of the request that is being dealt with; None outside of one."""
    return _current.get()


def wanted(header: str) -> list[str]:
    """Read an Accept-Language header: the tags it names, the most wanted first; what is malformed is left out."""
    found: list[tuple[float, str]] = []
    for part in header[:_LONGEST].split(","):
        tag, _, weight = (piece.strip() for piece in part.partition(";"))
        try:
            quality = float(weight.removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if tag and tag != "*" and quality > 0:
            found.append((quality, tag))
    return [tag for _, tag in sorted(found, key=lambda pair: -pair[0])]


class Speaking:
    """Decide the language of each answer, and say it in the headers."""

    def __init__(self, app: ASGIApp, choose: Callable[[str, list[str]], Spoken]) -> None:
        """Take what answers, and what decides.

        Args:
            app: An ASGI application.
            choose: Given the language a link names, or "", and those the browser asks for.
        """
        self._app = app
        self._choose = choose

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[0]
        decided = self._choose(named, wanted(Headers(scope=scope).get("accept-language", "")))

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["Content-Language"] = decided.lang
                    headers.add_vary_header("Accept-Language")
            await send(message)

        token = _current.set(decided)
        try:
            await self._app(scope, receive, send_on)
        finally:
            _current.reset(token)
