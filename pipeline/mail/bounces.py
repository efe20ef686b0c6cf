"""What comes back, read: delivery status notifications (RFC 3464), abuse reports (RFC 5965), wishes to leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message as Part
from email.policy import compat32

from pipeline.subscribers.bouncing import Cause, Returned
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.tokens import Purpose, Ticket, Tokens

__all__ = ["automatic", "read"]

_ADDRESSED = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b")
_CAMPAIGN = re.compile(r"\s*([0-9a-f]{16}):")
_LEAVE = re.compile(r"/unsubscribe/([A-Za-z0-9_-]{36})>")
_WISH = re.compile(r"\bunsubscribe\s+([A-Za-z0-9_-]{36})(?![A-Za-z0-9_-])", re.IGNORECASE)


def read(content: bytes, paths: ReturnPaths | None, tokens: Tokens) -> Returned | None:
    """Read a message that came to the address for bounces, or to the one for leaving.

    Whom a bounce is about is told by the token in the address it came to, never by an address that it quotes:
    everybody can write one. An abuse report comes from elsewhere, so there it is told by the token of the letter it
    returns; and a wish to leave by the token that the letter put into its subject, whoever it comes from.

    Args:
        content: The whole message.
        paths: Reads the tokens of return paths; None where bounces go to the sender.
        tokens: Reads the tokens of letters.

    Returns:
        None: It is neither; an automatic reply, for one (RFC 3834).
    """
    message = message_from_bytes(content, policy=compat32)
    parts = {part.get_content_type(): part for part in message.walk()}
    letter = _returned_letter(message)
    campaign = _CAMPAIGN.match(str(letter.get("Feedback-ID", ""))) if letter else None
    if "message/feedback-report" in parts:
        return Returned(cause=Cause.COMPLAINT, ticket=_by_letter(letter, tokens))
    if message.get_content_type() != "multipart/report" or "message/delivery-status" not in parts:
        ticket = _wish(message, tokens)
        return Returned(cause=Cause.LEAVE, ticket=ticket) if ticket else None
    named = " ".join(str(value) for name in _ADDRESSED for value in message.get_all(name, []))
    blocks = list(_recipients(parts["message/delivery-status"]))
    if not blocks:
        return None
    block = blocks[0]
    status = _STATUS.search(str(block.get("Status", "")))
    return Returned(
        cause=Cause.BOUNCE,
        ticket=paths.find(named) if paths else None,
        failed=str(block.get("Action", "")).strip().lower() == "failed",
        status=status[1] if status else "",
        campaign=campaign[1] if campaign else "",
    )


def automatic(content: bytes) -> bool:
    """Tell whether a message is a reply that a machine wrote, such as a notice of absence (RFC 3834 §5)."""
    said = str(message_from_bytes(content, policy=compat32).get("Auto-Submitted", "no"))
    return said.partition(";")[0].strip().lower() != "no"


def _wish(message: Part, tokens: Tokens) -> Ticket | None:
    """Find in the subject the token that a letter's List-Unsubscribe has put there."""
    try:
        parts = decode_header(str(message.get("Subject", "")))
    except HeaderParseError:
        return None
    # Whatever the rest is written in, a token is ASCII.
    subject = "".join(
        part.decode("ascii", "replace") if isinstance(part, bytes) else part for part, _ in parts
    )
    found = _WISH.search(subject)
    return tokens.read(Purpose.UNSUBSCRIBE, found[1]) if found else None


def _recipients(status: Part) -> Iterator[Part]:
    """Yield the blocks about recipients; the first one is about the message (RFC 3464 §2.1)."""
    payload = status.get_payload()
    blocks = payload if isinstance(payload, list) else []
    yield from (block for block in blocks if isinstance(block, Part) and block.get("Action"))


def _returned_letter(message: Part) -> Part | None:
    """Find the letter, or its headers, that a report returns."""
    for part in message.walk():
        payload = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(payload, list) and payload:
            first = payload[0]
            return first if isinstance(first, Part) else None
        if part.get_content_type() == "text/rfc822-headers" and isinstance(payload, str):
            raw = part.get_payload(decode=True)
            return message_from_bytes(raw, policy=compat32) if isinstance(raw, bytes) else None
    return None


def _by_letter(letter: Part | None, tokens: Tokens) -> Ticket | None:
    if letter is None:
        return None
    found = _LEAVE.search(re.sub(r"\s", "", str(letter.get("List-Unsubscribe", ""))))
    return tokens.read(Purpose.UNSUBSCRIBE, found[1]) if found else None
