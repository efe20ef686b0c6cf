"""Where the list is sealed with another key before it takes the place of the old."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    whom = sa.ForeignKey("subscribers.id", ondelete="CASCADE")
    op.create_table(
        "rewrapped",
        sa.Column("subscriber_id", sa.BigInteger, whom, primary_key=True, autoincrement=False),
        sa.Column("address_before", sa.LargeBinary, nullable=False),
        sa.Column("choices_before", sa.LargeBinary),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("choices", sa.LargeBinary),
    )
