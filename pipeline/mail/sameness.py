"""The check that no copy tells on its reader, made before anything is sent.

It does not trust the composer: it composes copies for made-up people, takes out what may differ, and compares
what is left, as bytes and as a mail program would read it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

from pipeline.mail.composing import PLACEHOLDER, Composer
from pipeline.subscribers.tokens import LENGTH

__all__ = ["differences"]

_MAY_DIFFER = (b"to", b"message-id", b"date")
_PEOPLE = (
    ("a@example.org", "0" * 32, datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC), "A" * LENGTH),
    (
        "somebody.with.a.long.name+tag@lists.example.com",
        "9" * 32,
        datetime(2029, 12, 31, tzinfo=UTC),
        "_9-z" * 9,
    ),
    ("b@xn--bcher-kva.test", "f" * 32, datetime(2015, 7, 1, 12, tzinfo=UTC), "q" * LENGTH),
)


def differences(composer: Composer) -> tuple[str, ...]:
    """Compare copies of one campaign for made-up people; answer what differs and must not, in words."""
    copies = []
    found: list[str] = []
    for to, message_id, date, token in _PEOPLE:
        content = composer.compose(to=to, message_id=message_id, date=date, token=token).content
        copies.append((_bytes_without(content, token), _parts_without(content, token)))
        if to.encode() in _without_header(content, b"to"):
            found.append("the address stands outside To")
        if token not in content.replace(b"=\r\n", b"").decode("ascii"):
            found.append("there is no unsubscribe token")
        if PLACEHOLDER in content.replace(b"=\r\n", b"").decode("ascii"):
            found.append("a placeholder was not filled in")
    first = copies[0]
    if any(copy[0] != first[0] for copy in copies):
        found.append("the copies differ in more than To, Message-ID, Date and the token")
    if any(copy[1] != first[1] for copy in copies):
        found.append("the copies read differently once they are decoded")
    return tuple(dict.fromkeys(found))


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
