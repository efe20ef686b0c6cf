"""Campaigns: one post on its way to one audience, the states it can be in and the ways between them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["EVERYBODY", "TRANSITIONS", "Campaign", "CampaignState", "Tally", "campaign_id", "may_become"]

EVERYBODY = "list"
"""The one audience of the embedded list: whoever confirmed."""


class CampaignState(StrEnum):
    """How far a campaign has come."""

    PLANNED = "planned"  # decided on; nothing of it is rendered yet
    READY = "ready"  # letter kept, audience frozen; nobody was mailed
    SENDING = "sending"  # the first delivery may have been tried
    PAUSED = "paused"  # stopped on the way; a person resumes or cancels it
    SENT = "sent"  # every delivery has an outcome
    CANCELLED = "cancelled"  # a person decided against it; final


TRANSITIONS: dict[CampaignState, frozenset[CampaignState]] = {
    # Paused before anything was rendered: one of too many new posts at once, which wait for a person's word.
    CampaignState.PLANNED: frozenset({CampaignState.READY, CampaignState.PAUSED, CampaignState.CANCELLED}),
    CampaignState.READY: frozenset({CampaignState.SENDING, CampaignState.PAUSED, CampaignState.CANCELLED}),
    CampaignState.SENDING: frozenset({CampaignState.SENT, CampaignState.PAUSED}),
    CampaignState.PAUSED: frozenset({CampaignState.READY, CampaignState.SENDING, CampaignState.CANCELLED}),
    # A person who says "send the unknown ones again" reopens a campaign that had ended.
    CampaignState.SENT: frozenset({CampaignState.SENDING}),
    CampaignState.CANCELLED: frozenset(),
}


def may_become(now: CampaignState, then: CampaignState) -> bool:
    """Tell whether a campaign may go from one state to another; staying is always allowed."""
    return now is then or then in TRANSITIONS[now]


def campaign_id(audience: str, post_id: str) -> str:
    """Name the one campaign of a post for an audience.

    Args:
        audience: What the provider calls the list (and segment) that is addressed.
        post_id: The post's identity.

    Returns:
        16 hex digits of SHA-256: the same for the same pair, on every machine and at every time.
    """
    return hashlib.sha256(f"{audience}\x00{post_id}".encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """One post on its way to one audience, as the ledger knows it."""

    id: str  # 16 hex digits, see campaign_id
    post_id: str
    state: CampaignState
    subject: str  # "" until it is ready
    url: str  # the post's page
    created_at: datetime  # aware
    finished_at: datetime | None = None  # aware; when the last delivery had its outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Where the recipients of one campaign stand, counted; the parts always add up to the audience."""

    audience: int  # people the campaign was frozen for
    accepted: int = 0
    waiting: int = 0  # nobody has tried yet, or a sender is at it now
    deferred: int = 0  # will be tried again
    rejected: int = 0
    excluded: int = 0  # left or suppressed after the audience was frozen
    unknown: int = 0  # may have been mailed; a person decides

    def __post_init__(self) -> None:
        parts = (self.accepted, self.waiting, self.deferred, self.rejected, self.excluded, self.unknown)
        if sum(parts) != self.audience:
            raise AssertionError(f"the sums do not add up: {parts} make {sum(parts)}, not {self.audience}")

    @property
    def open(self) -> int:
        """Count the recipients who are still to be tried."""
        return self.waiting + self.deferred
