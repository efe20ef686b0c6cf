"""What Mailchimp answers, read into values. Nothing is taken on trust: what is missing or odd is an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pipeline.errors import DeliveryError

__all__ = [
    "Account",
    "Checklist",
    "Content",
    "Domain",
    "Folder",
    "MailingList",
    "Named",
    "Remote",
    "Segment",
    "Status",
    "Sums",
    "items",
    "moment",
]

_ID = re.compile(r"[0-9a-f]{1,64}\Z")


class Status(StrEnum):
    """How far Mailchimp has brought a campaign."""

    SAVE = "save"
    PAUSED = "paused"
    SCHEDULE = "schedule"
    SENDING = "sending"
    SENT = "sent"
    CANCELED = "canceled"
    CANCELING = "canceling"
    ARCHIVED = "archived"
    OTHER = "other"  # something newer than this program

    @property
    def past_draft(self) -> bool:
        """Tell whether it has left the state in which it can be sent."""
        return self is not Status.SAVE


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """The part of a list that a campaign goes to; with nothing set, all of it."""

    saved: int | None = None  # a saved segment
    group: str = ""  # an interest category …
    interest: str = ""  # … and one of its interests

    def options(self) -> dict[str, object] | None:
        """Write it as Mailchimp's segment_opts; None for the whole list."""
        if self.saved is not None:
            return {"saved_segment_id": self.saved}
        if self.interest:
            condition = {
                "condition_type": "Interests",
                "field": f"interests-{self.group}",
                "op": "interestcontains",
                "value": [self.interest],
            }
            return {"match": "any", "conditions": [condition]}
        return None

    def matches(self, options: object) -> bool:
        """Tell whether what Mailchimp says of a campaign's segment is this one and nothing else."""
        given = options if isinstance(options, Mapping) else {}
        conditions = given.get("conditions") or []
        other = bool(given.get("prebuilt_segment_id"))
        if self.saved is not None:
            return given.get("saved_segment_id") == self.saved and not other
        if given.get("saved_segment_id") or other:
            return False
        if not self.interest:
            return not conditions
        if not isinstance(conditions, list) or len(conditions) != 1 or not isinstance(conditions[0], Mapping):
            return False
        only = conditions[0]
        return (
            only.get("condition_type") == "Interests"
            and only.get("field") == f"interests-{self.group}"
            and only.get("op") == "interestcontains"
            and only.get("value") == [self.interest]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Remote:
    """One campaign as Mailchimp knows it."""

    id: str
    status: Status
    title: str
    subject: str
    created_at: datetime  # aware
    sent_at: datetime | None  # aware; for one that is scheduled, when it will be
    kind: str
    list_id: str
    segment_options: object = field(repr=False)
    recipients: int | None  # None: not said
    emails_sent: int
    settings: Mapping[str, object] = field(repr=False)
    tracking: Mapping[str, object] = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Remote:
        """Read a campaign."""
        settings, recipients = _part(document, "settings"), _part(document, "recipients")
        try:
            status = Status(_text(document, "status"))
        except ValueError:
            status = Status.OTHER
        count = recipients.get("recipient_count")
        return cls(
            id=_identity(document, "id"),
            status=status,
            title=_optional(settings, "title"),
            subject=_optional(settings, "subject_line"),
            created_at=moment(_text(document, "create_time")),
            sent_at=moment(sent) if (sent := _optional(document, "send_time")) else None,
            kind=_optional(document, "type"),
            list_id=_optional(recipients, "list_id"),
            segment_options=recipients.get("segment_opts"),
            recipients=count if isinstance(count, int) else None,
            emails_sent=_number(document, "emails_sent"),
            settings=settings,
            tracking=_part(document, "tracking"),
        )

    @property
    def order(self) -> tuple[datetime, str]:
        """Rank it among campaigns of one post: the oldest is the one that counts."""
        return self.created_at, self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a campaign would say."""

    html: str = field(repr=False)
    text: str = field(repr=False)

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Content:
        """Read a campaign's content; a campaign without any has two empty texts."""
        return cls(html=_optional(document, "html"), text=_optional(document, "plain_text"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Checklist:
    """What Mailchimp itself thinks of a campaign."""

    ready: bool
    errors: tuple[str, ...]

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Checklist:
        """Read a send checklist."""
        errors = [
            ": ".join(part for part in (_optional(item, "heading"), _optional(item, "details")) if part)
            for item in _parts(document, "items")
            if item.get("type") == "error"
        ]
        return cls(ready=document.get("is_ready") is True, errors=tuple(errors))


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Something with a name that a person uses and an id that Mailchimp uses."""

    id: str
    name: str
    members: int | None = None

    @classmethod
    def read(cls, document: Mapping[str, object], *, name: str = "name", members: str = "") -> Named:
        """Read one; ``name`` and ``members`` say under which key."""
        identity = document.get("id")
        count = str(document.get(members, "")) if members else ""
        return cls(
            id=str(identity) if isinstance(identity, int) else _identity(document, "id"),
            name=_optional(document, name),
            members=int(count) if count.isdigit() else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class MailingList:
    """A list ("audience" on Mailchimp's pages)."""

    id: str
    name: str
    members: int
    double_optin: bool
    archive_bar: bool
    contact_missing: tuple[str, ...]  # parts of the postal address that are empty
    last_sent: datetime | None  # aware; when anything was last sent to it

    @classmethod
    def read(cls, document: Mapping[str, object]) -> MailingList:
        """Read a list; what is not said counts as the worse."""
        contact, stats = _part(document, "contact"), _part(document, "stats")
        needed = ("company", "address1", "city", "country")
        return cls(
            id=_identity(document, "id"),
            name=_optional(document, "name"),
            members=_number(stats, "member_count"),
            double_optin=document.get("double_optin") is True,
            archive_bar=document.get("use_archive_bar") is not False,
            contact_missing=tuple(name for name in needed if not _optional(contact, name).strip()),
            last_sent=moment(sent) if (sent := _optional(stats, "campaign_last_sent")) else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """A domain that letters may come from."""

    name: str  # lower case
    verified: bool
    authenticated: bool

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Domain:
        """Read a domain; what is not said counts as no."""
        return cls(
            name=_optional(document, "domain").lower(),
            verified=document.get("verified") is True,
            authenticated=document.get("authenticated") is True,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """The account that the key belongs to."""

    plan: str  # "forever_free", "monthly", "pay_as_you_go", or ""
    first_payment: datetime | None  # aware

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Account:
        """Read the account."""
        paid = _optional(document, "first_payment")
        return cls(
            plan=_optional(document, "pricing_plan_type"), first_payment=moment(paid) if paid else None
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder for campaigns."""

    id: str
    name: str

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Folder:
        """Read a folder."""
        return cls(id=_identity(document, "id"), name=_optional(document, "name"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """What became of a campaign, counted. Nothing in it tells one reader from another."""

    emails_sent: int
    hard_bounces: int
    soft_bounces: int
    unsubscribed: int
    complaints: int

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Sums:
        """Read a report."""
        bounces = _part(document, "bounces")
        return cls(
            emails_sent=_number(document, "emails_sent"),
            hard_bounces=_number(bounces, "hard_bounces") + _number(bounces, "syntax_errors"),
            soft_bounces=_number(bounces, "soft_bounces"),
            unsubscribed=_number(document, "unsubscribed"),
            complaints=_number(document, "abuse_reports"),
        )


def moment(text: str) -> datetime:
    """Read a moment as Mailchimp writes it (ISO 8601); one without a zone is in UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise _odd("a date that is none") from None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def items(document: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    """Answer a list of objects that must be there."""
    if not isinstance(document.get(name), list):
        raise _odd(f"no {name}")
    return _parts(document, name)


def _parts(document: Mapping[str, object], name: str) -> tuple[Mapping[str, object], ...]:
    given = document.get(name)
    found = given if isinstance(given, list) else []
    return tuple(item for item in found if isinstance(item, Mapping))


def _part(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    given = document.get(name)
    return given if isinstance(given, Mapping) else {}


def _optional(document: Mapping[str, object], name: str) -> str:
    given = document.get(name)
    return given if isinstance(given, str) else ""


def _text(document: Mapping[str, object], name: str) -> str:
    found = _optional(document, name)
    if not found:
        raise _odd(f"no {name}")
    return found


def _identity(document: Mapping[str, object], name: str) -> str:
    found = _text(document, name)
    if not _ID.match(found):
        raise _odd("an id that is none")
    return found


def _number(document: Mapping[str, object], name: str) -> int:
    found = document.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else 0


def _odd(what: str) -> DeliveryError:
    return DeliveryError(
        f"Mailchimp answered in a way that this program does not know ({what})",
        advice="nothing was sent for it; try again, and report it if it stays so",
    )
