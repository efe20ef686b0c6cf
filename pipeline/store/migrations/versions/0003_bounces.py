"""How often letters to somebody came back for a reason that passes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    whom = sa.ForeignKey("subscribers.id", ondelete="CASCADE")
    op.create_table(
        "bounces",
        sa.Column("subscriber_id", sa.BigInteger, whom, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
    )
