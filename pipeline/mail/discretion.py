"""The check that a discreet letter can be told by nothing that others see of it.

It does not trust what made the message: it composes one and looks at its headers, the host names in them, and the
first words of its text, for words of a list that a person keeps (newsletter.toml, discreet.words).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP

from pipeline.mail.composing import PLACEHOLDER, Composer

__all__ = ["exposures"]

_SHOWN = 160  # characters of a text that mail programs show beside the subject
_HOST = re.compile(r"(?:@|https?://)([a-z0-9.-]+)", re.IGNORECASE)
# What speaks of letters and of the list in words that are our own.
_OURS = {"to", "date", "mime-version", "content-type", "content-transfer-encoding"}


def exposures(composer: Composer, preheader: str, words: Sequence[str]) -> tuple[str, ...]:
    """Say which words of a list stand where others see them, and in what.

    Args:
        composer: Of a letter that is to be discreet.
        preheader: Its preheader, which stands in its HTML.
        words: In small letters. A word counts where another one begins with it ("addict" in "Addictions"), and
            anywhere in a host name or an address, whose words are run together.
    """
    return tuple(
        f"{what} holds “{word}”"
        for what, text, within in _seen(composer, preheader)
        for word in words
        if (re.sub(r"\W", "", word) in text if within else re.search(rf"(?<!\w){re.escape(word)}", text))
    )


def _seen(composer: Composer, preheader: str) -> Iterator[tuple[str, str, bool]]:
    """List what is seen: what it is, the text in small letters, whether its words are run together."""
    message = message_from_bytes(
        composer.compose(
            to="reader@localhost",
            message_id="0" * 32,
            date=datetime(2001, 2, 3, tzinfo=UTC),
            token=PLACEHOLDER,
        ).content,
        policy=SMTP,
    )
    hosts: dict[str, None] = {}
    for name, value in message.items():
        if name.lower() in _OURS:
            continue
        yield name, str(value).casefold(), False
        if found := [host.casefold() for host in _HOST.findall(str(value))]:
            hosts |= dict.fromkeys(found)
        if name.lower() in {"from", "reply-to", "list-id", "list-owner"}:
            yield f"an address in {name}", re.sub(r"\s", "", str(value).rpartition("<")[2].casefold()), True
    yield from ((f"the host name {host}", re.sub(r"[-.]", "", host), True) for host in hosts)
    yield "the preheader", preheader.casefold(), False
    text = message.get_body(("plain",))
    yield (
        "the beginning of the text",
        "" if text is None else str(text.get_content())[:_SHOWN].casefold(),
        False,
    )
