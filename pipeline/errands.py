"""Errands: what we asked a list service to do that keeps campaigns for us, and the contract of who remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

__all__ = ["Errand", "ErrandLedger", "Step"]


class Step(StrEnum):
    """How far a campaign has come that a list service keeps for us."""

    CREATING = "creating"  # asked for, not answered
    DRAFTED = "drafted"
    SENDING = "sending"  # asked to send it, not answered
    SENT = "sent"  # its turn is over


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """What a list service was last asked to do for a campaign: noted before it is asked, and when it has answered."""

    step: Step
    remote_id: str = ""  # what the service calls the campaign; "" while it is being created
    at: datetime  # aware; when it was noted


class ErrandLedger(Protocol):
    """Keep the record of errands. Every method is one transaction."""

    def errand(self, campaign_id: str) -> Errand | None:
        """Answer what was last noted for a campaign."""

    def errands(self) -> Mapping[str, Errand]:
        """Answer what was last noted, for every campaign."""

    def note(self, campaign_id: str, before: Errand | None, after: Errand | None) -> bool:
        """Note an errand, if what was last noted still is ``before``; tell whether it was."""
