"""Dates as writers type them → aware datetimes.

What Pelican accepts (it asks dateutil) is accepted and means the same, but for three things that would depend on the
day or the machine of the build: a date that leaves out its day, month or year, a zone by an abbreviation, and a year
of two digits.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from dateutil import parser

__all__ = ["ImpossibleDate", "is_ambiguous", "parse"]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?")
_SLASHED = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-]\d{4}\b")
_OFFSET = "write the offset from UTC: 2026-11-23 09:30+01:00"
_ADVICE = "write it as 2026-11-23 or 2026-11-23 09:30"

# Parts that a text leaves out are taken from these. Two texts that come out different left something out.
_ONE = datetime(2000, 1, 1)  # noqa: DTZ001 (a zone is added below)
_OTHER = datetime(2004, 2, 2)  # noqa: DTZ001


class ImpossibleDate(ValueError):
    """A text that is no date, with what to write instead."""

    def __init__(self, message: str, advice: str = _ADVICE) -> None:
        super().__init__(message)
        self.message, self.advice = message, advice


def parse(text: str, zone: tzinfo) -> datetime:
    """Read a date, or a date and a time of day.

    Args:
        text: What the writer typed.
        zone: The zone of a text that names none.

    Raises:
        ImpossibleDate: It is no date, or one that would depend on when and where it is read.
    """
    text = re.sub(" +", " ", text.strip())
    if _ISO.fullmatch(text):
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise ImpossibleDate(f"there is no such date as {text}") from None
    else:
        value = _loosely(text)
    if value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    try:
        value.astimezone(UTC)
    except OverflowError:
        raise ImpossibleDate(f"{text} is beyond what a calendar holds") from None
    return value


def is_ambiguous(text: str) -> bool:
    """Say whether some would read the day for the month: 03/04/2026 is read as the 4th of March."""
    match = _SLASHED.match(text)
    return bool(match and match[1] != match[2] and int(match[1]) <= 12 and int(match[2]) <= 12)


def _loosely(text: str) -> datetime:
    if len(text) > 100 or not text.isprintable():
        raise ImpossibleDate("this is not a date")
    try:
        one: datetime = parser.parse(text, default=_ONE, tzinfos=_zone)
        other: datetime = parser.parse(text, default=_OTHER, tzinfos=_zone)
    except ImpossibleDate:
        raise
    except (ValueError, OverflowError, TypeError, ArithmeticError):
        raise ImpossibleDate(f"“{text}” is not a date") from None
    if one != other:
        raise ImpossibleDate(f"“{text}” leaves out the day, the month or the year")
    if str(one.year) not in text:
        raise ImpossibleDate(f"“{text}” leaves out the century")
    return one


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    """Answer dateutil, which would else look an abbreviation up in the zone of this machine."""
    if offset is not None:
        try:
            return timezone(timedelta(seconds=offset))
        except ValueError:
            raise ImpossibleDate("no zone is that far from UTC", _OFFSET) from None
    if name is None:
        return None
    if name.upper() in {"UTC", "GMT", "Z"}:
        return UTC
    raise ImpossibleDate(f"the zone “{name}” means different times in different places", _OFFSET)
