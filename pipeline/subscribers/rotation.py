"""Rotation: giving the list another root key while it is in use.

All rows are sealed anew beside the old ones, batch by batch, which disturbs nobody. Then one transaction puts the new
in the place of the old: until it is through, the old key is the only one, and from then on the new one is. So at no
moment is anything sealed with two keys, and whatever is killed, whenever, leaves one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.errors import KeyProblem
from pipeline.subscribers.choices import CHOICES
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, KEPT, Sealer

__all__ = ["Prepared", "Rotation", "RotationStore", "Seals", "Unprepared"]

_BATCH = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Unprepared:
    """What is sealed about one person, with the old key."""

    subscriber_id: int
    address: bytes
    address_index: bytes
    choices: bytes | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """The same with the new key."""

    before: Unprepared
    address: bytes
    address_index: bytes
    choices: bytes | None


class RotationStore(Protocol):
    """Keep rows that are sealed anew, and put them in the place of the old."""

    def begin(self, check: str) -> None:
        """Go on with what was prepared for a key, and forget what was prepared for another."""

    def unprepared(self, *, most: int) -> Sequence[Unprepared]:
        """Answer people who were not prepared yet, or have changed since."""

    def prepare(self, rows: Sequence[Prepared]) -> None:
        """Keep rows, unless their person is gone."""

    def switch(self, seals: Seals) -> None:
        """In one transaction: prepare what is left, and put all the new in the place of the old.

        Raises:
            KeyChanged: Somebody else has given the list another key.
        """


@dataclass(frozen=True, kw_only=True)
class Seals:
    """What is done to single values."""

    old: Keyring
    new: Keyring

    def prepared(self, row: Unprepared) -> Prepared:
        """Seal one person anew. What does not open stays as it is: it is not made worse, and `doctor` names it."""
        whom = row.subscriber_id
        try:
            address, index = self.cell(row.address, column=ADDRESS, row=whom)
        except KeyProblem:
            address, index = row.address, row.address_index
        choices = row.choices
        if choices is not None:
            try:
                choices = self.cell(choices, column=CHOICES, row=whom)[0]
            except KeyProblem:
                choices = row.choices
        return Prepared(before=row, address=address, address_index=index, choices=choices)

    def cell(self, sealed: bytes, *, column: str, row: int) -> tuple[bytes, bytes]:
        """Answer a cell with the new key, and the new index of what is in it.

        Raises:
            KeyProblem: It does not open.
        """
        old, new = Sealer(self.old), Sealer(self.new)
        index = self.new.address_index(old.open(sealed, column=column, row=row))
        return old.rewrapped(sealed, new, column=column, row=row), index

    def suppression(self, name: bytes) -> bytes:
        """Answer a suppression hash as the new keyring makes it."""
        return self.new.renamed(name)

    def outliving(self) -> bytes:
        """Answer the keys that outlive the old root key, sealed with the new one."""
        return Sealer(self.new).seal(self.new.outliving(), column=KEPT, row=0)


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Give the list another root key."""

    store: RotationStore
    seals: Seals

    def run(self, progress: Callable[[int], object] = lambda _: None) -> None:
        """Seal everything anew and switch; killed at any moment, it can be run again with the same new key."""
        self.store.begin(self.seals.new.check)
        while rows := self.store.unprepared(most=_BATCH):
            self.store.prepare([self.seals.prepared(row) for row in rows])
            progress(len(rows))
        self.store.switch(self.seals)
