"""Links that letters would carry, made as the delivery loop makes them."""

from __future__ import annotations

import sqlalchemy as sa

from pipeline.store.tables import subscribers
from pipeline.subscribers.tokens import Purpose, Tokens
from tests.service.world import World

__all__ = ["unsubscribe_path"]


def unsubscribe_path(world: World, address: str, *, life: int | None = None) -> str:
    """Answer where the link of a letter leads, without the host."""
    index = world.project.keyring.address_index(address)
    with world.project.engine.connect() as connection:
        row = connection.execute(
            sa.select(subscribers.c.id, subscribers.c.life).where(subscribers.c.address_index == index)
        ).one()
    token = Tokens(world.project.keyring.token).make(Purpose.UNSUBSCRIBE, row.id, life or row.life)
    return f"/list/unsubscribe/{token}"
