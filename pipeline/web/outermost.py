"""The outermost layer of what is served: what every answer says, and what is said when something of ours breaks."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Outermost", "place"]

_LOG = logging.getLogger(__name__)
_OURS: Final = Path(__file__).parents[1]


class Outermost:
    """Put headers on every answer; never show or log how something went wrong inside."""

    def __init__(
        self,
        app: ASGIApp,
        broken: Response,
        *,
        headers: Mapping[str, str],
        unsaid: Mapping[str, str] | None = None,
    ) -> None:
        """Take what is inside.

        Args:
            app: What answers.
            broken: What is answered when it breaks.
            headers: Said with every answer, whatever the answer says itself.
            unsaid: Said where the answer itself says nothing.
        """
        self._app = app
        self._broken = broken
        self._headers = headers
        self._unsaid = unsaid or {}

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
                said = MutableHeaders(scope=message)
                said.update(self._headers)
                for name, value in self._unsaid.items():
                    said.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_safely)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last place where anything can be caught
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
