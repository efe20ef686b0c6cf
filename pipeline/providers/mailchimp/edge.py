"""The edge: the official client asks through here, and what comes back is judged once, by us.

Left to itself the client follows redirects, hands back failed answers as if they were results, and keeps the key in
every exception. So it gets a transport of ours and no key. It still knows names and paths; that is what it is for.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from pipeline.providers.mailchimp.endpoints import Effect, Endpoint, find
from pipeline.providers.mailchimp.wire import Fate, Reply, Wire

if TYPE_CHECKING:
    import mailchimp_marketing

__all__ = ["Answer", "Document", "official_client"]

_CONNECTIONS = 4  # Mailchimp allows ten for one user; others may be at work with the same account

Document = Mapping[str, object]
"""A JSON object."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What became of one request, whatever it was. The client takes it for a successful answer and hands it on."""

    endpoint: Endpoint | None  # None: outside the table; nothing was asked
    fate: Fate = Fate.LOST
    status: int = 0
    document: Document | None = field(default=None, repr=False)  # None: the body is no JSON object
    retry_after: float = 0.0  # seconds
    date: str = ""  # what time it is there, as HTTP writes it

    # What the client looks at before it hands an answer on.
    ok: ClassVar[bool] = True
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({"content-type": "application/json"})

    def json(self) -> Answer:
        """Answer itself, so that the client has nothing to interpret."""
        return self


class _Transport:
    """Stand in for the client's own transport."""

    def __init__(self, wire: Wire, base: str) -> None:
        self._wire = wire
        self._base = base
        self._slots = threading.BoundedSemaphore(_CONNECTIONS)

    def __call__(
        self,
        method: str,
        url: str,
        query_params: Sequence[tuple[str, object]] | None = None,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - the wire has its own
        body: object = None,
    ) -> Answer:
        path = url.removeprefix(self._base)
        endpoint = find(method, path)
        if endpoint is None or not url.startswith(self._base):
            return Answer(endpoint=None)
        with self._slots:
            reply = self._wire(
                method,
                url,
                query={name: _text(value) for name, value in query_params or ()},
                body=None if body is None else json.dumps(body).encode(),
                once=endpoint.effect is not Effect.READ,
            )
        return _read(endpoint, reply)


def official_client(wire: Wire, base: str) -> mailchimp_marketing.Client:
    """Make the official client, speaking through a wire.

    Args:
        wire: Carries requests and knows the key.
        base: Where the API is, "https://us1.api.mailchimp.com/3.0".
    """
    import mailchimp_marketing  # noqa: PLC0415 - 0.2 s, which only those shall wait who use it

    client = mailchimp_marketing.Client()
    client.api_client.host = base
    client.api_client.server = ""  # else it replaces the word "server" wherever an address holds it
    client.api_client.request = _Transport(wire, base)
    return client


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(endpoint: Endpoint, reply: Reply) -> Answer:
    document: Document | None = None
    if reply.content:
        try:
            parsed = json.loads(reply.content)
        except (ValueError, RecursionError):
            parsed = None
        document = parsed if isinstance(parsed, dict) else None
    wish = reply.headers.get("retry-after", "")
    return Answer(
        endpoint=endpoint,
        fate=reply.fate,
        status=reply.status,
        document=document,
        retry_after=float(wish) if wish.isdigit() and len(wish) < 6 else 0.0,
        date=reply.headers.get("date", ""),
    )
