"""Commands about the list's people: add, import, count. No command shows an address."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.errors import BelongingError
from pipeline.subscribers.joining import ImportReport

__all__ = ["app"]

app = typer.Typer(help="Add people to the embedded list, import them, count them.", no_args_is_help=True)


@app.command()
def add(context: typer.Context) -> None:
    """Add one person who has agreed. The address is read from standard input, never from the command line.

    What stands on a command line is seen by every user of the machine and kept in the shell's history.
    """
    joining = of(context).project.joining
    if sys.stdin.isatty():
        address = typer.prompt("Address", hide_input=True, err=True)
    else:
        address = sys.stdin.buffer.readline(1_000).decode(errors="replace")
    output.line("Added." if joining.add(address) else "Was on the list already; nothing was changed.")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A CSV file whose first line names its columns.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Add everybody in a CSV file who has agreed."""
    project = of(context).project
    try:
        stream = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise BelongingError(f"{file} cannot be read ({error.strerror})", advice="see its name") from None
    with stream:
        try:
            report = project.joining.import_csv(stream)
        except UnicodeDecodeError:
            raise BelongingError(f"{file} is not UTF-8", advice="save it as UTF-8, import it again") from None
    if json:
        output.result(
            {
                "read": report.read,
                "added": report.added,
                "known": report.known,
                "suppressed": report.suppressed,
                "not_confirmed": report.not_confirmed,
                "bad": report.bad,
                "bad_lines": report.bad_lines,
            }
        )
    else:
        _print(report)


@app.command()
def count(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count the people on the list."""
    counts = {state.value: number for state, number in of(context).project.people.count().items()}
    if json:
        output.result(counts)
    else:
        for state, number in counts.items():
            output.line(f"{number:>9,}  {state}")


def _print(report: ImportReport) -> None:
    for number, words in (
        (report.added, "added"),
        (report.known, "on the list already"),
        (report.not_confirmed, "left out: the file says that they left or never confirmed"),
        (report.suppressed, "left out: they asked not to be mailed again"),
        (report.bad, "without an address that mail can reach"),
    ):
        if number or words == "added":
            output.line(f"{number:>9,}  {words}")
    if report.bad_lines:
        shown = ", ".join(map(str, report.bad_lines[:20]))
        more = " and more" if report.bad > len(report.bad_lines[:20]) else ""
        output.line(f"           look at line {shown}{more}")
