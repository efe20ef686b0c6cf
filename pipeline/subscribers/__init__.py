"""Subscribers: their addresses, how those are kept, and what people and operators do with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Origin", "Subscriber", "SubscriberState", "SubscriberStore"]


class SubscriberState(StrEnum):
    """Where one person stands."""

    PENDING = "pending"  # asked for letters, has not confirmed
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"  # the address does not exist


class Origin(StrEnum):
    """How a subscriber came to the list."""

    SAMPLE = "sample"  # a made-up reader, never mailed where mail can leave the machine
    ADDED = "added"  # by the operator, who vouches for the consent
    IMPORTED = "imported"
    FORM = "form"  # asked for it on a page, and confirmed it


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """One person, as the store keeps them: nothing here can be read without the key."""

    id: int  # random, 63 bits
    address: bytes  # sealed, see subscribers.sealing
    address_index: bytes  # keyed hash; finds the row of a known address
    state: SubscriberState
    life: int = 1  # goes up when somebody subscribes again
    origin: Origin
    created_at: datetime  # aware
    confirmed_at: datetime | None = None  # aware
    choices: bytes | None = None  # sealed, see subscribers.choices; None: nothing was chosen


class SubscriberStore(Protocol):
    """Keep subscribers and suppressions. Every method is one transaction."""

    def add(self, subscribers: Sequence[Subscriber]) -> int:
        """Insert people whose address is not there yet; answer how many were new."""

    def count(self) -> dict[SubscriberState, int]:
        """Count people by state."""

    def suppress(self, hashes: Iterable[bytes], reason: str, now: datetime) -> None:
        """Note keyed hashes of addresses that must never be mailed again."""

    def suppressed(self, hashes: Sequence[bytes]) -> frozenset[bytes]:
        """Answer those of the hashes that are suppressed."""

    def barred(self, name: bytes) -> bool:
        """Tell whether somebody is suppressed so that they cannot come back even by asking for it."""

    def sealed_with(self) -> str | None:
        """Tell which key this store was sealed with; None: it holds nothing that was sealed yet."""

    def seal_with(self, check: str) -> str:
        """Remember the key this store is sealed with; answer what was remembered first."""
