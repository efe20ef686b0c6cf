"""Addresses of films on YouTube and Vimeo, in all their forms → the plain one, without what follows a visitor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

__all__ = ["Film", "film"]

_YOUTUBE = frozenset({"youtube.com", "m.youtube.com", "youtube-nocookie.com", "youtu.be"})
_VIMEO = frozenset({"vimeo.com", "player.vimeo.com"})
_ID = re.compile(r"[\w-]{11}")
_NUMBER = re.compile(r"\d{5,12}")
_HASH = re.compile(r"[0-9a-f]{6,20}")
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """A film on somebody else's site."""

    url: str
    site: str  # as people call it
    host: str
    owner: str  # whose site it is, where its name does not say so; else ""


def film(address: str) -> Film | None:
    """Read the address of one film; None for any other address, a list of films included."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    host = (parts.hostname or "").removeprefix("www.")
    steps = [step for step in parts.path.split("/") if step]
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if host in _YOUTUBE:
        return _youtube(host, steps, asked)
    if host in _VIMEO:
        return _vimeo(host, steps, asked)
    return None


def _youtube(host: str, steps: list[str], asked: dict[str, str]) -> Film | None:
    if host == "youtu.be":
        name = steps[0] if len(steps) == 1 else ""
    elif steps == ["watch"]:
        name = asked.get("v", "")
    elif len(steps) == 2 and steps[0] in {"embed", "live", "shorts", "v"}:
        name = steps[1]
    else:
        name = ""
    if not _ID.fullmatch(name):
        return None
    start = _seconds(asked.get("t", asked.get("start", "")))
    url = f"https://www.youtube.com/watch?v={name}" + (f"&t={start}" if start else "")
    return Film(url=url, site="YouTube", host="youtube.com", owner="Google")


def _vimeo(host: str, steps: list[str], asked: dict[str, str]) -> Film | None:
    if host == "player.vimeo.com":
        if steps[:1] != ["video"]:
            return None
        steps = steps[1:]
    if not steps or not _NUMBER.fullmatch(steps[0]) or len(steps) > 2:
        return None
    secret = steps[1] if len(steps) == 2 else asked.get("h", "")  # of a film that is not listed
    if secret and not _HASH.fullmatch(secret):
        return None
    url = f"https://vimeo.com/{steps[0]}" + (f"/{secret}" if secret else "")
    return Film(url=url, site="Vimeo", host="vimeo.com", owner="")


def _seconds(text: str) -> int:
    match = _TIME.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return hours * 3600 + minutes * 60 + seconds
