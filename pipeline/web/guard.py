"""The outermost layer: who may ask, what every answer says, and what is said when something of ours breaks."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guard"]

_LOG = logging.getLogger(__name__)
# Only names that always mean this machine. A page elsewhere whose name was made to point here is turned away, else it
# could read the letters ("DNS rebinding").
_HERE: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STRICTEST: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Guard:
    """Answer only who asks for this machine by its own name; never show or log how something went wrong inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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
                headers = MutableHeaders(scope=message)
                headers.update(_ALWAYS)
                headers.setdefault("Content-Security-Policy", _STRICTEST)
            await send(message)

        refusal = _refusal(Headers(scope=scope).getlist("host"))
        if refusal is not None:
            await refusal(scope, receive, send_safely)
            return
        try:
            await self._app(scope, receive, send_safely)
        except Exception as error:  # noqa: BLE001 - the last place where anything can be caught
            _LOG.error("an answer could not be made: %s", _place(error))
            if not begun:
                answer = PlainTextResponse(
                    "Something went wrong in here; it is our mistake.\n", status_code=500
                )
                await answer(scope, receive, send_safely)


def _refusal(hosts: list[str]) -> PlainTextResponse | None:
    if len(hosts) != 1:  # RFC 9112 §3.2
        return PlainTextResponse("A request needs one Host header.\n", status_code=400)
    if not _HERE.fullmatch(hosts[0]):
        return PlainTextResponse("This is only shown at localhost and 127.0.0.1.\n", status_code=421)
    return None


def _place(error: Exception) -> str:
    """Name an exception's kind and place, and not its text, which may quote an address."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename}"
