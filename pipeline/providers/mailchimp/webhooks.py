"""What Mailchimp calls us about: whether it is really Mailchimp, and what happened. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs

from pydantic import SecretStr

__all__ = ["SIGNATURE", "Event", "EventKind", "genuine", "read_event"]

SIGNATURE = "x-mailchimp-signature"
TOLERANCE = timedelta(minutes=5)
_TIME = re.compile(r"[0-9]{1,12}\Z")
_MAC = re.compile(r"[0-9a-f]{64}\Z")


class EventKind(StrEnum):
    """What happened to somebody on the list."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    PROFILE = "profile"
    CHANGED = "upemail"  # another address
    CLEANED = "cleaned"  # bounced for good


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened. It may be told more than once; acting on it twice must be acting on it once."""

    kind: EventKind
    list_id: str
    address: SecretStr


def genuine(
    header: str, body: bytes, secret: SecretStr, now: datetime, *, tolerance: timedelta = TOLERANCE
) -> bool:
    """Tell whether a call was signed with the webhook's secret, lately.

    Args:
        header: ``X-Mailchimp-Signature``: "t=<seconds since 1970>,v1=<HMAC-SHA-256 of "t.body", hexadecimal>".
        body: The body exactly as it came.
        secret: Shown by Mailchimp once, when the webhook is made. An empty one proves nothing.
        now: Aware.
        tolerance: How old, or how far ahead, a signature may be.
    """
    parts: dict[str, list[str]] = {}
    for part in header.split(",") if len(header) < 1_000 else ():
        name, _, value = part.strip().partition("=")
        parts.setdefault(name, []).append(value)
    times, macs = parts.get("t", []), [mac for mac in parts.get("v1", []) if _MAC.match(mac)]
    key = secret.get_secret_value().encode()
    if len(times) != 1 or not _TIME.match(times[0]) or not macs or not key:
        return False
    wanted = hmac.digest(key, times[0].encode() + b"." + body, hashlib.sha256).hex()
    same = [hmac.compare_digest(wanted, mac) for mac in macs]
    return any(same) and abs(now - datetime.fromtimestamp(int(times[0]), UTC)) <= tolerance


def read_event(body: bytes) -> Event | None:
    """Read the body of a genuine call; None: nothing that concerns us, such as a campaign that was sent.

    Args:
        body: Form-encoded, at most 64 kB of it are looked at.
    """
    try:
        fields = parse_qs(body[:65_536].decode(), max_num_fields=200)
        kind = EventKind(fields["type"][0])
        address = fields["data[old_email]" if kind is EventKind.CHANGED else "data[email]"][0]
        list_id = fields["data[list_id]"][0]
    except (KeyError, ValueError):
        return None
    return Event(kind=kind, list_id=list_id, address=SecretStr(address))
