"""Live reload: pages that are shown here learn that the site was built again, or why it could not be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

__all__ = ["ADDRESS", "Live"]

ADDRESS: Final = "/_reload"
_STATIC: Final = Path(__file__).parent / "static"
_TAG: Final = f'<script src="{ADDRESS}/reload.js" defer></script>'
_PAUSE: Final = 0.02  # seconds between two looks at what the builder says
_QUIET: Final = 15.0  # seconds after which a word is sent that keeps the connection


class Live:
    """What the builder says; it may say it from another thread."""

    def __init__(self) -> None:
        self._said: tuple[int, str] = (0, "")

    @property
    def mistake(self) -> str:
        """Tell why the last build failed; "" if it did not."""
        return self._said[1]

    def built(self) -> None:
        """Say that the site is another one."""
        self._said = (self._said[0] + 1, "")

    def failed(self, mistake: str) -> None:
        """Say why the site is still the one it was: what is wrong, where, and what to do."""
        self._said = (self._said[0], mistake)

    def page(self, html: str) -> str:
        """Have a page listen."""
        before, end, after = html.rpartition("</body>")
        return f"{before}{_TAG}{end}{after}" if end else html + _TAG

    def routes(self) -> list[BaseRoute]:
        """Give the addresses that pages listen at."""
        return [
            Route(f"{ADDRESS}/events", self._events),
            Route(f"{ADDRESS}/reload.js", _file("reload.js", "text/javascript")),
            Route(f"{ADDRESS}/reload.css", _file("reload.css", "text/css")),
        ]

    async def _events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        """Send what is said now, and each time something else is said (HTML, server-sent events)."""
        sent: tuple[int, str] | None = None
        waited = 0.0
        while True:
            if self._said != sent:
                sent, waited = self._said, 0.0
                yield f"data: {json.dumps({'version': sent[0], 'mistake': sent[1]})}\n\n"
            elif waited >= _QUIET:
                waited = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(_PAUSE)
            waited += _PAUSE


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return FileResponse(_STATIC / name, media_type=kind)

    return answer
