"""Composing: one letter, once, into bytes; then one message for each subscriber by putting four things in.

All copies of one variant are the same byte for byte but for To, Message-ID, Date and the token in the unsubscribe
link. Here that is not a promise but the way messages are made: the bytes between those four are shared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from pipeline.errors import SettingsError
from pipeline.letters import Edition, EmbeddedImage, Guise, Letter
from pipeline.mail.transport import Message
from pipeline.subscribers.tokens import LENGTH

__all__ = ["PLACEHOLDER", "Composer", "Composers", "Envelope", "variant"]

PLACEHOLDER = "token-goes-here-xxxxxxxxxxxxxxxxxxxx"
"""Stands in a letter where a subscriber's token goes; as long as a token, so that no line break moves."""
_WIDTH = (
    76  # characters: of a line of quoted-printable (RFC 2045 §6.7), of one with an encoded word (RFC 2047 §2)
)
assert len(PLACEHOLDER) == LENGTH  # noqa: S101 - a fact about two constants


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """What is the same in all messages of a campaign and does not come from its letter."""

    campaign_id: str
    sender_name: str
    sender_address: str
    reply_to: str  # "" where answers go to the sender
    list_name: str
    site_url: str  # for List-Archive
    unsubscribe_url: str  # https, with PLACEHOLDER in it
    unsubscribe_mailto: str  # "" or an address
    neutral_name: str = ""  # of sender and list alike, in letters that are not to be told by their outside

    @property
    def domain(self) -> str:
        """Name the domain that Message-ID and List-Id end in: the sender's."""
        return self.sender_address.partition("@")[2]


def variant(edition: int, *, text: bool) -> int:
    """Number a variant of a letter: its edition, as HTML with plain text beside it, or as plain text only."""
    return 2 * edition + text


