"""What became of campaigns, to a person and to a script."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.campaigns import Tally
from pipeline.cli import output
from pipeline.providers import Receipt, Report

__all__ = ["receipt_json", "report_json", "show", "show_unknown"]


def show(reports: Sequence[Report]) -> None:
    """Print where every campaign stands."""
    if not reports:
        output.line("No campaign yet.")
    for report in reports:
        tally = report.tally
        subject = report.campaign.subject or report.campaign.post_id
        output.heading(f"{subject}")
        output.line(("  campaign  ", "dim"), f"{report.campaign.id}, {report.campaign.state.value}")
        output.line(("  post      ", "dim"), report.campaign.post_id)
        output.line(("  people    ", "dim"), _sum(tally))
        for reason, number in report.reasons.items():
            output.line(("            ", "dim"), f"{number:,} × {reason}")
        if tally.unknown:
            output.line(("  decide    ", "bold yellow"), "belonging status --unknown")


def _sum(tally: Tally) -> str:
    parts = [
        f"{tally.accepted:,} accepted",
        f"{tally.deferred:,} deferred",
        f"{tally.rejected:,} rejected",
        f"{tally.excluded:,} excluded",
        f"{tally.unknown:,} unknown",
    ]
    if tally.waiting:
        parts.append(f"{tally.waiting:,} waiting")
    return f"{' + '.join(parts)} = {tally.audience:,}"


def show_unknown(deliveries: Sequence[tuple[int, str, str, str]]) -> None:
    """Print the deliveries that wait for a decision, and how to decide."""
    output.heading("Unknown")
    if not deliveries:
        output.line("No delivery waits for a decision.")
        return
    output.line(
        "The connection was lost after these messages were handed over. Look for the Message-ID in the"
    )
    output.line("mail server's log, then say which to send again and which to count as sent.")
    output.line("")
    for number, campaign, since, message_id in deliveries:
        output.line(
            (f"  {number:>8}  ", "bold"), f"campaign {campaign}  since {since}  Message-ID {message_id}"
        )
    output.line("")
    output.line("  belonging status --resend NUMBERS          (one, several with commas, or all)")
    output.line("  belonging status --count-as-sent NUMBERS")


def receipt_json(receipt: Receipt) -> dict[str, output.Json]:
    """Give what became of one campaign in this run, for a script."""
    return {"campaign": receipt.campaign_id, "complete": receipt.complete, **_tally_json(receipt.tally)}


def report_json(report: Report) -> dict[str, output.Json]:
    """Give where a campaign stands, for a script."""
    return {
        "campaign": report.campaign.id,
        "post": report.campaign.post_id,
        "state": report.campaign.state.value,
        "subject": report.campaign.subject,
        **_tally_json(report.tally),
        "reasons": report.reasons,
    }


def _tally_json(tally: Tally) -> dict[str, output.Json]:
    return {
        "audience": tally.audience,
        "accepted": tally.accepted,
        "waiting": tally.waiting,
        "deferred": tally.deferred,
        "rejected": tally.rejected,
        "excluded": tally.excluded,
        "unknown": tally.unknown,
    }
