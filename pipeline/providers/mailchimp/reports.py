"""What became of a campaign, from Mailchimp's sums. Pure."""

from __future__ import annotations

from pipeline.campaigns import Campaign, CampaignState, Tally
from pipeline.providers import Report
from pipeline.providers.mailchimp.drafts import mark_of
from pipeline.providers.mailchimp.remote import Remote, Status, Sums

__all__ = ["report_of"]

_STATES = {
    Status.SAVE: CampaignState.READY,
    Status.PAUSED: CampaignState.PAUSED,
    Status.SCHEDULE: CampaignState.READY,
    Status.SENDING: CampaignState.SENDING,
    Status.SENT: CampaignState.SENT,
    Status.CANCELED: CampaignState.CANCELLED,
    Status.CANCELING: CampaignState.CANCELLED,
    Status.ARCHIVED: CampaignState.SENT,
    Status.OTHER: CampaignState.SENDING,
}


def report_of(remote: Remote, sums: Sums | None) -> Report:
    """Report on one campaign.

    Args:
        remote: The campaign.
        sums: Mailchimp's report on it; None where it has not left, or was not asked about.
    """
    mark = mark_of(remote.title)
    state = _STATES[remote.status]
    return Report(
        campaign=Campaign(
            id=mark.marker if mark else remote.id,
            post_id=remote.title.partition(" [")[0],
            state=state,
            subject=remote.subject,
            url="",
            created_at=remote.created_at,
            finished_at=remote.sent_at if state is CampaignState.SENT else None,
        ),
        tally=_tally(remote, sums),
        reasons=_reasons(remote, sums),
    )


def _tally(remote: Remote, sums: Sums | None) -> Tally:
    sent = sums.emails_sent if sums else remote.emails_sent
    bounced = min(sums.hard_bounces + sums.soft_bounces, sent) if sums else 0
    waiting = 0
    if remote.status in {Status.SENDING, Status.SCHEDULE}:
        waiting = max((remote.recipients or 0) - sent, 0)
    return Tally(audience=sent + waiting, accepted=sent - bounced, rejected=bounced, waiting=waiting)


def _reasons(remote: Remote, sums: Sums | None) -> dict[str, int]:
    found = {f"scheduled for {remote.sent_at:%Y-%m-%d %H:%M} UTC": 1} if _scheduled(remote) else {}
    if sums is not None:
        found |= {
            "bounced for good": sums.hard_bounces,
            "bounced for now": sums.soft_bounces,
            "unsubscribed after it": sums.unsubscribed,
            "complained of it": sums.complaints,
        }
    return {reason: number for reason, number in found.items() if number}


def _scheduled(remote: Remote) -> bool:
    return remote.status is Status.SCHEDULE and remote.sent_at is not None
