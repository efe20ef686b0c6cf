"""Formats: whose list a CSV file was, known by the names of its columns, and what each of its rows says.

Mailchimp, Substack, Ghost, Buttondown and listmonk each say in columns of their own who left, whose mailbox does not
exist and who never confirmed. What is not understood counts as no consent: nobody is mailed by guesswork.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

__all__ = ["EXPORTED", "Format", "Row", "Standing", "guarded", "recognise", "unguarded"]

EXPORTED = ("email", "state", "asked_at", "given_at", "how", "wording", "choices")
"""The columns of a list that this program wrote."""

_ADDRESS = ("email", "email address", "e-mail", "address", "email_address")
_STATUS = ("status", "state", "email_status", "member status")
_TRUE = frozenset({"true", "yes", "1", "t", "y"})
_FALSE = frozenset({"false", "no", "0", "f", "n"})


class Standing(StrEnum):
    """What a row says about its person."""

    SUBSCRIBED = "subscribed"
    LEFT = "left"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNCONFIRMED = "unconfirmed"  # never confirmed, or nobody can tell


_WORDS = {
    **dict.fromkeys(("subscribed", "confirmed", "active", "enabled", "true", "yes"), Standing.SUBSCRIBED),
    **dict.fromkeys(
        ("unsubscribed", "unsubscribe", "left", "opted out", "opted-out", "optout", "removed", "blocklisted"),
        Standing.LEFT,
    ),
    **dict.fromkeys(("bounced", "cleaned", "undeliverable", "invalid"), Standing.BOUNCED),
    **dict.fromkeys(("complained", "complaint", "spam", "abuse"), Standing.COMPLAINED),
}
_BUTTONDOWN = {
    **_WORDS,
    **dict.fromkeys(
        ("regular", "premium", "trialed", "unpaid", "gifted", "churning", "churned", "paused", "past_due"),
        Standing.SUBSCRIBED,
    ),
    "blocked": Standing.LEFT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row, understood."""

    address: str  # as it stands there
    standing: Standing
    asked_at: datetime | None = None  # aware
    given_at: datetime | None = None  # aware; when they agreed, as far as the file knows
    how: str = ""  # how they agreed, where the file says so
    wording: str = ""  # what they agreed to, where the file says so
    choices: str = ""  # how they want to be written to, see subscribers.choices


@dataclass(frozen=True, kw_only=True)
class Format:
    """How to read one kind of file."""

    name: str  # as a person is told
    read: Callable[[Sequence[str]], Row]


def recognise(header: Sequence[str]) -> Format | None:
    """Tell by its columns whose list a file was; None where none of them holds addresses."""
    columns: dict[str, int] = {}
    for place, name in enumerate(header):
        columns.setdefault(name.strip().lower(), place)
    column = next((columns[name] for name in _ADDRESS if name in columns), None)
    if column is None:
        return None
    name, reader = next(
        (name, reader)
        for name, marks, reader in _KINDS
        if all(any(mark in columns for mark in either.split("|")) for either in marks)
    )
    return Format(name=name, read=lambda cells: reader(_Cells(columns, column, cells)))


@dataclass(slots=True)  # frozen ones take twice as long to make
class _Cells:
    """The cells of one row by the names of their columns."""

    columns: Mapping[str, int]
    column: int  # of the address
    cells: Sequence[str]

    @property
    def address(self) -> str:
        return self.cells[self.column].strip() if self.column < len(self.cells) else ""

    def text(self, name: str) -> str:
        place = self.columns.get(name)
        return self.cells[place].strip() if place is not None and place < len(self.cells) else ""

    def word(self, *names: str) -> str:
        return next((self.text(name).lower() for name in names if name in self.columns), "")

    def moment(self, *names: str) -> datetime | None:
        for name in names:
            if found := _moment(self.text(name)):
                return found
        return None


def _mailchimp(row: _Cells) -> Row:
    # Three files: of those who left, of those whose mailbox is gone, and of the others; a row of the third that was
    # never confirmed is a contact without consent.
    if "unsub_time" in row.columns:
        complained = "spam" in row.word("unsub_reason") or "abuse" in row.word("unsub_reason")
        standing = Standing.COMPLAINED if complained else Standing.LEFT
    elif "clean_time" in row.columns:
        standing = Standing.BOUNCED
    else:
        standing = Standing.SUBSCRIBED if row.text("confirm_time") else Standing.UNCONFIRMED
    return _row(row, standing, asked="optin_time", given=("confirm_time",))


