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

# What `doc` and `about` say stands on the page that tells readers what is stored.
metadata = MetaData()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_Key = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts up only in a column called INTEGER


class Moment(TypeDecorator[datetime]):
    """A moment, kept as microseconds since 1970 in UTC: the same in every dialect, ordered, never without a zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn an aware datetime into microseconds."""
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn microseconds into an aware datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


# Single facts about the store itself: which key it was sealed with, how often its history changed.
facts = Table(
    "facts",
    metadata,
    Column(
        "name",
        Text,
        primary_key=True,
        doc="which fact: which key the list is sealed with, the keys that outlived a rotation "
        "(sealed), how often its history changed, whether it was put back from a backup, how many letters "
        "came back for which kind of reason and when that was last read, what a list at Mailchimp was asked for",
    ),
    Column("value", Text, nullable=False, doc="the fact; it names nobody"),
    info={"about": "Single facts about the store itself."},
)

subscribers = Table(
    "subscribers",
    metadata,
    Column(
        "id",
        BigInteger,
        primary_key=True,
        autoincrement=False,
        doc="a random number that stands for the person in other tables; nothing is derived from anybody",
    ),
    Column(
        "address",
        LargeBinary,
        nullable=False,
        doc="the e-mail address, encrypted, with a key made for it alone that is itself encrypted;"
        " bound to this very row",
    ),
    Column(
        "address_index",
        LargeBinary,
        nullable=False,
        unique=True,
        doc="a keyed hash of the address, by which the row is found again without opening every address",
    ),
    Column("state", Text, nullable=False, doc="asked, confirmed, left, or not reachable any more"),
    Column(
        "life",
        Integer,
        nullable=False,
        doc="how often this person has subscribed; links of an earlier time no longer act",
    ),
    Column(
        "origin",
        Text,
        nullable=False,
        doc="how they came: by the form, by hand, from another list, or a made-up reader",
    ),
    Column("created_at", Moment, nullable=False, doc="when the row was made"),
    Column("confirmed_at", Moment, doc="when they confirmed"),
    Column(
        "choices",
        LargeBinary,
        doc="what they chose about their letters (how they look in the mailbox, how often, which "
        "subjects, a pause), encrypted, filled up so that its length tells nothing; nothing "
        "where nothing was chosen",
    ),
    Index("subscribers_by_state", "state"),
    Index(
        "subscribers_who_chose",
        "id",
        sqlite_where=text("choices IS NOT NULL"),
        postgresql_where=text("choices IS NOT NULL"),
    ),
    info={"about": "One row for each person."},
)

suppressions = Table(
    "suppressions",
    metadata,
    Column(
        "hash",
        LargeBinary,
        primary_key=True,
        doc="a keyed hash of the address, under another key than the one rows are found by",
    ),
    Column("reason", Text, nullable=False, doc="erased, bounced, complained, or left a list elsewhere"),
    Column("created_at", Moment, nullable=False, doc="when"),
    info={"about": "Addresses that must not be mailed, without the addresses."},
)

earlier_posts = Table(
    "earlier_posts",
    metadata,
    Column("post_id", Text, primary_key=True, doc="the post"),
    Column("url", Text, nullable=False, doc="its page"),
    Column("title", Text, nullable=False, doc="its title"),
    Column("fingerprint", Text, nullable=False, doc="a hash of its text, to recognise it under another name"),
    Column("source", Text, nullable=False, doc="its file"),
    Column("recorded_at", Moment, nullable=False, doc="when this was noted"),
    info={"about": "Posts that had their turn before the list began. Nothing about people."},
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", Text, primary_key=True, doc="made of the list and the post"),
    Column("post_id", Text, nullable=False, unique=True, doc="the post"),
    Column("state", Text, nullable=False, doc="planned, being sent, sent, paused or cancelled"),
    Column("subject", Text, nullable=False, doc="its subject"),
    Column("url", Text, nullable=False, doc="its page"),
    Column("title", Text, nullable=False, doc="its title"),
    Column("fingerprint", Text, nullable=False, doc="a hash of its text"),
    Column("source", Text, nullable=False, doc="its file"),
    Column("letter", LargeBinary, doc="the letter itself, in each form that somebody chose"),
    Column("audience", Integer, doc="how many people it was for"),
    Column("created_at", Moment, nullable=False, doc="when it was planned"),
    Column("finished_at", Moment, doc="when it was over"),
    Column("frozen_at", Moment, doc="when it was settled who gets it"),
    info={"about": "One row for each letter to the list."},
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", _Key, primary_key=True, autoincrement=True, doc="a running number"),
    Column("campaign_id", Text, ForeignKey("campaigns.id"), nullable=False, doc="which letter"),
    # Set to NULL when a person is forgotten: the count stays, the link goes.
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="SET NULL"),
        doc="to whom; emptied when they are erased, so that a count is left that names nobody",
    ),
    Column("state", Text, nullable=False, doc="waiting, handed over, refused, left out, or unknown"),
    Column(
        "code",
        Text,
        nullable=False,
        server_default="",
        doc="the code that the mail server answered, or why nothing was sent",
    ),
    Column("attempts", Integer, nullable=False, server_default="0", doc="how often it was tried"),
    Column("due_at", Moment, nullable=False, doc="not to be tried before"),
    Column("owner", Text, doc="which process is at it"),
    Column("lease_until", Moment, doc="until when that process may be"),
    Column("changed_at", Moment, nullable=False, doc="when this last changed"),
    # Which variant of the letter it has, by number; 0 again as soon as nothing can be sent any more.
    Column(
        "variant",
        Integer,
        nullable=False,
        server_default="0",
        doc="which of the forms of the letter it is, such as the one without a body",
    ),
    UniqueConstraint("campaign_id", "subscriber_id", name="deliveries_once"),
    Index("deliveries_to_try", "campaign_id", "state", "due_at", "id"),
    Index(
        "deliveries_leased",
        "owner",
        sqlite_where=text("owner IS NOT NULL"),
        postgresql_where=text("owner IS NOT NULL"),
    ),
    Index("deliveries_by_subscriber", "subscriber_id"),
    info={"about": "What became of one letter to one person."},
)

