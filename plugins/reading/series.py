"""Posts that belong together and are read one after the other: the parts of a series, in the order of their dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Place", "places"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a post stands in its series."""

    name: str  # as the first part writes it
    part: int  # from 1
    before: int | None  # position of the part before it
    after: int | None
    parts: int


def places(names: Sequence[str]) -> tuple[Place | None, ...]:
    """Find each post's place in the series it names; None for one that names none.

    Args:
        names: What series each post names, newest first; "" for none. "Grief" and "grief" are one.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for position in reversed(range(len(names))):
        if names[position]:
            members[names[position].casefold()].append(position)
    found: list[Place | None] = [None] * len(names)
    for positions in members.values():
        for at, position in enumerate(positions):
            found[position] = Place(
                name=names[positions[0]],
                part=at + 1,
                before=positions[at - 1] if at else None,
                after=positions[at + 1] if at + 1 < len(positions) else None,
                parts=len(positions),
            )
    return tuple(found)