def _substack(row: _Cells) -> Row:
    disabled = row.word("email_disabled")
    known = "email_disabled" not in row.columns or disabled in _FALSE
    standing = Standing.LEFT if disabled in _TRUE else Standing.SUBSCRIBED if known else Standing.UNCONFIRMED
    return _row(row, standing, given=("created_at",))


def _substack_dashboard(row: _Cells) -> Row:
    silent = "receiving emails for" in row.columns and not row.text("receiving emails for")
    standing = Standing.UNCONFIRMED if silent else Standing.SUBSCRIBED
    return _row(row, standing, given=("subscription date",))


def _ghost(row: _Cells) -> Row:
    subscribed = row.word("subscribed_to_emails")
    if row.text("deleted_at") or subscribed in _FALSE:
        standing = Standing.LEFT
    else:
        standing = Standing.SUBSCRIBED if subscribed in _TRUE else Standing.UNCONFIRMED
    return _row(row, standing, given=("created_at",))


def _buttondown(row: _Cells) -> Row:
    standing = _BUTTONDOWN.get(row.word("type", "subscriber_type"), Standing.UNCONFIRMED)
    if standing is Standing.SUBSCRIBED and row.text("unsubscription_date"):
        standing = Standing.LEFT
    if standing is Standing.SUBSCRIBED and (
        row.text("undeliverability_date") or row.text("undeliverability_reason")
    ):
        standing = Standing.BOUNCED
    return _row(row, standing, given=("creation_date",))


def _listmonk(row: _Cells) -> Row:
    standing = {"enabled": Standing.SUBSCRIBED, "blocklisted": Standing.LEFT}.get(
        row.word("status"), Standing.UNCONFIRMED
    )
    return _row(row, standing, given=("created_at",))


def _own(row: _Cells) -> Row:
    return Row(
        address=unguarded(row.address),
        standing=_WORDS.get(row.word("state"), Standing.UNCONFIRMED),
        asked_at=row.moment("asked_at"),
        given_at=row.moment("given_at"),
        how=unguarded(row.text("how")),
        wording=unguarded(row.text("wording")),
        choices=unguarded(row.text("choices")),
    )


def _plain(row: _Cells) -> Row:
    says = any(name in row.columns for name in _STATUS)
    word = row.word(*_STATUS)
    standing = _WORDS.get(word, Standing.UNCONFIRMED) if says else Standing.SUBSCRIBED
    return _row(row, standing, asked="asked_at", given=("confirmed_at", "subscribed_at", "created_at"))


def _row(row: _Cells, standing: Standing, *, given: tuple[str, ...], asked: str = "") -> Row:
    return Row(
        address=row.address,
        standing=standing,
        asked_at=row.moment(asked) if asked else None,
        given_at=row.moment(*given),
    )


# Name, the columns that give it away ("a|b": either), reader. The first that fits.
_KINDS: tuple[tuple[str, tuple[str, ...], Callable[[_Cells], Row]], ...] = (
    ("an export of Belonging", EXPORTED, _own),
    (
        "an export of Mailchimp",
        ("email address", "member_rating|leid|euid|confirm_time|unsub_time|clean_time"),
        _mailchimp,
    ),
    ("an export of Substack", ("email", "active_subscription"), _substack),
    ("an export of Substack's dashboard", ("email", "subscription type", "activity"), _substack_dashboard),
    ("an export of Ghost", ("email", "subscribed_to_emails"), _ghost),
    (
        "an export of Buttondown",
        ("email_address|email", "type|subscriber_type", "creation_date"),
        _buttondown,
    ),
    ("an export of listmonk", ("uuid", "email", "attributes", "status"), _listmonk),
    ("a plain CSV file", (), _plain),
)

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d{4})(?: [A-Z]{3,5})?"
)  # as Go writes it


def _moment(text: str) -> datetime | None:
    """Read a moment as these programs write it: ISO 8601, in UTC where it does not say; None for anything else."""
    if not text:
        return None
    if go := _MOMENT.fullmatch(text):
        text = f"{go[1]}{go[2]}"
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# A spreadsheet takes a cell that begins like this for a formula and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(cell: str) -> str:
    """Write a cell so that no spreadsheet runs it, by an apostrophe before it, which `unguarded` takes away."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """Take away the apostrophe that `guarded` put before a cell."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