class Composers:
    """Make the composers of one campaign, each when it is first asked for."""

    def __init__(self, editions: Sequence[Edition], envelope: Envelope) -> None:
        """Take the editions of the letter, in the order of their numbers, and what their messages have in common."""
        self._editions = editions
        self._envelope = envelope
        self._made: dict[int, Composer] = {}

    def __call__(self, variant: int) -> Composer:
        """Answer the composer of one variant."""
        if variant not in self._made:
            edition = self._editions[variant // 2]
            around, name = self._envelope, self._envelope.neutral_name
            if edition.guise is not Guise.OPEN:
                around = replace(around, sender_name=name, list_name=name)
            self._made[variant] = Composer(edition.letter, around, text=bool(variant % 2))
        return self._made[variant]

    @property
    def variants(self) -> range:
        """Number all variants that there are."""
        return range(2 * len(self._editions))


class Composer:
    """Make the messages of one variant of a campaign's letter.

    Raises:
        SettingsError: An address that the settings name would break a header.
    """

    def __init__(self, letter: Letter, envelope: Envelope, *, text: bool = False) -> None:
        """Take the letter, what its messages have in common, and whether they are plain text only."""
        self._envelope = envelope
        template = _headers(letter, envelope) + _body(letter, envelope, text=text).as_bytes()
        self._parts = _cut(template)
        self.domain = envelope.domain

    def compose(self, *, to: str, message_id: str, date: datetime, token: str, sender: str = "") -> Message:
        """Make one subscriber's message.

        Args:
            to: The address, ASCII, without a line break (addresses.normalise lets none through).
            message_id: 32 hex digits, see Tokens.message_id.
            date: Aware.
            token: 36 characters, see Tokens.make.
            sender: Envelope sender, see ReturnPaths.make; "" for the sender's address.
        """
        if "\r" in to or "\n" in to:
            raise ValueError("an address with a line break in it")
        raw = token.encode("ascii")
        head = b"To: %s\r\nMessage-ID: <%s@%s>\r\nDate: %s\r\n" % (
            to.encode("ascii"),
            message_id.encode("ascii"),
            self.domain.encode("ascii"),
            format_datetime(date).encode("ascii"),
        )
        body = b"".join(part if isinstance(part, bytes) else raw[part] for part in self._parts)
        return Message(
            id=message_id, sender=sender or self._envelope.sender_address, to=to, content=head + body
        )


def _headers(letter: Letter, envelope: Envelope) -> bytes:
    """Write the headers that are the same in all copies.

    By hand, since a header with an address of a page is often misread when it is folded, and since the library
    garbles long names that are not ASCII. RFC 8058 §3.1 (one HTTPS URI, one-click), RFC 2369 (List-*), RFC 2919
    (List-Id).
    """
    for what, address in (
        ("SITEURL in pelicanconf.py", envelope.site_url),
        ("list.service_url in newsletter.toml", envelope.unsubscribe_url),
    ):
        if re.search(r"[^!-~]|[<>]", address):
            raise SettingsError(
                f"{what} cannot stand in a letter's headers", advice="write it in plain ASCII, without spaces"
            )
    ways = [f"<{envelope.unsubscribe_url}>"]
    if envelope.unsubscribe_mailto:
        # The token that the page has too: whoever writes with it in the subject is taken off (mail.bounces).
        ways.append(f"<{_mailto(envelope.unsubscribe_mailto)}?subject=unsubscribe%20{PLACEHOLDER}>")
    owner = _mailto(envelope.reply_to or envelope.sender_address)
    lines = [
        _named("From", envelope.sender_name, envelope.sender_address),
        *([f"Reply-To: {envelope.reply_to}"] if envelope.reply_to else []),
        _unstructured("Subject", letter.subject),
        _named("List-Id", re.sub(r'[<>"\\]', "", envelope.list_name).strip(), f"letters.{envelope.domain}"),
        f"List-Unsubscribe: {', '.join(ways)}",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        f"List-Help: <{owner}?subject=help>",
        f"List-Owner: <{owner}>",
        f"List-Archive: <{envelope.site_url}>",
        "List-Post: NO",
        f"Feedback-ID: {envelope.campaign_id}:letters:{envelope.domain}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _unstructured(header: str, text: str) -> str:
    """Write a header of words (RFC 2047 §5 (1)); what would not come out as it went in is encoded."""
    line = f"{header}: {text}"
    return line if _as_it_is(text) and len(line) <= _WIDTH else f"{header}: {_encoded(header, text)}"


def _named(header: str, name: str, thing: str) -> str:
    """Write a header of a name and something in angle brackets (RFC 5322 §3.4, RFC 2047 §5 (3))."""
    if not name:
        return f"{header}: <{thing}>"
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    line = f'{header}: "{quoted}" <{thing}>'
    if _as_it_is(name) and len(line) <= _WIDTH:
        return line
    return f"{header}: {_encoded(header, name)}\r\n <{thing}>"


def _as_it_is(text: str) -> bool:
    return text.isascii() and text.isprintable() and text == text.strip() and "=?" not in text


def _encoded(header: str, text: str) -> str:
    return Header(text, "utf-8", header_name=header, maxlinelen=_WIDTH).encode(linesep="\r\n")


def _mailto(address: str) -> str:
    return f"mailto:{quote(address, safe='@!$*+')}"


def _body(letter: Letter, envelope: Envelope, *, text: bool) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(max_line_length=_WIDTH))
    message.set_content(letter.text, cte="quoted-printable")
    if text:
        return message
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.images:
        html = message.get_payload(1)
        assert isinstance(html, EmailMessage)  # noqa: S101 - just added
        for image in letter.images:
            _attach(html, image)
    # The library would make random boundaries; a message made again has to be the same.
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{envelope.campaign_id}_{number}")
    return message


def _attach(html: EmailMessage, image: EmbeddedImage) -> None:
    main, _, sub = image.media_type.partition("/")
    html.add_related(
        image.data, maintype=main, subtype=sub, cid=f"<{image.content_id}>", disposition="inline"
    )


def _cut(template: bytes) -> tuple[bytes | slice, ...]:
    """Cut a template at its placeholders.

    Quoted-printable may break a line inside a placeholder, so a soft break ("=" CRLF) is allowed between any two
    of its characters. It stays where it is, and the token's characters are put around it.
    """
    pattern = re.compile(b"(?:=\r\n)?".join(re.escape(bytes([byte])) for byte in PLACEHOLDER.encode()))
    parts: list[bytes | slice] = []
    end = 0
    for found in pattern.finditer(template):
        parts.append(template[end : found.start()])
        taken = 0
        for number, piece in enumerate(found[0].split(b"=\r\n")):
            if number:
                parts.append(b"=\r\n")
            parts.append(slice(taken, taken + len(piece)))
            taken += len(piece)
        end = found.end()
    parts.append(template[end:])
    return tuple(parts)
