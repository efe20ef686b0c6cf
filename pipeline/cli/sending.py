"""Commands that mail: plan, send, publish, status."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.campaigns import Tally
from pipeline.cli import output
from pipeline.cli.context import Context, of
from pipeline.cli.writing import check_content
from pipeline.errors import BelongingError, DecisionNeeded, DeliveryError
from pipeline.planning import Decisions, Plan, Verdict
from pipeline.providers import Receipt, Rehearsal, Report
from pipeline.publishing import Proposal, Publishing, Watcher, require, require_sound
from pipeline.subscribers.addresses import normalise

__all__ = ["register"]

Release = Annotated[
    list[str] | None,
    typer.Option("--release", metavar="POST", help="Mail this post although it was held back. Repeatable."),
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="POST", help="Never mail this post, or stop mailing it. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (plan, send, publish, status):
        app.command()(command)


def plan(context: typer.Context, release: Release = None, skip: Skip = None, json: AsJson = False) -> None:
    """Show what send would do. Changes nothing and mails nothing."""
    publishing = of(context).project.publishing()
    made = publishing.plan(_decisions(release, skip))
    proposals = publishing.proposals(made)
    if json:
        output.result(_plan_json(publishing, made, proposals))
    else:
        _print_plan(publishing, made, proposals)


def send(
    context: typer.Context,
    only: Annotated[
        str | None,
        typer.Option("--plan", metavar="DIGEST", help="Send only if the plan is still the one you saw."),
    ] = None,
    release: Release = None,
    skip: Skip = None,
    *,
    test: Annotated[
        bool,
        typer.Option(
            "--test", help="Send what is new to one address, which is asked for, and to nobody else."
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Mail what is new, from the last build."""
    mine = of(context)
    publishing = mine.project.publishing()
    made = publishing.plan(_decisions(release, skip))
    if only is not None:
        require(made, only)
    proposals = publishing.proposals(made)
    if test:
        _test(publishing, proposals)
        return
    if not json:
        _print_plan(publishing, made, proposals)
    receipts = _send(mine, publishing, made, proposals, quiet=json)
    if json:
        output.result({"plan": made.digest, "campaigns": [_receipt_json(receipt) for receipt in receipts]})
    _conclude(made, receipts)


def publish(context: typer.Context, release: Release = None, skip: Skip = None) -> None:
    """Check the posts, build the site, show the plan, and mail what is new."""
    mine = of(context)
    project = mine.project
    check_content(project.root)
    # Whatever can be found wrong is found before the new site takes the place of the old one.
    with project.builder.staged() as staged:
        publishing = project.publishing(staged)
        made = publishing.plan(_decisions(release, skip))
        proposals = publishing.proposals(made)
        _print_plan(publishing, made, proposals)
        require_sound(proposals)
        built = project.builder.publish(staged)
    receipts = _send(mine, publishing, made, proposals, quiet=False)
    output.heading("Done")
    output.line("The site is in     ", (f"{built.output.relative_to(project.root)}/", "bold"))
    if not project.settings.leaves_machine:
        output.line(
            "The letters are in ", (f"{project.settings.list.maildir}/", "bold"), " and went nowhere else"
        )
    output.line("To look at both:   ", ("make serve", "bold"))
    _conclude(made, receipts)


