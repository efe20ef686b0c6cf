"""Commands that mail: plan, send, publish, status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import SecretStr

from pipeline.cli import output, plans, reports, returned
from pipeline.cli.context import Context, of
from pipeline.cli.progress import bar
from pipeline.cli.writing import Clean, check_content
from pipeline.errors import BelongingError, DecisionNeeded, DeliveryError
from pipeline.planning import Decisions, Plan, Verdict
from pipeline.providers import Receipt, Rehearsal
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
        output.result(plans.as_json(publishing, made, proposals))
    else:
        plans.show(publishing, made, proposals)


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
        plans.show(publishing, made, proposals)
    receipts = _send(mine, publishing, made, proposals, quiet=json)
    if json:
        output.result(
            {"plan": made.digest, "campaigns": [reports.receipt_json(receipt) for receipt in receipts]}
        )
    _conclude(made, receipts)


def publish(
    context: typer.Context, release: Release = None, skip: Skip = None, *, clean: Clean = False
) -> None:
    """Check the posts, build the site, show the plan, and mail what is new."""
    mine = of(context)
    project = mine.project
    check_content(project.root)
    # Whatever can be found wrong is found before the new site takes the place of the old one.
    with project.builder.staged(clean=clean) as staged:
        publishing = project.publishing(staged)
        made = publishing.plan(_decisions(release, skip))
        proposals = publishing.proposals(made)
        plans.show(publishing, made, proposals)
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
    *,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="List the deliveries that wait for your decision.")
    ] = False,
    resend: Annotated[
        str | None, typer.Option(metavar="NUMBERS|all", help="Send these unknown deliveries again.")
    ] = None,
    count_as_sent: Annotated[
        str | None, typer.Option(metavar="NUMBERS|all", help="Count these unknown deliveries as sent.")
    ] = None,
    try_held: Annotated[
        bool, typer.Option("--try-held", help="Send what was held because it did not open, now that it does.")
    ] = False,
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
    if try_held:
        number = project.retry_held()
        output.line(f"{output.count(number, 'delivery', 'deliveries')} will be tried: belonging send")
    found = provider.reports()
    if json:
        output.result(
            {
                "campaigns": [reports.report_json(report) for report in found],
                "returned": returned.sums_json(project.came_back),
            }
        )
    else:
        reports.show(found)
        returned.show(project.came_back)
        if unknown:
            reports.show_unknown(project.unknown_deliveries())


def _decisions(release: Sequence[str] | None, skip: Sequence[str] | None) -> Decisions:
    return Decisions(release=frozenset(release or ()), skip=frozenset(skip or ()))


def _send(
    mine: Context, publishing: Publishing, made: Plan, proposals: Sequence[Proposal], *, quiet: bool
) -> tuple[Receipt, ...]:
    with mine.stopping(), bar(quiet=quiet) as watcher:
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
