"""An application that is made anew when the list was given another key, so that nobody's request is lost to that."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import KeyChanged

__all__ = ["Renewable", "Renewing"]

_RENEWABLE: Final = (
    "belonging.renewable"  # in a scope: whoever called can give the request to a newer application
)


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
        await app({**scope, _RENEWABLE: missed}, listening, send)
        if missed:
            await run_in_threadpool(self._renew, app)
            await self._app()(scope, repeating, send)


class Renewable:
    """Leave a request that met a new key to who can give it to a newer application, if nothing was answered yet."""

    def __init__(self, app: ASGIApp) -> None:
        """Take what answers."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI 3)."""
        missed, begun = scope.get(_RENEWABLE), False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except KeyChanged as error:
            if missed is None or begun:
                raise
            missed.append(error)
