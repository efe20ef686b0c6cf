"""What the list service keeps: arrivals, asks, notices, consents with their wordings, limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _subscriber(*, key: bool) -> sa.Column[int]:
    whom = sa.ForeignKey("subscribers.id", ondelete="CASCADE")
    return sa.Column("subscriber_id", sa.BigInteger, whom, primary_key=key, nullable=False)


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("arrivals_to_take", "arrivals", ["due_at"])
    op.create_table(
        "asks",
        _subscriber(key=True),
        sa.Column("life", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("asks_over", "asks", ["expires_at"])
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        _subscriber(key=False),
        sa.Column("life", sa.Integer, nullable=False),
        sa.Column("limit_name", sa.LargeBinary, nullable=False),
        sa.Column("trying", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
    )
    op.create_index("notices_to_send", "notices", ["due_at"])
    op.create_index("notices_by_subscriber", "notices", ["subscriber_id"])
    op.create_table(
        "wordings",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_table(
        "consents",
        _subscriber(key=True),
        sa.Column("life", sa.Integer, primary_key=True),
        sa.Column("wording", sa.Text, sa.ForeignKey("wordings.hash"), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("given_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "limits",
        sa.Column("name", sa.LargeBinary, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
    )
    op.create_index("limits_over", "limits", ["ends_at"])