# --- What the list service keeps: wishes on their way, what was agreed to, how often something happened -------------

# What came in and is dealt with behind the answer; gone as soon as it is.
arrivals = Table(
    "arrivals",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, doc="a random number"),
    Column(
        "wish",
        Text,
        nullable=False,
        doc="to join, to see what is stored, to choose how letters come, or to have them at another address",
    ),
    Column(
        "address",
        LargeBinary,
        nullable=False,
        doc="what was typed, encrypted, filled up to the longest address; with another address, whose it is to be",
    ),
    Column("path", Text, nullable=False, doc="which form"),
    Column("received_at", Moment, nullable=False, doc="when"),
    Column("due_at", Moment, nullable=False, doc="not to be dealt with before"),
    Column("attempts", Integer, nullable=False, server_default="0", doc="how often that was tried"),
    Index("arrivals_to_take", "due_at"),
    info={"about": "What somebody typed into a form, until it is dealt with: seconds, as a rule."},
)

# Wishes to join that wait for their confirmation.
asks = Table(
    "asks",
    metadata,
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        doc="whose",
    ),
    Column("life", Integer, nullable=False, doc="which subscription confirming begins"),
    Column("path", Text, nullable=False, doc="which form"),
    Column("asked_at", Moment, nullable=False, doc="when"),
    Column("expires_at", Moment, nullable=False, doc="until when the link acts"),
    Index("asks_over", "expires_at"),
    info={
        "about": "Wishes to join that wait for their confirmation; gone when confirmed, or after some days."
    },
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
        doc="whose",
    ),
    Column("life", Integer, nullable=False, doc="for which subscription"),
    Column("address", LargeBinary, nullable=False, doc="the new address, encrypted"),
    Column("address_index", LargeBinary, nullable=False, doc="a keyed hash of it"),
    Column("expires_at", Moment, nullable=False, doc="until when the link acts"),
    Index("moves_over", "expires_at"),
    info={"about": "A new address that somebody asked for, until they confirm it from there."},
)

# Single messages to one person that wait to be handed over; gone as soon as they were.
notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, doc="a random number"),
    Column("kind", Text, nullable=False, doc="which message"),
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        nullable=False,
        doc="to whom",
    ),
    Column("life", Integer, nullable=False, doc="for which subscription its link acts"),
    Column("limit_name", LargeBinary, nullable=False, doc="the count it belongs to, by keyed hash"),
    Column("trying", Integer, nullable=False, server_default="0", doc="whether it is being handed over"),
    Column("attempts", Integer, nullable=False, server_default="0", doc="how often that was tried"),
    Column("due_at", Moment, nullable=False, doc="not to be handed over before"),
    Column("expires_at", Moment, nullable=False, doc="until when its link acts"),
    Index("notices_to_send", "due_at"),
    Index("notices_by_subscriber", "subscriber_id"),
    info={
        "about": "Single messages that wait to be handed over, such as the one with the link to "
        "confirm; gone as soon as they were."
    },
)

# What stood above the button, word for word, by its hash.
wordings = Table(
    "wordings",
    metadata,
    Column("hash", Text, primary_key=True, doc="its hash"),
    Column("text", Text, nullable=False, doc="the words, the same for everybody who saw them"),
    info={"about": "What stood above the button, word for word."},
)

consents = Table(
    "consents",
    metadata,
    Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscribers.id", ondelete="CASCADE"),
        primary_key=True,
        doc="who",
    ),
    Column("life", Integer, primary_key=True, doc="for which subscription"),
    Column("wording", Text, ForeignKey("wordings.hash"), nullable=False, doc="to which words"),
    Column("path", Text, nullable=False, doc="how: by which form, or from which list they were taken over"),
    Column("asked_at", Moment, doc="when they asked"),
    Column("given_at", Moment, nullable=False, doc="when they agreed"),
    info={"about": "That somebody agreed, kept as long as they are on the list."},
)

# How often something happened lately, under keyed hashes; a row is gone soon after its window has ended.
limits = Table(
    "limits",
    metadata,
    Column(
        "name",
        LargeBinary,
        primary_key=True,
        doc="a keyed hash of what is counted; of a network address another one each day",
    ),
    Column("count", Integer, nullable=False, doc="how often"),
    Column("ends_at", Moment, nullable=False, doc="when counting begins anew"),
    Index("limits_over", "ends_at"),
    info={
        "about": "How often something happened lately, so that nobody is buried in our messages; gone "
        "soon after."
    },
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
        doc="whose",
    ),
    Column("count", Integer, nullable=False, doc="how often"),
    Column("first_at", Moment, nullable=False, doc="when first"),
    Column("last_at", Moment, nullable=False, doc="when last"),
    info={"about": "Letters that came back for a reason that passes, such as a full mailbox."},
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
        doc="whose",
    ),
    Column(
        "address_before",
        LargeBinary,
        nullable=False,
        doc="the address, encrypted with the old key",
    ),
    Column("choices_before", LargeBinary, doc="the choices, encrypted with the old key"),
    Column("address", LargeBinary, nullable=False, doc="the address, encrypted with the new key"),
    Column("address_index", LargeBinary, nullable=False, doc="the keyed hash with the new key"),
    Column("choices", LargeBinary, doc="the choices, encrypted with the new key"),
    info={"about": "The list encrypted anew, while its key is being changed; empty otherwise."},
)
