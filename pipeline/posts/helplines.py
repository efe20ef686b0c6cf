"""The date on which somebody last looked whether the help lines still answer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from pipeline.posts import encoding
from pipeline.posts.located import Place
from pipeline.posts.mistakes import Mistake

__all__ = ["MAX_AGE", "judge"]

MAX_AGE = 180  # days
_CHECKED = re.compile(
    r"^[ \t]*(?:compiled|(?:last_)?(?:checked|verified))[ \t]*=[ \t]*[\"']?(\d{4}-\d{2}-\d{2})", re.MULTILINE
)
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


def judge(path: Path, *, today: date | None, shown: str = "") -> Iterator[Mistake]:
    """Find out whether the list of help lines can be read, and is not too old to be trusted.

    Args:
        path: A TOML file; nothing is said of one that is not there.
        today: Without it, the age is not looked at: a build must not fail because time went by.
        shown: What to call the file in mistakes; else the path as given.
    """
    if not path.exists():
        return
    source, unreadable = encoding.load(path, shown=shown)
    if unreadable:
        yield unreadable
        return
    try:
        tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        at = _AT.search(str(error))
        place = Place(int(at[1]), int(at[2])) if at else source.place(len(source.text))
        problem = _AT.sub("", str(error)).strip()
        yield source.mistake(place, f"is not TOML: {problem}", "correct this line or the one before")
        return
    if today is None:
        return
    dates = []
    for match in _CHECKED.finditer(source.text):
        try:
            dates.append((date.fromisoformat(match[1]), source.place(match.start(1))))
        except ValueError:
            yield source.mistake(
                source.place(match.start(1)), f"there is no such date as {match[1]}", "correct it"
            )
    if not dates:
        return
    oldest, place = min(dates)
    age = (today - oldest).days
    if age > MAX_AGE:
        message = f"the help lines were last looked up {age} days ago"
        yield source.mistake(place, message, "look each of them up again, then write the day", warning=True)
