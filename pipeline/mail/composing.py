"""Composing: one letter, once, into bytes; then one message for each subscriber by putting four things in.

All copies of a campaign are the same byte for byte but for To, Message-ID, Date and the token in the unsubscribe
link. Here that is not a promise but the way messages are made: the bytes between those four are shared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from pipeline.letters import EmbeddedImage, Letter
from pipeline.mail.transport import Message
from pipeline.subscribers.tokens import LENGTH

__all__ = ["PLACEHOLDER", "Composer", "Envelope"]

PLACEHOLDER = "token-goes-here-xxxxxxxxxxxxxxxxxxxx"
"""Stands in a letter where a subscriber's token goes; as long as a token, so that no line break moves."""
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

    @property
    def domain(self) -> str:
        """Name the domain that Message-ID and List-Id end in: the sender's."""
        return self.sender_address.partition("@")[2]


class Composer:
    """Make the messages of one campaign."""

    def __init__(self, letter: Letter, envelope: Envelope) -> None:
        self._envelope = envelope
        template = _list_headers(envelope) + _message(letter, envelope).as_bytes()
        self._parts = _cut(template)
        self._domain = envelope.domain.encode("ascii")

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
            self._domain,
            format_datetime(date).encode("ascii"),
        )
        body = b"".join(part if isinstance(part, bytes) else raw[part] for part in self._parts)
        return Message(
            id=message_id, sender=sender or self._envelope.sender_address, to=to, content=head + body
        )


def _list_headers(envelope: Envelope) -> bytes:
    """Write the headers that hold addresses of pages; by hand, since a header that is folded is often misread.

    RFC 8058 §3.1 (one HTTPS URI, one-click), RFC 2369 (List-*), RFC 2919 (List-Id).
    """
    ways = [f"<{envelope.unsubscribe_url}>"]
    if envelope.unsubscribe_mailto:
        ways.append(f"<mailto:{envelope.unsubscribe_mailto}?subject=unsubscribe>")
    lines = [
        f"List-Unsubscribe: {', '.join(ways)}",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        f"List-Help: <mailto:{envelope.reply_to or envelope.sender_address}?subject=help>",
        f"List-Owner: <mailto:{envelope.reply_to or envelope.sender_address}>",
        f"List-Archive: <{envelope.site_url}>",
        "List-Post: NO",
        f"Feedback-ID: {envelope.campaign_id}:letters:{envelope.domain}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _message(letter: Letter, envelope: Envelope) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(envelope.sender_name, envelope.sender_address)
    if envelope.reply_to:
        message["Reply-To"] = envelope.reply_to
    message["Subject"] = letter.subject
    message["List-Id"] = f"{_plain(envelope.list_name)} <letters.{envelope.domain}>"
    message.set_content(letter.text, cte="quoted-printable")
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


def _address(name: str, address: str) -> str:
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}" <{address}>' if name else address


def _plain(name: str) -> str:
    """Make a list's name fit for a List-Id phrase."""
    return re.sub(r'[<>"\\]', "", name).strip()


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
