"""Letters in a mailbox, as the delivery loop writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.letters import Letter
from pipeline.mail.composing import PLACEHOLDER, Composer
from pipeline.mail.maildir import Maildir
from pipeline.mail.transport import Message
from tests.builders import NOW, address, envelope, letter

__all__ = ["date", "message", "name", "write"]


def name(number: int) -> str:
    """Name the file of the number-th letter."""
    return f"{number:032x}.belonging"


def message(written: Letter, number: int) -> bytes:
    """Compose the number-th person's copy."""
    return _composed(Composer(written, envelope()), number).content


def write(
    mailbox: Path, numbers: Iterable[int], *, written: Letter | None = None, campaign: str = "a" * 16
) -> None:
    """Write copies of a letter; the higher its number, the newer a copy."""
    composer = Composer(written or letter(), envelope(campaign_id=campaign))
    session = Maildir(mailbox).open()
    for number in numbers:
        session.send(_composed(composer, number))
        date(mailbox / "new" / name(number), number)


def date(file: Path, number: int) -> None:
    """Make a file as old as the number-th letter."""
    moment = int(NOW.timestamp() + number) * 10**9
    os.utime(file, ns=(moment, moment), follow_symlinks=False)


def _composed(composer: Composer, number: int) -> Message:
    return composer.compose(
        to=address(number), message_id=f"{number:032x}", date=NOW, token="A" * len(PLACEHOLDER)
    )
