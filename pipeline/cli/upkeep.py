"""Commands of the operator: doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.doctor import Level, examine

__all__ = ["register"]

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look over settings, key, store, posts and mail server, and say what to mend. Mails nothing."""
    complaints = examine(of(context).project)
    if json:
        output.result(
            [
                {"name": c.name, "level": c.level.value, "detail": c.detail, "advice": c.advice}
                for c in complaints
            ]
        )
    else:
        for complaint in complaints:
            output.line(
                (f"{complaint.level.value:<9}", _STYLES[complaint.level]),
                (f"{complaint.name}: ", "bold"),
                complaint.detail,
            )
            if complaint.advice:
                output.line(f"         → {complaint.advice}")
    if errors := [complaint for complaint in complaints if complaint.level is Level.ERROR]:
        raise typer.Exit(errors[0].exit_code)
