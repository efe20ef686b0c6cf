"""How a plugin stops a build: with what is wrong, without a traceback, and always with an exit code that is not 0.

Pelican exits 0 after whatever it merely logged, and so does ``--fatal errors`` beside ``-q``. It exits non-zero after
an exception that leaves ``Pelican.run``; then it logs a traceback too, which is noise to somebody who made a typing
mistake.
"""

from __future__ import annotations

import logging

__all__ = ["Refused", "without_traceback"]


class Refused(Exception):
    """The build stops here because of something that a person can put right."""

    exitcode = 1  # Pelican exits with this


def without_traceback() -> None:
    """Have Pelican name a refusal and leave it at that. Doing it again changes nothing."""
    logging.getLogger("pelican").addFilter(_strip)


def _strip(record: logging.LogRecord) -> bool:
    if record.exc_info and isinstance(record.exc_info[1], Refused):
        record.exc_info = None
    return True
