"""Limits: how often something may happen, counted under names that tell nobody who did it."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from pipeline.subscribers.keys import Keyring

__all__ = [
    "Limit",
    "LimitKind",
    "address_limit",
    "global_limit",
    "message_limit",
    "proof_limit",
    "source_limit",
]


class LimitKind(StrEnum):
    """What is counted."""

    SOURCE = "source"  # requests from one network address
    EVERYBODY = "everybody"  # requests from all
    UNWORKED = "unworked"  # requests that come without the answer to a puzzle, from all
    HASTY = "hasty"  # requests without the stamp of a form, from all
    PROOF = "proof"  # uses of one answer
    MAIL = "mail"  # notices to one e-mail address
    MESSAGE = "message"  # one step of dealing with one message that came back


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most so many in a stretch of time that begins with the first."""

    kind: LimitKind
    name: bytes  # 32 bytes, keyed: counted under this
    most: int
    window: timedelta


def address_limit(keyring: Keyring, wish: str, address: str, *, most: int, window: timedelta) -> Limit:
    """Limit what is mailed to one e-mail address for one kind of wish."""
    return Limit(
        kind=LimitKind.MAIL, name=_name(keyring, f"mail/{wish}", address.lower()), most=most, window=window
    )


def source_limit(keyring: Keyring, source: str, now: datetime, *, most: int) -> Limit:
    """Limit what comes from one network address in an hour.

    The name changes with the day, so that nothing that was counted yesterday can be compared with today. An IPv6
    network (/64) counts as one source, for whoever has one address of it has all (RFC 6177).

    Args:
        keyring: The list's keys.
        source: A network address as the server saw it; whatever else stands there counts as one source.
        now: Aware.
        most: How often.
    """
    try:
        address = ipaddress.ip_address(source)
        if isinstance(address, ipaddress.IPv6Address):
            mapped = address.ipv4_mapped
            source = str(mapped or ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    except ValueError:
        source = "elsewhere"
    return Limit(
        kind=LimitKind.SOURCE,
        name=_name(keyring, f"source/{now:%Y-%m-%d}", source),
        most=most,
        window=timedelta(hours=1),
    )


def global_limit(keyring: Keyring, kind: LimitKind, *, most: int) -> Limit:
    """Limit what comes from everybody together in an hour."""
    return Limit(kind=kind, name=_name(keyring, kind, ""), most=most, window=timedelta(hours=1))


def proof_limit(keyring: Keyring, puzzle: str, *, window: timedelta) -> Limit:
    """Limit the answer to a puzzle to one use.

    Args:
        keyring: The list's keys.
        puzzle: The part of it that no other puzzle has.
        window: How long the puzzle may be answered.
    """
    return Limit(kind=LimitKind.PROOF, name=_name(keyring, "proof", puzzle), most=1, window=window)


def message_limit(keyring: Keyring, step: str, content: bytes, *, window: timedelta) -> Limit:
    """Limit a step of dealing with a message that came back to once, however often the message is read.

    Args:
        keyring: The list's keys.
        step: Which step.
        content: The whole message.
        window: How long the message may turn up again.
    """
    name = _name(keyring, f"message/{step}", sha256(content).hexdigest())
    return Limit(kind=LimitKind.MESSAGE, name=name, most=1, window=window)


def _name(keyring: Keyring, what: str, whose: str) -> bytes:
    # No address holds a NUL, so this never names a row of the list, which is found with the same key.
    return hmac.digest(keyring.index, f"limit\x00{what}\x00{whose}".encode(), "sha256")
