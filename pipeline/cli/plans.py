"""What a plan looks like, to a person and to a script."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.cli import output
from pipeline.planning import Plan, Verdict
from pipeline.publishing import Proposal, Publishing

__all__ = ["as_json", "show"]

_STYLES = {
    Verdict.MAIL: "bold green",
    Verdict.RESUME: "bold green",
    Verdict.HELD: "bold yellow",
    Verdict.STOPPED: "bold yellow",
}
_COUNTED = {
    Verdict.SENT: "sent before",
    Verdict.EARLIER: "published before the list began, or skipped",
    Verdict.SITE_ONLY: "on the site only",
    Verdict.TOO_OLD: "too old to be mailed unasked",
    Verdict.SCHEDULED: "not yet due",
}


def show(publishing: Publishing, made: Plan, proposals: Sequence[Proposal]) -> None:
    """Print a plan for a person."""
    provider = publishing.provider
    people = output.count(provider.audience_size(), "person", "people")
    output.heading(f"Plan {made.digest}")
    output.line(f"By {provider.describe()}, to {people}.")
    letters = {proposal.item.post.id: proposal for proposal in proposals}
    readers = publishing.readers(made)
    for item in made.of(Verdict.MAIL, Verdict.RESUME, Verdict.HELD, Verdict.STOPPED):
        output.line("")
        output.line((f"{item.verdict.value:<9}", _STYLES[item.verdict]), (item.post.title, "bold"))
        what = "digest" if item.digest else "post  "
        output.line((f"         {what}     ", "dim"), f"{item.post.id}, {item.post.date:%Y-%m-%d}")
        if item.reason:
            output.line(("         why        ", "dim"), item.reason)
        if item.post.id in readers:
            whom = output.count(readers[item.post.id], "person", "people")
            output.line(("         to         ", "dim"), f"{whom}, as they chose")
        if proposal := letters.get(item.post.id):
            _print_proposal(proposal)
    for past in made.missing:
        output.line("")
        output.line((f"{'held':<9}", "bold yellow"), (past.title, "bold"))
        why = f"begun, but no longer on the site; put it back, or: belonging send --skip {past.post_id}"
        output.line(("         why        ", "dim"), why)
    output.line("")
    if not proposals:
        output.line("Nothing to mail.")
    for verdict, words in _COUNTED.items():
        if number := len(made.of(verdict)):
            output.line((f"{output.count(number, 'post')} {words}.", "dim"))


def _print_proposal(proposal: Proposal) -> None:
    letter = proposal.letter
    output.line(("         subject    ", "dim"), letter.subject)
    output.line(("         preheader  ", "dim"), letter.preheader)
    cut = f", cut before “{letter.cut_at}”, the rest is on the page" if letter.cut_at else ""
    output.line(("         size       ", "dim"), f"{output.bytes_text(proposal.size)} of HTML{cut}")
    for problem in proposal.problems:
        output.line(("         forbidden  ", "bold red"), problem)
    for remark in proposal.remarks:
        output.line(("         remark     ", "yellow"), remark)


def as_json(publishing: Publishing, made: Plan, proposals: Sequence[Proposal]) -> dict[str, output.Json]:
    """Give a plan for a script."""
    letters = {proposal.item.post.id: proposal for proposal in proposals}
    readers = publishing.readers(made)

    def entry(post_id: str) -> dict[str, output.Json]:
        proposal = letters.get(post_id)
        if proposal is None:
            return {}
        return {
            "subject": proposal.letter.subject,
            "preheader": proposal.letter.preheader,
            "readers": readers.get(post_id),
            "html_bytes": proposal.size,
            "cut_at": proposal.letter.cut_at,
            "problems": proposal.problems,
            "remarks": proposal.remarks,
        }

    return {
        "plan": made.digest,
        "first_run": made.first_run,
        "provider": publishing.provider.name,
        "audience": publishing.provider.audience_size(),
        "needs_decision": made.needs_decision,
        "posts": [
            {
                "id": item.post.id,
                "title": item.post.title,
                "verdict": item.verdict.value,
                "reason": item.reason,
                **entry(item.post.id),
            }
            for item in made.items
        ],
        "missing": [past.post_id for past in made.missing],
    }
