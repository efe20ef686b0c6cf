"""What people chose, which variant of a letter each delivery has, addresses that wait to take another's place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("choices", sa.LargeBinary))
    chosen = sa.text("choices IS NOT NULL")
    op.create_index(
        "subscribers_who_chose", "subscribers", ["id"], sqlite_where=chosen, postgresql_where=chosen
    )
    op.add_column("campaigns", sa.Column("frozen_at", sa.BigInteger))
    op.add_column("deliveries", sa.Column("variant", sa.Integer, nullable=False, server_default="0"))
    whom = sa.ForeignKey("subscribers.id", ondelete="CASCADE")
    op.create_table(
        "moves",
        sa.Column("subscriber_id", sa.BigInteger, whom, primary_key=True, autoincrement=False),
        sa.Column("life", sa.Integer, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("moves_over", "moves", ["expires_at"])
