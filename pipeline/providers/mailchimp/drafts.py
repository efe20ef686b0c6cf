"""What a campaign is to be at Mailchimp: its name there, who it goes to, and everything that is switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pipeline.campaigns import campaign_id
from pipeline.providers.mailchimp.content import fingerprint
from pipeline.providers.mailchimp.remote import Content, Remote, Segment

__all__ = ["Draft", "Mark", "fingerprint_of", "mark_of", "marker", "renamed"]

_MARK = re.compile(r"\[([0-9a-f]{16})(?:\.([0-9a-f]{8})(?:@(\d{12}))?)?\]")
_MINUTE = "%Y%m%d%H%M"  # in UTC
_NAME_LIMIT = 60  # characters of the post's title in the campaign's name

_TRACKING: dict[str, object] = {
    "opens": False,
    "html_clicks": False,
    "text_clicks": False,
    "goal_tracking": False,
    "ecomm360": False,
    "google_analytics": "",
    "clicktale": "",
}
_SETTINGS: dict[str, object] = {
    "authenticate": True,
    "auto_footer": False,
    "inline_css": False,
    "auto_tweet": False,
    "fb_comments": False,
    "use_conversation": False,
}


def marker(list_id: str, post_id: str) -> str:
    """Name the one campaign of a post on a list: 16 hex digits, the same on every machine.

    The part of the list that it goes to is left out on purpose: a post that moves to another category, or a list
    that is cut in another way, must not make a second campaign.
    """
    return campaign_id(f"mailchimp {list_id}", post_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What the name of a campaign says about it."""

    marker: str
    fingerprint: str  # of what we wrote last; "" while it is being written
    due: datetime | None = None  # aware; when it is to leave, written right before it is scheduled for then


def mark_of(title: str) -> Mark | None:
    """Read the mark in a campaign's name; None: it is not one of ours."""
    found = _MARK.findall(title)
    if not found:
        return None
    name, seal, minute = found[-1]
    try:
        due = datetime.strptime(minute, _MINUTE).replace(tzinfo=UTC) if minute else None
    except ValueError:
        due = None
    return Mark(marker=name, fingerprint=seal, due=due)


def renamed(remote: Remote, *, sealed: bool, due: datetime | None = None) -> dict[str, object]:
    """Write, as Mailchimp takes it, another mark into the name of a campaign, and nothing else anew.

    Args:
        remote: The campaign.
        sealed: Whether what it says still is what we finished writing.
        due: When it is about to be scheduled for, if it is.
    """
    mark = mark_of(remote.title)
    if mark is None:
        raise AssertionError("that is no campaign of ours")
    inner = mark.marker
    if sealed and mark.fingerprint:
        inner += f".{mark.fingerprint}" + (f"@{due.astimezone(UTC):{_MINUTE}}" if due else "")
    kept = {name: str(remote.settings.get(name, "")) for name in ("subject_line", "from_name", "reply_to")}
    return {"settings": {**kept, "title": _MARK.sub(f"[{inner}]", remote.title)}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """Everything we want of a campaign but its content."""

    marker: str
    name: str  # the post's title, for people who look at Mailchimp's list of campaigns
    subject: str
    preview: str
    from_name: str
    from_address: str
    list_id: str
    segment: Segment

    def body(self, sealed: str = "") -> dict[str, object]:
        """Write it as Mailchimp takes it.

        Args:
            sealed: The fingerprint that ends the writing; "" says that writing is under way.
        """
        options = self.segment.options()
        recipients: dict[str, object] = {"list_id": self.list_id}
        if options is not None:
            recipients["segment_opts"] = options
        settings = {
            **_SETTINGS,
            "title": self._title(sealed),
            "subject_line": self.subject,
            "preview_text": self.preview,
            "from_name": self.from_name,
            "reply_to": self.from_address,
        }
        return {"recipients": recipients, "settings": settings, "tracking": dict(_TRACKING)}

    def creation(self) -> dict[str, object]:
        """Write the body that creates it."""
        return {"type": "regular", **self.body()}

    def fingerprint(self, content: Content) -> str:
        """Name what it says together with a content."""
        return fingerprint(content, self.subject, self.preview, self.from_name, self.from_address)

    def saying(self, subject: str, preview: str) -> Draft:
        """Answer the same with another subject and preview."""
        return replace(self, subject=subject, preview=preview)

    def _title(self, sealed: str) -> str:
        name = " ".join(self.name.replace("[", "(").replace("]", ")").split())
        short = name if len(name) <= _NAME_LIMIT else name[: _NAME_LIMIT - 1].rstrip() + "…"
        return f"{short} [{self.marker}{'.' if sealed else ''}{sealed}]"


def fingerprint_of(remote: Remote, content: Content) -> str:
    """Name what a campaign at Mailchimp says now."""
    settings = remote.settings
    names = ("subject_line", "preview_text", "from_name", "reply_to")
    return fingerprint(content, *(str(settings.get(name, "")) for name in names))
