"""The tables, as the code sees them. The migrations make the same; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

__all__ = [
    "Moment",
    "arrivals",
    "asks",
    "bounces",
    "campaigns",
    "consents",
    "deliveries",
    "earlier_posts",
    "facts",
    "limits",
    "metadata",
    "moves",
    "notices",
    "rewrapped",
    "subscribers",
    "suppressions",
    "wordings",
]

metadata = MetaData()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Key = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in a column called INTEGER


class Moment(TypeDecorator[datetime]):
    """A moment, kept as microseconds since 1970 in UTC: the same in every dialect, ordered, never without a zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn an aware datetime into microseconds."""
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn microseconds into an aware datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


# Single facts about the store itself: which key it was sealed with, how often its history changed.
facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

subscribers = Table(
    "subscribers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random
    Column("address", LargeBinary, nullable=False),  # sealed, bound to this column and row
    Column("address_index", LargeBinary, nullable=False, unique=True),  # keyed hash
    Column("state", Text, nullable=False),
    Column("life", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("choices", LargeBinary),  # sealed, bound to this column and row; NULL: nothing was chosen
    Index("subscribers_by_state", "state"),
    Index(
        "subscribers_who_chose",
        "id",
        sqlite_where=text("choices IS NOT NULL"),
        postgresql_where=text("choices IS NOT NULL"),
    ),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # keyed, under a key of its own
    Column("reason", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

earlier_posts = Table(
    "earlier_posts",
    metadata,
    Column("post_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Text, primary_key=True),  # derived from the audience and the post: one campaign each
    Column("post_id", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("letter", LargeBinary),  # what everybody gets, kept when the audience is frozen
    Column("audience", Integer),  # how many people it was frozen for
    Column("created_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("frozen_at", Moment),  # when its audience was fixed
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True),
    Column("campaign_id", Text, ForeignKey("campaigns.id"), nullable=False),
    # Set to NULL when a person is forgotten: the count stays, the link goes.
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id", ondelete="SET NULL")),
    Column("state", Text, nullable=False),
    Column("code", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False),  # not to be tried before
    Column("owner", Text),  # who holds the lease, or held it when it ran out: only they can still settle it
    Column("lease_until", Moment),
    Column("changed_at", Moment, nullable=False),
    # Which variant of the letter it has, by number; 0 again as soon as it has an outcome.
    Column("variant", Integer, nullable=False, server_default="0"),
    UniqueConstraint("campaign_id", "subscriber_id", name="deliveries_once"),
    Index("deliveries_to_try", "campaign_id", "state", "due_at", "id"),
    Index(
        "deliveries_leased",
        "owner",
        sqlite_where=text("owner IS NOT NULL"),
        postgresql_where=text("owner IS NOT NULL"),
    ),
    Index("deliveries_by_subscriber", "subscriber_id"),
)

# --- What the list service keeps: wishes on their way, what was agreed to, how often something happened -------------

# What came in and is dealt with behind the answer; gone as soon as it is.
arrivals = Table(
    "arrivals",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random
    Column("wish", Text, nullable=False),
    Column("address", LargeBinary, nullable=False),  # sealed as it was typed, padded
    Column("path", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),  # not to be taken before; moved on by whoever takes it
    Column("attempts", Integer, nullable=False, server_default="0"),
    Index("arrivals_to_take", "due_at"),
)

# Wishes to join that wait for their confirmation.
asks = Table(
    "asks",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("life", Integer, nullable=False),  # the one that confirming begins
    Column("path", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("asks_over", "expires_at"),
)

# New addresses that wait for their owners to say that they are theirs.
moves = Table(
    "moves",
    metadata,
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("life", Integer, nullable=False),
    Column("address", LargeBinary, nullable=False),  # sealed, bound to this column and row
    Column("address_index", LargeBinary, nullable=False),  # keyed hash, as subscribers have it
    Column("expires_at", Moment, nullable=False),
    Index("moves_over", "expires_at"),
)

# Single messages to one person that wait to be handed over; gone as soon as they were.
notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random: its Message-ID is made of it
    Column("kind", Text, nullable=False),
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("life", Integer, nullable=False),
    Column("limit_name", LargeBinary, nullable=False),  # lifted when the notice is lost
    Column("trying", Integer, nullable=False, server_default="0"),  # 1 while it may be handed over
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", Moment, nullable=False),  # not before; while trying, when the lease runs out
    Column("expires_at", Moment, nullable=False),
    Index("notices_to_send", "due_at"),
    Index("notices_by_subscriber", "subscriber_id"),
)

# What stood above the button, word for word, by its hash.
wordings = Table(
    "wordings",
    metadata,
    Column("hash", Text, primary_key=True),  # SHA-256, hex
    Column("text", Text, nullable=False),
)

consents = Table(
    "consents",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("life", Integer, primary_key=True),  # which subscription of this person it began
    Column("wording", Text, ForeignKey("wordings.hash"), nullable=False),
    Column("path", Text, nullable=False),
    Column("asked_at", Moment),
    Column("given_at", Moment, nullable=False),
)

# How often something happened lately, under keyed hashes; a row is gone soon after its window has ended.
limits = Table(
    "limits",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Index("limits_over", "ends_at"),
)

# How often letters to somebody came back for a reason that passes, such as a full mailbox.
bounces = Table(
    "bounces",
    metadata,
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("count", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
)

# The list sealed with another key, row by row, until all of it is and takes the place of the old; empty otherwise.
rewrapped = Table(
    "rewrapped",
    metadata,
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "address_before", LargeBinary, nullable=False
    ),  # what was sealed anew; if it has changed, once more
    Column("choices_before", LargeBinary),
    Column("address", LargeBinary, nullable=False),
    Column("address_index", LargeBinary, nullable=False),
    Column("choices", LargeBinary),
)
