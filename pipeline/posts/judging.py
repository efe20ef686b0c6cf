"""A document → its typed front matter, and everything that is wrong with it at once, each mistake at its place."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from pydantic import ValidationError

from pipeline.posts import dates, keys
from pipeline.posts.frontmatter import Document
from pipeline.posts.located import Items, Place, Plain, Table, Text, plain
from pipeline.posts.mistakes import Mistake
from pipeline.posts.schema import FrontMatter, Kind, Status
from pipeline.posts.values import named_zone, short

__all__ = ["MAX_SUBJECT", "Checked", "validate"]

LONG_SUBJECT = 78  # characters that a phone and a narrow window still show
MAX_SUBJECT = 150
LONG_PREHEADER = 110


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A document, judged."""

    document: Document
    front_matter: FrontMatter  # a field with a mistake is left at its default
    extra: Mapping[str, Plain]  # keys without a meaning here, for templates
    mistakes: tuple[Mistake, ...]

    def place(self, *names: str) -> Place:
        """Give the place of the first of these keys that is there, else the start of the file."""
        fields = self.document.fields
        return next((fields[name].place for name in names if name in fields), Place(1, 1))


def validate(
    document: Document,
    *,
    kind: Kind = Kind.POST,
    zone: tzinfo = UTC,
    defaults: Mapping[str, str] = MappingProxyType({}),
    undated: bool = False,
) -> Checked:
    """Judge a document's front matter.

    Args:
        document: As read.
        kind: A page needs no date and is never mailed.
        zone: The site's own, for dates that name none.
        defaults: What is known without the front matter, such as a date in the file's name.
        undated: Whether a post may do without a date.
    """
    fields = document.fields
    given = {key: plain(field.value) for key, field in fields.items() if key in keys.TYPED}
    # A key with nothing behind it says nothing, but for those where emptiness is an answer or a mistake.
    data = {
        key: value
        for key, value in given.items()
        if value not in ("", []) or key in {"title", "save_as", "url"}
    }
    data = {**{key: value for key, value in defaults.items() if key in keys.TYPED}, **data}
    mistakes = list(document.mistakes)
    front_matter = _model(document, data, zone, mistakes)
    if document.readable:
        mistakes += _missing(document, data, front_matter, kind, undated=undated)
        mistakes += _advice(document, front_matter, kind)
        mistakes += _foreign(document)
    extra = {
        key: plain(field.value) for key, field in fields.items() if key not in keys.TYPED | keys.RESERVED
    }
    return Checked(
        document=document,
        front_matter=front_matter,
        extra=MappingProxyType(extra),
        mistakes=tuple(sorted(mistakes)),
    )


def _model(document: Document, data: dict[str, Plain], zone: tzinfo, mistakes: list[Mistake]) -> FrontMatter:
    """Validate; note what is wrong, leave it out, and validate what is left, which then is right."""
    own = data.get("timezone")
    if isinstance(own, str):
        zone = named_zone(own.strip()) or zone
    try:
        return FrontMatter.model_validate(data, context=zone)
    except ValidationError as error:
        bad: set[str] = set()
        for problem in error.errors(include_url=False, include_input=False):
            key, *rest = problem["loc"]
            bad.add(str(key))
            known = problem.get("ctx", {})
            message = str(known.get("message", problem["msg"]))
            advice = str(known.get("advice", "write another value"))
            place = _value_place(document, str(key), rest)
            prefix = "" if place else "from its path or the settings, "
            mistakes.append(
                document.source.mistake(place or Place(1, 1), f"{prefix}{key}: {message}", advice)
            )
        return FrontMatter.model_validate({k: v for k, v in data.items() if k not in bad}, context=zone)


def _value_place(document: Document, key: str, rest: list[int | str]) -> Place | None:
    if key not in document.fields:
        return None
    value = document.fields[key].value
    if rest and isinstance(value, Items) and isinstance(rest[0], int):
        items = [item for item in value.values if not (isinstance(item, Text) and not item.value.strip())]
        if rest[0] < len(items):
            return items[rest[0]].place
    return value.place