def status(
    context: typer.Context,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="List the deliveries that wait for your decision.")
    ] = False,
    resend: Annotated[
        str | None, typer.Option(metavar="NUMBERS|all", help="Send these unknown deliveries again.")
    ] = None,
    count_as_sent: Annotated[
        str | None, typer.Option(metavar="NUMBERS|all", help="Count these unknown deliveries as sent.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Show every campaign and where its recipients stand."""
    project = of(context).project
    provider = (
        project.provider(project.manifest()[0].url)
        if project.builder.manifest.exists()
        else project.provider("")
    )
    for chosen, again in ((resend, True), (count_as_sent, False)):
        if chosen is not None:
            number = project.decide(_numbers(chosen), resend=again)
            done = "will be sent again: belonging send" if again else "counted as sent"
            output.line(f"{output.count(number, 'delivery', 'deliveries')} {done}")
    reports = provider.reports()
    if json:
        output.result({"campaigns": [_report_json(report) for report in reports]})
    else:
        _print_reports(reports)
        if unknown:
            _print_unknown(project.unknown_deliveries())


def _decisions(release: Sequence[str] | None, skip: Sequence[str] | None) -> Decisions:
    return Decisions(release=frozenset(release or ()), skip=frozenset(skip or ()))


def _send(
    mine: Context, publishing: Publishing, made: Plan, proposals: Sequence[Proposal], *, quiet: bool
) -> tuple[Receipt, ...]:
    with mine.stopping(), _bar(quiet=quiet) as watcher:
        return publishing.send(
            made, proposals, Watcher(begins=watcher.begins, progress=watcher.progress, stop=mine.stop.is_set)
        )


def _test(publishing: Publishing, proposals: Sequence[Proposal]) -> None:
    """Send the letters of a plan to one address. It is asked for, since everybody on a machine sees arguments."""
    provider = publishing.provider
    if not isinstance(provider, Rehearsal):
        raise BelongingError(
            f"the {provider.name} list has no test letters", advice="look at a letter with belonging preview"
        )
    require_sound(proposals)
    if not proposals:
        output.line("Nothing to mail, so nothing to test.")
        return
    address = normalise(typer.prompt("Send the test to", err=True))
    if address is None:
        raise BelongingError("that is no e-mail address", advice="write one like somebody@example.org")
    for proposal in proposals:
        provider.test(proposal.item.post, proposal.letter, SecretStr(address))
    output.line(f"{output.count(len(proposals), 'test letter')} on the way; nobody else was mailed.")


def _conclude(made: Plan, receipts: Sequence[Receipt]) -> None:
    """End with the exit code that says what a person has to do."""
    waiting = [receipt for receipt in receipts if not receipt.complete]
    if waiting:
        due = min((receipt.next_try for receipt in waiting if receipt.next_try), default=None)
        when = f" after {due:%Y-%m-%d %H:%M %Z}" if due else ""
        open_now = sum(receipt.tally.open for receipt in waiting)
        raise DeliveryError(
            f"{output.count(open_now, 'delivery', 'deliveries')} could not be made yet",
            advice=f"run belonging send again{when}",
        )
    if unknown := sum(receipt.tally.unknown for receipt in receipts):
        raise DecisionNeeded(
            f"{output.count(unknown, 'delivery', 'deliveries')} may or may not have arrived",
            advice="look at belonging status --unknown and say which to send again",
        )
    if made.needs_decision:
        number = len(made.of(Verdict.HELD, Verdict.STOPPED)) + len(made.missing)
        raise DecisionNeeded(
            f"{output.count(number, 'post waits', 'posts wait')} for your decision",
            advice="the plan above says which, why, and what to type",
        )


# --- what a plan looks like -----------------------------------------------------------------------------------

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


def _print_plan(publishing: Publishing, made: Plan, proposals: Sequence[Proposal]) -> None:
    provider = publishing.provider
    people = output.count(provider.audience_size(), "person", "people")
    output.heading(f"Plan {made.digest}")
    output.line(f"By {provider.describe()}, to {people}.")
    letters = {proposal.item.post.id: proposal for proposal in proposals}
    for item in made.of(Verdict.MAIL, Verdict.RESUME, Verdict.HELD, Verdict.STOPPED):
        output.line("")
        output.line((f"{item.verdict.value:<9}", _STYLES[item.verdict]), (item.post.title, "bold"))
        output.line(("         post       ", "dim"), f"{item.post.id}, {item.post.date:%Y-%m-%d}")
        if item.reason:
            output.line(("         why        ", "dim"), item.reason)
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


def _print_reports(reports: Sequence[Report]) -> None:
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


def _print_unknown(deliveries: Sequence[tuple[int, str, str, str]]) -> None:
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


def _numbers(text: str) -> list[int] | None:
    """Read delivery numbers, or "all" (None)."""
    if text.strip().lower() == "all":
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise BelongingError(
            f"“{text}” names no deliveries", advice="write numbers from belonging status --unknown, or all"
        ) from None


def _plan_json(publishing: Publishing, made: Plan, proposals: Sequence[Proposal]) -> dict[str, output.Json]:
    letters = {proposal.item.post.id: proposal for proposal in proposals}

    def entry(post_id: str) -> dict[str, output.Json]:
        proposal = letters.get(post_id)
        if proposal is None:
            return {}
        return {
            "subject": proposal.letter.subject,
            "preheader": proposal.letter.preheader,
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


def _receipt_json(receipt: Receipt) -> dict[str, output.Json]:
    return {"campaign": receipt.campaign_id, "complete": receipt.complete, **_tally_json(receipt.tally)}


def _report_json(report: Report) -> dict[str, output.Json]:
    return {
        "campaign": report.campaign.id,
        "post": report.campaign.post_id,
        "state": report.campaign.state.value,
        "subject": report.campaign.subject,
        **_tally_json(report.tally),
        "reasons": report.reasons,
    }


class _Bar:
    """A progress bar, one campaign after the other."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", visible=False)

    def begins(self, proposal: Proposal, remaining: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.reset(
                self._task, total=remaining, description=proposal.letter.subject[:40], visible=True
            )

    def progress(self, number: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, number)


@contextlib.contextmanager
def _bar(*, quiet: bool) -> Iterator[_Bar]:
    console = output.out()
    if quiet or not console.is_terminal:
        yield _Bar(None)
        return
    subject = TextColumn("{task.description}", markup=False)  # a subject may hold [brackets]
    columns = (subject, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        yield _Bar(bar)
