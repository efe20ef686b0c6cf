"""Statistics without people: sums of campaigns and of the list, so coarse that nobody can be told from them.

Every number is rounded down to a multiple of five, each by itself, and what is under five is only said to be few. So
what is shown never differs by fewer than five between two numbers or two days, and no number can be worked out from
others: sums are not those of the numbers beside them, and no part in a hundred is computed from what is not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.campaigns import Campaign, CampaignState, Tally

__all__ = ["STEP", "CampaignFigures", "Figures", "coarse", "figures"]

STEP = 5  # nothing finer is shown


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignFigures:
    """What is told of one campaign; each number is a multiple of STEP, and 0 means fewer than STEP."""

    post: str
    subject: str
    day: date  # when it was planned
    audience: int
    accepted: int
    rejected: int
    excluded: int
    unknown: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is told of a list."""

    people: int  # confirmed, now
    campaigns: tuple[CampaignFigures, ...]  # the oldest first; their audiences show how the list grew


def coarse(number: int) -> int:
    """Round down to a multiple of STEP."""
    return number // STEP * STEP


def figures(people: int, reports: Sequence[tuple[Campaign, Tally]]) -> Figures:
    """Make the figures of a list.

    Args:
        people: How many are confirmed now.
        reports: Every campaign and where its recipients stand.
    """
    told = [
        CampaignFigures(
            post=campaign.post_id,
            subject=campaign.subject,
            day=campaign.created_at.date(),
            audience=coarse(tally.audience),
            accepted=coarse(tally.accepted),
            rejected=coarse(tally.rejected),
            excluded=coarse(tally.excluded),
            unknown=coarse(tally.unknown),
        )
        for campaign, tally in reports
        if campaign.state in _BEGUN and tally.audience
    ]
    return Figures(people=coarse(people), campaigns=tuple(sorted(told, key=lambda one: (one.day, one.post))))


_BEGUN = frozenset({CampaignState.SENDING, CampaignState.SENT, CampaignState.PAUSED, CampaignState.CANCELLED})


def as_json(told: Figures) -> Mapping[str, int | Sequence[Mapping[str, str | int]]]:
    """Answer the figures as a JSON document has them."""
    return {
        "step": STEP,
        "people": told.people,
        "campaigns": [
            {
                "post": one.post,
                "subject": one.subject,
                "day": one.day.isoformat(),
                "audience": one.audience,
                "accepted": one.accepted,
                "rejected": one.rejected,
                "excluded": one.excluded,
                "unknown": one.unknown,
            }
            for one in told.campaigns
        ],
    }
