"""What the pages do besides, and do not do, where somebody else keeps the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.web.service.forms import read_body

__all__ = ["Hear", "Hosted"]

Hear = Callable[[Mapping[str, str], bytes], bool]
"""Takes the headers and the body of a call that says it is from who keeps the list; tells whether it is."""


@dataclass(frozen=True, kw_only=True)
class Hosted:
    """A list that somebody else keeps."""

    mails: bool  # whether links can be mailed from here
    topics: Callable[[], Sequence[str]]  # what there is to choose from, as far as it is known now
    choose: Callable[[str, Sequence[str]], bool]  # by a pass; raises where it could not be done now
    hear: Hear | None  # None: nobody calls

    def routes(self) -> list[Route]:
        """List where who keeps the list calls."""
        if self.hear is None:
            return []
        # Before it calls, it looks whether anybody is there.
        return [
            Route("/webhook", _here, methods=["GET"]),
            Route("/webhook", self._heard, methods=["POST"]),
        ]

    async def _heard(self, request: Request) -> Response:
        assert self.hear is not None  # noqa: S101 - else there is no such route
        body = await read_body(request)
        genuine = await run_in_threadpool(self.hear, request.headers, body)
        return Response(status_code=204 if genuine else 403)


async def _here(_: Request) -> Response:
    return Response(status_code=200)