def _missing(
    document: Document, data: Mapping[str, Plain], front: FrontMatter, kind: Kind, *, undated: bool
) -> list[Mistake]:
    """Find what should be there and is not."""
    found: list[Mistake] = []

    def miss(key: str, message: str, advice: str) -> None:
        field = document.fields.get(key)
        found.append(document.source.mistake(field.place if field else Place(1, 1), message, advice))

    if "title" not in data:
        start = document.source.text[:1]
        late = start in {"\n", " ", "\t"} and not document.fields
        advice = "begin the file with them, without an empty line before" if late else 'write title: "…"'
        miss("title", "there is no title", advice)
    dated = kind is Kind.PAGE or undated or "date" in data or front.status in {Status.DRAFT, Status.SKIP}
    if not dated:
        miss("date", "there is no date", "write date: 2026-11-23 09:30, or status: draft")
    if front.image and not front.image_alt and "image_alt" not in data:
        place = document.fields["image"].place if "image" in document.fields else Place(1, 1)
        message = "the image has no text for those who cannot see it"
        found.append(document.source.mistake(place, message, "write image_alt: what the picture shows"))
    return found


def _advice(document: Document, front: FrontMatter, kind: Kind) -> list[Mistake]:
    """Find what is allowed and still unwise, and subjects that are too long to be sent."""
    found: list[Mistake] = []

    def say(key: str, message: str, advice: str, *, warning: bool = True) -> None:
        if key in document.fields:
            place = document.fields[key].value.place
            found.append(document.source.mistake(place, message, advice, warning=warning))

    for key in ("date", "modified", "mail_at"):
        field = document.fields.get(key)
        if field and isinstance(field.value, Text) and dates.is_ambiguous(field.value.value):
            read = getattr(front, key)
            if isinstance(read, datetime):
                say(key, f"day or month? it is read as {read:%d %B %Y}", f"write {read:%Y-%m-%d}")
    if front.image and (":" in front.image or front.image.startswith("//")):
        advice = "copy it to content/images/ and write images/name.png"
        say("image", "a picture on another host tells that host who reads", advice)
    if kind is Kind.POST and front.mail:
        key = "subject" if front.subject else "title"
        length = _visible(front.subject or front.title)
        shorter = "write a shorter subject:" if key == "title" else "shorten it"
        if length > MAX_SUBJECT:
            message = f"as a subject it has {length} characters; {MAX_SUBJECT} are the most"
            say(key, message, shorter, warning=False)
        elif length > LONG_SUBJECT:
            say(key, f"as a subject it has {length} characters; many inboxes show {LONG_SUBJECT}", shorter)
        if _visible(front.preheader) > LONG_PREHEADER:
            say("preheader", f"few inboxes show more than {LONG_PREHEADER} characters", "shorten it")
    return found


def _foreign(document: Document) -> list[Mistake]:
    """Find keys that the schema does not know, and names that Pelican keeps to itself."""
    found: list[Mistake] = []
    for key, field in document.fields.items():
        if key in keys.RESERVED or key.startswith("_"):
            message = f"the key “{key}” would overwrite a part of Pelican"
            found.append(document.source.mistake(field.place, message, "give it another name"))
        elif key not in keys.TYPED and key not in keys.THEMES:
            meant = keys.nearest(key)
            message = f"the key “{short(key)}” is not known; it is kept for templates"
            advice = f"did you mean {meant}?" if meant else "remove it if no template uses it"
            found.append(document.source.mistake(field.place, message, advice, warning=True))
        if key not in keys.TYPED and (bad := _unusable(field.value)):
            message = f"{key}: it holds the control character U+{ord(bad):04X}"
            found.append(
                document.source.mistake(field.value.place, message, "delete that invisible character")
            )
    return found


def _unusable(node: Text | Items | Table) -> str:
    """Give a character that no page or feed can hold, such as an escape in quotes may have made, or nothing."""
    match node:
        case Text():
            categories = ((unicodedata.category(character), character) for character in node.value)
            return next((c for kind, c in categories if kind in {"Cc", "Cs"} and c not in "\n\t"), "")
        case Items():
            return next((bad for value in node.values if (bad := _unusable(value))), "")
        case Table():
            return next((bad for field in node.fields if (bad := _unusable(field.value))), "")


def _visible(text: str) -> int:
    """Count what takes a place in a line: no combining marks, joiners or variation selectors."""
    if text.isascii():
        return len(text)
    return sum(unicodedata.category(character) not in {"Mn", "Me", "Cf"} for character in text)
