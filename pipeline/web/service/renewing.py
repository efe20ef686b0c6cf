"""An application that is made anew when the list was given another key, so that nobody's request is lost to that."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import KeyChanged
from pipeline.web.service.shield import RENEWABLE

__all__ = ["Renewing"]


class Renewing:
    """Give each request to the application of now; one that met a new key, once more to the one made with it."""

    def __init__(self, app: Callable[[], ASGIApp], renew: Callable[[ASGIApp], None]) -> None:
        """Take what answers the application of now, and what makes it anew unless somebody else has."""
        self._app = app
        self._renew = renew

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        heard: deque[Message] = deque()

        async def listening() -> Message:
            message = await receive()
            heard.append(message)
            return message

        async def repeating() -> Message:
            return heard.popleft() if heard else await receive()

        app, missed = self._app(), list[KeyChanged]()
        await app({**scope, RENEWABLE: missed}, listening, send)
        if missed:
            await run_in_threadpool(self._renew, app)
            await self._app()(scope, repeating, send)
