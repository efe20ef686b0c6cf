"""Say where flaws are to be reported: ``/.well-known/security.txt`` (RFC 9116).

A Pelican plugin. The file must name a day on which it expires, so it is the one file of the site that depends on when
it was built: see docs/adr/0017-security-txt-expires.md. The variable ``SOURCE_DATE_EPOCH`` says another time than now
(https://reproducible-builds.org/specs/source-date-epoch/).

Settings:
    SECURITY_CONTACT: ``mailto:…`` or ``https://…``; left out, no file is written.
    SECURITY_POLICY: The address of a page that says more; may be left out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from pelican import signals

from ..refusing import Refused, without_traceback

__all__ = ["expires", "register", "security_txt"]

_MONTHS = 7  # RFC 9116 §2.5.5 recommends less than a year


class Run(Protocol):
    """What is read of Pelican."""

    settings: Mapping[str, object]
    output_path: str


def expires(now: datetime) -> datetime:
    """Give the first day of the month after the next six: builds of one month write the same file."""
    years, month = divmod(now.month - 1 + _MONTHS, 12)
    return datetime(now.year + years, month + 1, 1, tzinfo=UTC)


def security_txt(settings: Mapping[str, object], now: datetime) -> str:
    """Write the file; "" where nobody is named.

    Args:
        settings: Pelican's.
        now: when it is written.

    Raises:
        Refused: The contact is no URI.
    """
    contact = str(settings.get("SECURITY_CONTACT") or "")
    if not contact:
        return ""
    if not contact.startswith(("mailto:", "https://", "tel:")) or len(contact.split()) != 1:
        raise Refused(
            f'SECURITY_CONTACT is “{contact}” — write "mailto:security@example.org" or an https address'
        )
    lines = [f"Contact: {contact}", f"Expires: {expires(now):%Y-%m-%dT%H:%M:%SZ}"]
    if policy := str(settings.get("SECURITY_POLICY") or ""):
        lines.append(f"Policy: {policy}")
    lines += [
        f"Preferred-Languages: {settings['DEFAULT_LANG']}",
        f"Canonical: {settings['SITEURL']}/.well-known/security.txt",
    ]
    return "".join(f"{line}\n" for line in lines)


def write(pelican: Run) -> None:
    """Write the file into the output."""
    if text := security_txt(pelican.settings, _now()):
        file = Path(pelican.output_path, ".well-known", "security.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _now() -> datetime:
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC)


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.finalized.connect(write)
