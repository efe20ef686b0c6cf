"""Repeating farewells in a store that was restored from before them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from pipeline.batches import batches
from pipeline.errors import KeyProblem
from pipeline.store import suppression
from pipeline.store.tables import subscribers
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.farewells import Farewell, Parting, row_name
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["Repeated", "repeat"]

_BATCH = 500
_GONE = frozenset({Parting.ERASED, Parting.FORGOTTEN})
_STATES = {Parting.LEFT: SubscriberState.UNSUBSCRIBED, Parting.BOUNCED: SubscriberState.BOUNCED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeated:
    """What was done again."""

    erased: int
    left: int
    lost: int  # suppressions of people who came and went after the backup, under a key that came after it


def repeat(
    connection: Connection, farewells: Iterable[Farewell], keyring: Keyring, now: datetime
) -> Repeated:
    """Erase again who was erased, take off who left, suppress who must not be mailed.

    Args:
        connection: Inside the transaction that restored the store.
        farewells: In the order in which they were written.
        keyring: That the restored store is sealed with.
        now: Aware.
    """
    by_row: dict[bytes, list[Farewell]] = {}
    names: dict[bytes, str] = {}
    lost = 0
    for one in farewells:
        by_row.setdefault(one.row, []).append(one)
    for partings in by_row.values():
        for one in partings if _going(partings) is not Parting.FORGOTTEN else ():
            if one.suppression is not None:
                name = keyring.advanced(one.suppression, one.generation)
                lost += name is None
                if name is not None:
                    names[name] = one.parting.value
    erased = left = 0
    identities = list(connection.execute(select(subscribers.c.id)).scalars()) if by_row else []
    for batch in batches(identities, _BATCH):
        mine = {identity: found for identity in batch if (found := by_row.get(row_name(keyring, identity)))}
        for identity, partings in mine.items():
            whose = subscribers.c.id == identity
            row = connection.execute(select(*subscribers.c["address", "life", "state"]).where(whose)).one()
            going = _going(partings)
            if going is not None:
                name = _suppression(keyring, identity, row.address)
                if name and going is Parting.ERASED:
                    names[name] = going.value
                elif name and name not in names:  # nothing stays, not even what the backup holds
                    suppression.lift(connection, name, entirely=True)
                connection.execute(delete(subscribers).where(whose))
                erased += 1
                continue
            state = next((_STATES[one.parting] for one in partings if one.life == row.life), None)
            if state is not None and row.state == SubscriberState.CONFIRMED:
                connection.execute(update(subscribers).where(whose).values(state=state))
                left += 1
    for reason in set(names.values()):
        suppression.add(connection, [name for name, why in names.items() if why == reason], reason, now)
    return Repeated(erased=erased, left=left, lost=lost)


def _going(partings: Sequence[Farewell]) -> Parting | None:
    """Tell how somebody was erased; the last time counts, since a time before it may not have been finished."""
    return next((one.parting for one in reversed(partings) if one.parting in _GONE), None)


def _suppression(keyring: Keyring, identity: int, sealed: bytes) -> bytes | None:
    try:
        return keyring.suppression_hash(Sealer(keyring).open(sealed, column=ADDRESS, row=identity))
    except KeyProblem:
        return None
