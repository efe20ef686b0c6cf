"""The outermost layer of the list service: what every answer says, and what is said when something of ours breaks."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import KeyChanged

__all__ = ["HEADERS", "RENEWABLE", "Shield", "place"]

RENEWABLE: Final = (
    "belonging.renewable"  # in a scope: whoever called can give the request to a newer application
)

_LOG = logging.getLogger(__name__)
_OURS: Final = Path(__file__).parents[2]
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=(), browsing-topics=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
"""Said with every answer: no page is kept, framed, indexed, or told on to where its links lead."""


class Shield:
    """Put the headers on every answer; never show or log how something went wrong inside."""

    def __init__(self, app: ASGIApp, broken: Response) -> None:
        """Take what is shielded, and what to answer when it breaks."""
        self._app = app
        self._broken = broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_safely(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last place where anything can be caught
            missed = scope.get(RENEWABLE)
            if isinstance(error, KeyChanged) and missed is not None and not begun:
                missed.append(error)  # to be answered by an application that has the new key
                return
            _LOG.error("an answer could not be made: %s", place(error))
            if not begun:
                await self._broken(scope, receive, send_safely)


def place(error: BaseException) -> str:
    """Name an exception's kind and the last place of ours it passed, not its text, which may quote an address."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_OURS)] or frames
    return (
        f"{type(error).__name__} in {ours[-1].name}, line {ours[-1].lineno} of {Path(ours[-1].filename).name}"
    )
