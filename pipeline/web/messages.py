"""What a message in the mailbox says: bytes in, values out. They may come from anybody, so nothing is believed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from pipeline.letters import EmbeddedImage

__all__ = ["Body", "Head", "header_lines", "read_body", "read_head"]

IMAGE_TYPES = frozenset(f"image/{kind}" for kind in ("avif", "gif", "jpeg", "png", "svg+xml", "webp"))
"""Pictures inside a message that are shown."""

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LONGEST_FIELD = 2_000  # characters; what is shown of one header
_MOST_PARTS = 100
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# Encodings of text. Python knows others, which are slow, or no encodings of text at all.
_TEXT_ENCODING = re.compile(r"utf|ascii|iso8859|iso2022|cp\d|koi8|gb|big5|shift_jis|euc_|mac|tis")
# What the library raises on malformed input; beyond its own errors, when parts are nested too deep for it.
_STUMBLES = (MessageError, ValueError, RecursionError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The headers a list of messages shows; "" where one is missing."""

    subject: str
    sender: str
    to: str
    date: datetime | None  # aware
    campaign: str  # from Feedback-ID


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The parts that are shown; None where the message has no such part."""

    text: str | None
    html: str | None
    images: tuple[EmbeddedImage, ...]


def header_lines(content: bytes) -> str:
    """Return the headers as they stand, one line each, or the whole if no empty line ends them."""
    return re.sub(r"\r\n?", "\n", _HEAD_END.split(content, maxsplit=1)[0].decode("utf-8", "replace"))


def read_head(content: bytes) -> Head | None:
    """Read the headers a list shows from a message, or from its beginning.

    None: nothing in it looks like the headers of a message.
    """
    lines = header_lines(content)
    subject, sender, to = (_field(lines, name) for name in ("Subject", "From", "To"))
    if not (subject or sender or to):
        return None
    return Head(
        subject=subject,
        sender=sender,
        to=to,
        date=_date(_field(lines, "Date")),
        campaign=_field(lines, "Feedback-ID").partition(":")[0],
    )


def read_body(content: bytes) -> Body | None:
    """Read the first plain-text part, the first HTML part and the pictures that belong to it (RFC 2387, RFC 2392).

    None: its parts cannot be told apart.
    """
    try:
        return _body(BytesParser(policy=policy.compat32).parsebytes(content))
    except _STUMBLES:
        return None


def _body(message: Message) -> Body:
    text: str | None = None
    html: str | None = None
    images: list[EmbeddedImage] = []
    for number, part in enumerate(message.walk()):
        if number == _MOST_PARTS:
            break
        kind = part.get_content_type()
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        if kind == "text/plain" and text is None:
            text = re.sub(r"\r\n?", "\n", _text(part))
        elif kind == "text/html" and html is None:
            html = _text(part)
        elif kind in IMAGE_TYPES and part["Content-ID"]:
            images.append(
                EmbeddedImage(
                    content_id=str(part["Content-ID"]).strip().removeprefix("<").removesuffix(">"),
                    media_type=kind,
                    data=_payload(part),
                )
            )
    return Body(text=text, html=html, images=tuple(images))


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: Message) -> str:
    return _decoded(_payload(part), str(part.get_content_charset() or "utf-8"))


def _decoded(raw: bytes, charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):  # unknown; or no name at all, such as one with a NUL in it
        name = ""
    encoding = name if _TEXT_ENCODING.match(name) else "utf-8"
    # UTF-7 can say halves of characters, which nothing can write down again.
    return raw.decode(encoding, "replace").encode("utf-8", "replace").decode("utf-8")


def _field(lines: str, name: str) -> str:
    """Read one header on one line, its encoded words decoded (RFC 2047); control characters become spaces."""
    found = re.search(rf"(?im)^{name}:(.*(?:\n[ \t].*)*)", lines)
    if found is None:
        return ""
    raw = found[1].replace("\n", "").strip()[:_LONGEST_FIELD]
    try:
        words = [_word(piece, charset) for piece, charset in decode_header(raw)]
    except _STUMBLES:
        words = [raw]
    return _UNSHOWABLE.sub(" ", "".join(words)).strip()


def _word(piece: str | bytes, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    # Between encoded words the library hands out plain text in an encoding of Python's own.
    return _decoded(piece, charset) if charset else piece.decode("raw-unicode-escape")


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (*_STUMBLES, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)  # "-0000": in UTC, the sender's own zone untold
