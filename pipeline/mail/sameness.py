"""The check that no copy tells on its reader, made before anything is sent.

It does not trust the composer: it composes copies for made-up people, takes out what may differ, and compares
what is left, as bytes and as a mail program would read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from email.utils import format_datetime
from html import unescape

from pipeline.mail.composing import PLACEHOLDER, Composer
from pipeline.subscribers.tokens import LENGTH

__all__ = ["differences"]

_MAY_DIFFER = (b"to", b"message-id", b"date")
_PEOPLE = (
    # Their tokens are like no row of characters that a picture in base64 could hold by chance.
    (
        "a@example.org",
        "0" * 32,
        datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC),
        "vW4-qZ8_tYc0-Lr6_xHn2-Kd5_mGj9-Pf3_b",
    ),
    (
        "somebody.with.a.long.name+tag@lists.example.com",
        "9" * 32,
        datetime(2029, 12, 31, tzinfo=UTC),
        "_9-z" * 9,
    ),
    ("b@xn--bcher-kva.test", "f" * 32, datetime(2015, 7, 1, 12, tzinfo=UTC), "-Uo7_" * 7 + "e"),
)
assert all(len(token) == LENGTH for *_, token in _PEOPLE)  # noqa: S101 - a fact about constants


def differences(composer: Composer) -> tuple[str, ...]:
    """Compare copies of one campaign for made-up people; answer what differs and must not, in words."""
    copies = []
    found: list[str] = []
    for to, message_id, date, token in _PEOPLE:
        content = composer.compose(to=to, message_id=message_id, date=date, token=token).content
        copies.append((_bytes_without(content, token), _parts_without(content, token)))
        if to.encode() in _without_header(content, b"to"):
            found.append("the address stands outside To")
        own = b"To: %s\r\nMessage-ID: <%s@%s>\r\nDate: %s\r\n" % tuple(
            map(str.encode, (to, message_id, composer.domain, format_datetime(date)))
        )
        if not content.startswith(own) or _begins_with_space(content.removeprefix(own)):
            found.append("To, Message-ID or Date hold more than they have to")
        if PLACEHOLDER in content.replace(b"=\r\n", b"").decode("ascii"):
            found.append("a placeholder was not filled in")
        found += _tokens(content, token)
    first = copies[0]
    if any(copy[0] != first[0] for copy in copies):
        found.append("the copies differ in more than To, Message-ID, Date and the token")
    if any(copy[1] != first[1] for copy in copies):
        found.append("the copies read differently once they are decoded")
    return tuple(dict.fromkeys(found))


def _begins_with_space(content: bytes) -> bool:
    return content[:1] in {b" ", b"\t"}  # goes on with the header before it


def _tokens(content: bytes, token: str) -> Iterator[str]:
    """See that the token stands in the links to the list's service, in each part, and nowhere else.

    But in the subject of the mail by which somebody leaves who cannot open a page.

    In a link to a page of the site it would tell which reader opened which page.
    """
    message = message_from_bytes(content, policy=SMTP)
    header = str(message["List-Unsubscribe"])
    link = re.search(rf"<(https://[^<>]+/){token}>", header)
    if link is None:
        yield "List-Unsubscribe does not lead to the reader's own page"
        return
    unsubscribe = link[1] + token
    service = link[1].rstrip("/").rpartition("/")[0]
    texts = {f"the header {name}": str(value) for name, value in message.items()}
    texts["the header List-Unsubscribe"] = re.sub(
        rf"<mailto:[^<>?]+\?subject=unsubscribe%20{token}>", "", header
    )
    for part in message.walk():
        if part.get_content_maintype() == "text":
            text = str(part.get_content())
            html = part.get_content_subtype() == "html"
            name = "the HTML" if html else "the plain text"
            texts[name] = unescape(text) if html else text
            if unsubscribe not in texts[name]:
                yield f"{name} has no link to unsubscribe"
    for name, text in texts.items():
        if text.count(token) != len(re.findall(rf"{re.escape(service)}/[a-z]+/{token}", text)):
            yield f"the token stands in {name} outside a link to the list's service"


def _bytes_without(content: bytes, token: str) -> bytes:
    for name in _MAY_DIFFER:
        content = _without_header(content, name)
    between = b"(=\r\n)?"  # where a soft line break falls may not depend on the token, so it is kept
    pattern = between.join(re.escape(bytes([byte])) for byte in token.encode())
    return re.sub(pattern, lambda found: b"".join(group or b"." for group in found.groups()), content)


def _without_header(content: bytes, name: bytes) -> bytes:
    head, _, body = content.partition(b"\r\n\r\n")
    return re.sub(rb"(?im)^%s:.*(\r\n[ \t].*)*" % re.escape(name), b"", head) + b"\r\n\r\n" + body


def _parts_without(content: bytes, token: str) -> list[str]:
    message = message_from_bytes(content, policy=SMTP)
    kept = [
        f"{name}: {value}".replace(token, "")
        for name, value in message.items()
        if name.lower().encode() not in _MAY_DIFFER
    ]
    bodies = [
        str(part.get_content()).replace(token, "") for part in message.walk() if not part.is_multipart()
    ]
    return [*kept, *bodies]
