"""Tell browsers what the site is allowed to do.

A Pelican plugin. It writes ``_headers`` into the output, for hosts that read it. Templates get the policy as
``CONTENT_SECURITY_POLICY``, and that of the page with the search as ``SEARCH_SECURITY_POLICY``, for a ``<meta>`` on
hosts that read nothing. What Caddy and nginx want stands in docs/hosting/,
written by ``python -m plugins.headers docs/hosting``.

Settings:
    SUBSCRIBE_URL: Where the sign-up form posts to; the policy allows that one address besides the site.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Protocol

from pelican import signals

from ..refusing import Refused, without_traceback
from .hosts import netlify
from .policy import fixed, in_page, security_headers

__all__ = ["register"]


class Run(Protocol):
    """What is read and changed of Pelican."""

    settings: MutableMapping[str, object]
    output_path: str


def prepare(pelican: Run) -> None:
    """Hand the policy to the templates.

    Raises:
        Refused: The address of the form would break out of it.
    """
    form = str(pelican.settings.get("SUBSCRIBE_URL", ""))
    if ";" in form or "," in form or " " in form:
        raise Refused(f"SUBSCRIBE_URL is “{form}” — write an address without spaces, commas and semicolons")
    try:
        pelican.settings["CONTENT_SECURITY_POLICY"] = fixed(in_page(form, search=False))
        pelican.settings["SEARCH_SECURITY_POLICY"] = fixed(in_page(form, search=True))
    except ValueError as error:
        raise Refused(f"SUBSCRIBE_URL: {error}") from None


def write(pelican: Run) -> None:
    """Write ``_headers``."""
    form = str(pelican.settings.get("SUBSCRIBE_URL", ""))
    Path(pelican.output_path, "_headers").write_text(netlify(security_headers(form)), encoding="utf-8")


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.initialized.connect(prepare)
    signals.finalized.connect(write)
