"""The outermost layer of the list service: what every answer says, and what is said when something of ours breaks."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp

from pipeline.web.outermost import Outermost

__all__ = ["HEADERS", "Shield"]

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


class Shield(Outermost):
    """Put the headers on every answer; never show or log how something went wrong inside."""

    def __init__(self, app: ASGIApp, broken: Response) -> None:
        """Take what is shielded, and what to answer when it breaks."""
        super().__init__(app, broken, headers=HEADERS)
