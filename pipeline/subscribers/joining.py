"""Joining by the operator's hand: one person who has agreed, or the three made-up ones."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from pipeline.clock import Clock
from pipeline.errors import BelongingError
from pipeline.subscribers import Origin, Subscriber, SubscriberState, SubscriberStore
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["SAMPLES", "Joining"]

SAMPLES = ("ada@example.org", "bo@example.com", "cem@example.org")


@dataclass(frozen=True, kw_only=True)
class Joining:
    """Bring people onto the list."""

    people: SubscriberStore
    keyring: Keyring
    clock: Clock

    def add(self, address: str, *, origin: Origin = Origin.ADDED) -> bool:
        """Add one person who has agreed; tell whether they are new.

        Raises:
            BelongingError: It is no address, or its owner asked never to be mailed again.
        """
        normal = normalise(address)
        if normal is None:
            raise BelongingError(
                "that is not an e-mail address that mail can reach",
                advice="write one like somebody@example.org",
            )
        if self.people.suppressed([self.keyring.suppression_hash(normal)]):
            raise BelongingError(
                "this person asked not to be mailed again", advice="only they themselves can come back"
            )
        return self.people.add([self._subscriber(normal, origin, Sealer(self.keyring))]) == 1

    def add_samples(self) -> int:
        """Add three made-up readers, so that a fresh clone has somebody to write to."""
        sealer = Sealer(self.keyring)
        return self.people.add([self._subscriber(sample, Origin.SAMPLE, sealer) for sample in SAMPLES])

    def _subscriber(self, address: str, origin: Origin, sealer: Sealer) -> Subscriber:
        identity = secrets.randbits(63)
        now = self.clock()
        return Subscriber(
            id=identity,
            address=sealer.seal(address, column=ADDRESS, row=identity),
            address_index=self.keyring.address_index(address),
            state=SubscriberState.CONFIRMED,
            origin=origin,
            created_at=now,
            confirmed_at=now,
        )
