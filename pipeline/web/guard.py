"""The outermost layer of the preview: it is shown to this machine alone."""

from __future__ import annotations

import re
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from pipeline.web.outermost import Outermost

__all__ = ["Guard"]

# Only names that always mean this machine. A page elsewhere whose name was made to point here is turned away, else it
# could read the letters ("DNS rebinding").
_HERE: Final = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_ALWAYS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_STRICTEST: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Guard(Outermost):
    """Answer only who asks for this machine by its own name; never show or log how something went wrong inside."""

    def __init__(self, app: ASGIApp) -> None:
        """Take what is guarded."""

        async def here(scope: Scope, receive: Receive, send: Send) -> None:
            refusal = _refusal(Headers(scope=scope).getlist("host")) if scope["type"] == "http" else None
            await (refusal or app)(scope, receive, send)

        super().__init__(
            here,
            PlainTextResponse("Something went wrong in here; it is our mistake.\n", status_code=500),
            headers=_ALWAYS,
            unsaid={"Content-Security-Policy": _STRICTEST},
        )


def _refusal(hosts: list[str]) -> PlainTextResponse | None:
    if len(hosts) != 1:  # RFC 9112 §3.2
        return PlainTextResponse("A request needs one Host header.\n", status_code=400)
    if not _HERE.fullmatch(hosts[0]):
        return PlainTextResponse("This is only shown at localhost and 127.0.0.1.\n", status_code=421)
    return None
