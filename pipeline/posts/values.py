"""One value of front matter: the text a writer typed → what it means, or what to write instead.

These are pydantic's validators. Each either gives the value or raises ``wrong(message, advice)``; which key it was
and where it stands, the caller knows.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationInfo
from pydantic_core import PydanticCustomError

from pipeline.posts import dates, slugs

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")  # the part of BCP 47 that occurs in practice
_TEMPLATE = re.compile(r"\w[\w./-]*")
_BREAK = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_OVERRIDE = re.compile("[\u202a-\u202e\u2066-\u2069]")  # make text read as what it is not (UAX #9)
_RETYPE = "delete that invisible character, or type the words again"


class Status(StrEnum):
    """Where a post is published; ``hidden`` and ``skip`` are Pelican's."""

    DRAFT = "draft"
    PUBLISHED = "published"
    HIDDEN = "hidden"
    SKIP = "skip"


def boolean(text: str) -> bool | None:
    """Read yes or no in the ways people write it; None when it is neither."""
    folded = text.strip().lower()
    return True if folded in _TRUE else False if folded in _FALSE else None


def short(text: str) -> str:
    """Quote something without letting it break the line it is quoted in."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return shown if len(shown) <= 40 else shown[:39] + "…"


def wrong(message: str, advice: str) -> PydanticCustomError:
    """Make the error that says what is wrong with a value and what to write."""
    return PydanticCustomError("front_matter", "{message}", {"message": message, "advice": advice})


def problem(text: str) -> tuple[str, str] | None:
    """Say what no header, attribute or feed can hold of a text, and what to do about it; None: all is well."""
    if override := _OVERRIDE.search(text):
        message = (
            f"it holds U+{ord(override[0]):04X}, which makes text read in another order than it is stored"
        )
        return message, _RETYPE
    if control := _CONTROL.search(text):
        return f"it holds the control character U+{ord(control[0]):04X}", _RETYPE
    return None


def text_value(value: object) -> str:
    """Read text of any number of lines, all of it to be seen."""
    if not isinstance(value, str):
        raise wrong("one value is needed, not several", "write it on one line, in quotes")
    value = value.strip()
    if found := problem(value):
        raise wrong(*found)
    return value


def line_value(value: object) -> str:
    """Read text of one line: it becomes a header of a letter, or an attribute."""
    text = text_value(value)
    if _BREAK.search(text):
        raise wrong("it is broken over several lines", "write it on one line")
    return text


def title_value(value: object) -> str:
    """Read a title, which cannot be empty."""
    text = line_value(value)
    if not text:
        raise wrong("the title is empty", 'write title: "…"')
    return text


def date_value(value: object, info: ValidationInfo) -> datetime:
    """Read a date; the zone of one that names none is the validation context."""
    zone = info.context if isinstance(info.context, tzinfo) else UTC
    try:
        return dates.parse(line_value(value).replace("_", " "), zone)
    except dates.ImpossibleDate as impossible:
        raise wrong(impossible.message, impossible.advice) from None


def named_zone(name: str) -> ZoneInfo | None:
    """Give the time zone of an IANA name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_value(value: object) -> str:
    """Read the IANA name of a time zone."""
    text = line_value(value)
    if named_zone(text) is None:
        raise wrong(f"there is no time zone “{short(text)}”", "write its IANA name: Europe/Madrid")
    return text


def id_value(value: object) -> str:
    """Read an id."""
    text = line_value(value)
    if not slugs.is_id(text):
        proposal = slugs.slugify(text)[: slugs.MAX_ID].strip("-_") or "a-short-name"
        raise wrong(
            f"“{short(text)}” cannot be an id", f"use up to 100 of A-Z a-z 0-9 . _ -, as in {proposal}"
        )
    return text


def slug_value(value: object) -> str:
    """Read a slug that is safe as a folder and in an address."""
    text = line_value(value)
    if not slugs.is_slug(text):
        proposal = slugs.slugify(text)[:60].strip("-_")
        advice = f"write slug: {proposal}" if proposal else "write a few words joined by -"
        raise wrong(f"“{short(text)}” cannot be part of an address", advice)
    return text


def language_value(value: object) -> str:
    """Read a language tag."""
    text = line_value(value)
    if not _LANG.fullmatch(text):
        raise wrong(f"“{short(text)}” is no language tag", "write one of BCP 47: en, es, pt-BR")
    return text


def canonical_language(tag: str) -> str:
    """Write a language tag in the capitals that are customary: zh-hant-TW as zh-Hant-TW (RFC 5646 §2.1.1).

    Pelican folds the site's own tag to lower case; pages, feeds and letters show this form.
    """
    first, *others = tag.lower().split("-")
    customary = (
        part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in others
    )
    return "-".join((first, *customary))


def names_value(value: object) -> tuple[object, ...]:
    """Split as Pelican does: at semicolons where there are any, else at commas; a list is taken as it is."""
    if isinstance(value, str):
        value = value.split(";" if ";" in value else ",")
    if not isinstance(value, list):
        raise wrong("a list of names is needed", "write them as [one, two]")
    return tuple(item for item in value if not (isinstance(item, str) and not item.strip()))


def once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Drop what is named again."""
    return tuple(dict.fromkeys(names))


def name_value(value: object) -> str:
    """Read the name of a category, a tag or an author, each of which gets a page."""
    text = line_value(value)
    if text and not slugs.slugify(text):
        raise wrong(f"“{short(text)}” has no letter or digit to make an address of", "add a word")
    return text


def yes_or_no_value(value: object) -> bool:
    """Read a boolean."""
    answer = boolean(line_value(value))
    if answer is None:
        raise wrong(f"“{short(str(value))}” is neither true nor false", "write true or false")
    return answer


def status_value(value: object) -> Status:
    """Read a status, in capitals or not, as Pelican does."""
    text = line_value(value).lower()
    if text not in {status.value for status in Status}:
        raise wrong(f"“{short(text)}” is no status", "write draft, published or hidden")
    return Status(text)


def template_value(value: object) -> str:
    """Read the name of a template of the theme."""
    text = line_value(value)
    if not _TEMPLATE.fullmatch(text) or ".." in text:
        raise wrong(
            f"“{short(text)}” is no template", "write the name of one in theme/templates, without .html"
        )
    return text


def save_as_value(value: object) -> str:
    """Read where below the output a page is written."""
    text = line_value(value)
    if text.startswith(("/", "~")) or "\\" in text or ".." in text.split("/"):
        raise wrong(
            f"“{short(text)}” leads out of the site", "write a path inside it, as in notes/index.html"
        )
    return text


def image_value(value: object) -> str:
    """Accept a path below content/, with or without Pelican's mark before it."""
    text = re.sub(r"^(?:\{(?:static|attach|filename)\}|\|(?:static|filename)\|)", "", line_value(value))
    if ":" in text.split("/", 1)[0] or text.startswith("//"):
        return text
    text = text.lstrip("/")
    if "\\" in text or ".." in text.split("/"):
        raise wrong(f"“{short(text)}” leads out of content/", "write a path below it, as in images/name.png")
    return text
