"""A calendar of the letters (RFC 5545): one entry for each post, on its day, so that it can be found again there.

Each entry takes no time and rings no bell. A subscribed calendar may be seen by others, so it shows titles only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from pipeline.posts.plain import from_html

from .published import FeedPost

__all__ = ["calendar"]

_LINE = 75  # octets, without the line's end (§3.1)
_SPECIAL = re.compile(r"([\\;,])")


def calendar(settings: Mapping[str, object], posts: Sequence[FeedPost]) -> str:
    """Write the calendar, its lines folded and ended as the format wants them.

    Args:
        settings: Pelican's.
        posts: what it holds.
    """
    site = str(settings["SITEURL"])
    name = _text(from_html(str(settings["SITENAME"])))
    lines = [
        *("BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//{name}//Letters//EN", "CALSCALE:GREGORIAN"),
        *("METHOD:PUBLISH", f"NAME:{name}", f"X-WR-CALNAME:{name}", "REFRESH-INTERVAL;VALUE=DURATION:P1D"),
    ]
    for post in posts:
        lines += _entry(post, site)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _entry(post: FeedPost, site: str) -> Iterator[str]:
    modified = getattr(post, "modified", None)
    day = post.date.date()
    yield "BEGIN:VEVENT"
    yield f"UID:{post.lang}-{post.slug}@{urlsplit(site).hostname}"
    yield f"DTSTAMP:{_stamp(modified if isinstance(modified, datetime) else post.date)}"
    yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{_text(from_html(post.title))}"
    yield f"URL:{site}/{post.url}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Escape a value of type TEXT (§3.3.11)."""
    return _SPECIAL.sub(r"\\\1", value)


def _folded(line: str) -> Iterator[str]:
    """Break a long line, never within a character; what goes on begins with a space."""
    piece, size = "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _LINE:
            yield piece
            piece, size = " ", 1
        piece += character
        size += octets
    yield piece
