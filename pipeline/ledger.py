"""The ledger: the record of what was planned, sent, refused or left unknown, and the contract its keeper has.

The ledger decides who is mailed. A delivery moves like this, and only a lease's owner may move it on:

    waiting ──claim──▶ claimed ──try──▶ trying ──┬─▶ accepted
       ▲                  │                      ├─▶ rejected
       │   lease ran out  │                      ├─▶ deferred ──due──▶ claimed
       └──────────────────┘                      └─▶ unknown  ──a person: resend──▶ waiting
                          └─▶ excluded               ▲    └─────a person: sent────▶ accepted
                              trying, lease ran out ─┘

``trying`` is on disk before a message is handed over. A sender that dies there leaves an unknown, never a
second mail; one that dies anywhere else leaves work that is simply done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pipeline.campaigns import Campaign, CampaignState, Tally
from pipeline.letters import Edition, Letter
from pipeline.planning import History, Plan

__all__ = [
    "HELD",
    "Allotment",
    "CampaignLedger",
    "Claim",
    "DeliveryLedger",
    "DeliveryState",
    "Settlement",
    "UnknownDelivery",
]


HELD = "held, what is sealed does not open"
"""Why a delivery was left out that can be made once its row is as it was."""


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    TRYING = "trying"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """One delivery that a sender has for a while."""

    delivery_id: int
    subscriber_id: int
    sealed_address: bytes  # b"" when the subscriber is gone
    life: int  # which subscription of this person; tokens of an earlier one no longer act
    attempts: int  # how often it was tried before
    excluded: str  # why it must not be mailed, or ""
    variant: int  # of the letter: its edition's number, twice, and one more where it is plain text only
    choices: bytes = b""  # sealed; b"" where nothing was chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What came of one try."""

    delivery_id: int
    state: DeliveryState  # ACCEPTED, DEFERRED, REJECTED, EXCLUDED, UNKNOWN, or WAITING: not tried after all
    code: str = ""  # reply code and enhanced status, such as "550 5.1.1", or a reason; never free text
    due_at: datetime | None = None  # not before this, and after all who are due earlier; None: as it was
    tried: bool = True  # whether this counts as an attempt


@dataclass(frozen=True, kw_only=True, slots=True)
class UnknownDelivery:
    """A delivery that may have reached its reader; named without naming the reader."""

    delivery_id: int
    campaign_id: str
    subscriber_id: int
    since: datetime  # aware


class Allotment(Protocol):
    """Say, while an audience is fixed, which variant of the letter each person gets who chose anything."""

    @property
    def everybody(self) -> bool:
        """Tell whether people who chose nothing get the letter; they get variant 0."""

    def variant(self, subscriber_id: int, choices: bytes, frozen: datetime) -> int | None:
        """Answer the variant of one person, or None where they do not belong to the audience.

        Args:
            subscriber_id: Whose row.
            choices: Their sealed choices.
            frozen: When the audience is fixed.
        """

    def editions(self) -> Sequence[Edition]:
        """List the editions that have been needed, in the order of their numbers; at least the first."""


class CampaignLedger(Protocol):
    """Keep the record of posts and campaigns. Every method is one transaction."""

    def history(self) -> History:
        """Answer everything that had its turn before."""

    def accept(self, plan: Plan, now: datetime) -> None:
        """Make a plan's decisions durable: its new campaigns, and what counts as published before.

        Raises:
            PlanChanged: The history is no longer the one the plan was made from.
        """

    def campaigns(self) -> Sequence[Campaign]:
        """List every campaign, the newest first."""

    def campaign(self, campaign_id: str) -> Campaign | None:
        """Find one campaign."""

    def audience_size(
        self, now: datetime | None = None, *, samples: bool, allotment: Allotment | None = None
    ) -> int:
        """Count the people that a campaign frozen now would be for; without an allotment, all it might be for."""

    def freeze(
        self,
        campaign_id: str,
        letter: Letter,
        now: datetime,
        *,
        samples: bool,
        allotment: Allotment | None = None,
    ) -> int:
        """Keep the letter and fix the audience: everybody confirmed at this moment, as they chose.

        Args:
            campaign_id: A campaign that is planned, or paused before that. One that is past it is left as it is.
            letter: What everybody will get; later runs send this and not a newer rendering.
            now: Aware.
            samples: Whether sample readers belong to the audience.
            allotment: Who gets which variant; without one everybody gets the letter, whatever they chose.

        Returns:
            How many people the audience holds.
        """

    def editions(self, campaign_id: str) -> Sequence[Edition]:
        """Answer what was kept when the campaign was frozen, in the order of their numbers; nothing if it never was.

        The first one is the letter as it is for those who chose nothing.
        """

    def move(self, campaign_id: str, state: CampaignState, now: datetime) -> bool:
        """Bring a campaign into another state, if the table of transitions allows it; tell whether it did."""


class DeliveryLedger(Protocol):
    """Keep the record of deliveries. Every method is one transaction."""

    def claim(
        self, campaign_id: str, owner: str, *, limit: int, now: datetime, until: datetime
    ) -> list[Claim]:
        """Lease deliveries of a campaign that is being sent and that are to be tried now, each to one owner only.

        Those who are due the longest come first. Of a campaign that is paused or cancelled there are none.
        """

    def settle(
        self,
        owner: str,
        settled: Sequence[Settlement],
        trying: Sequence[int],
        *,
        now: datetime,
        until: datetime,
    ) -> frozenset[int]:
        """Record what came of some tries and, in the same transaction, which deliveries are tried next.

        Returns:
            Those of ``trying`` that are still this owner's, and no others, may be handed over. A settlement of
            a delivery that is no longer this owner's changes nothing; one of a campaign that was cancelled
            meanwhile is not tried again.
        """

    def owners(self) -> frozenset[str]:
        """Name everybody who holds a lease."""

    def reap(self, now: datetime, dead: frozenset[str]) -> None:
        """Take back the leases that ran out or whose owners are dead: tried ones become unknown."""

    def next_due(self, campaign_id: str) -> datetime | None:
        """Tell when the next deferred delivery may be tried; None when there is none or nothing is being sent."""

    def tally(self, campaign_id: str) -> Tally:
        """Count where the recipients of a campaign stand."""

    def codes(self, campaign_id: str) -> dict[str, int]:
        """Count the reasons given for what was not accepted."""

    def finish(self, campaign_id: str, now: datetime) -> bool:
        """End a campaign none of whose deliveries is to be tried any more; tell whether it has ended."""

    def unknown(self) -> Sequence[UnknownDelivery]:
        """List the deliveries that wait for a person's decision."""

    def retry_held(self, now: datetime) -> int:
        """Let deliveries be tried that were left out with the reason HELD; answer how many.

        A campaign that had ended goes on; one that was cancelled does not.
        """

    def decide(self, delivery_ids: Sequence[int], *, resend: bool, now: datetime) -> int:
        """Carry out a person's decision about unknown deliveries: send again, or count as sent.

        A campaign that had ended goes on; one that is paused stays paused. Nothing of a cancelled one is sent
        again, so there they stay unknown.

        Returns:
            How many of them were unknown until now.
        """
