"""The command that tells numbers and no people: stats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline import charts, statistics
from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.folders import new_file
from pipeline.subscribers import SubscriberState

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(stats)


def stats(
    context: typer.Context,
    page: Annotated[
        Path | None, typer.Option(help="Write an HTML page with charts; must not be there yet.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how the list grew and what became of each letter, so coarsely that nobody can be told from it.

    Every number is rounded down to a multiple of five; nothing under five is shown.
    """
    project = of(context).project
    site = project.manifest()[0].url if project.builder.manifest.exists() else ""
    reports = [(report.campaign, report.tally) for report in project.provider(site).reports()]
    people = project.people.count()[SubscriberState.CONFIRMED] if project.has_list else 0
    told = statistics.figures(people, reports)
    if page is not None:
        with new_file(page) as file:
            file.write(charts.page(told, name=project.settings.letter.name).encode())
    if json:
        output.result(statistics.as_json(told))
        return
    output.line(f"{_said(told.people)} on the list")
    for one in reversed(told.campaigns):
        output.line(
            (f"{one.day}  ", "dim"),
            f"for {_said(one.audience)}: {_said(one.accepted)} accepted, {_said(one.rejected)} refused  ",
            (one.subject or one.post, "bold"),
        )
    if page is not None:
        output.line(f"The page is {page}")


def _said(number: int) -> str:
    return f"{number:,}" if number else f"under {statistics.STEP}"
