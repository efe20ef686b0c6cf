"""Commands about the list's people: add, import, export, count. No command shows an address."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer

from pipeline import strongbox
from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.errors import BelongingError
from pipeline.folders import new_file
from pipeline.settings import ProviderName
from pipeline.subscribers.importing import ImportReport

__all__ = ["app"]

app = typer.Typer(help="Add people to the list, move lists in and out, count.", no_args_is_help=True)

_CONTENT = "subscribers"  # what a locked export says that it holds
_LONGEST = 10_000  # bytes looked at where one address is to stand
_SHORTEST = 12  # characters of a passphrase


@app.command()
def add(context: typer.Context) -> None:
    """Add one person who has agreed. The address is read from standard input, never from the command line.

    What stands on a command line is seen by every user of the machine and kept in the shell's history.
    """
    project = of(context).project
    if project.settings.provider is ProviderName.MAILCHIMP:
        raise BelongingError(
            "Mailchimp keeps the list, and nobody would be added to it here",
            advice="let them join by the form, or add them in Mailchimp",
        )
    joining = project.joining
    if sys.stdin.isatty():
        address = typer.prompt("Address", hide_input=True, err=True)
    else:
        address, *more = sys.stdin.buffer.read(_LONGEST).decode(errors="replace").strip().split("\n")
        if more:
            raise BelongingError(
                "that is more than one line; nobody was added",
                advice="give one address, or make a CSV file of them for belonging subscribers import",
            )
    output.line("Added." if joining.add(address) else "Was on the list already; nothing was changed.")


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A CSV file whose first line names its columns, or a locked export.")
    ],
    apply: Annotated[bool, typer.Option("--apply", help="Do it. Without this it is only said.")] = False,
    never: Annotated[
        bool, typer.Option("--never-mail", help="Everybody in the file has left: never mail them.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Take over a list, and the wishes of everybody on it: who left elsewhere stays unmailed here.

    Knows exports of Mailchimp, Substack, Ghost, Buttondown, listmonk and of this program by their columns.
    """
    project = of(context).project
    with _readable(file) as stream:
        try:
            report = project.importing.csv(stream, dry=not apply, never=never)
        except UnicodeDecodeError:
            raise BelongingError(f"{file} is not UTF-8", advice="save it as UTF-8, import it again") from None
    if json:
        output.result({"applied": apply, **dataclasses.asdict(report)})
        return
    output.line(f"{report.format[0].upper()}{report.format[1:]}, {output.count(report.read, 'line')}")
    _print(report, apply=apply)
    if not apply:
        output.line("Nothing was changed. If that is right, say it again with --apply.")


@app.command()
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write; must not be there yet.")],
    plain: Annotated[
        bool, typer.Option("--plain", help="Addresses in clear, for whoever gets the file. Asks twice.")
    ] = False,
) -> None:
    """Write the list into a file, locked with a passphrase.

    The passphrase is asked for, or read from standard input. In it is CSV with address, state and consent.
    """
    project = of(context).project
    if plain:
        for question in (
            "The file will hold everybody's address in clear. Whoever gets it knows who is on this list. Write it?",
            "Nobody can take that back once the file is copied or synchronised. Really in clear?",
        ):
            typer.confirm(question, abort=True)
    exporting = project.exporting
    lock = None if plain else strongbox.PassphraseLock(_passphrase(new=True))
    with new_file(file) as stream:
        target = strongbox.Box(stream, lock, content=_CONTENT) if lock else None
        text = io.TextIOWrapper(io.BufferedWriter(target) if target else stream, encoding="utf-8", newline="")
        report = exporting.csv(text)
        text.flush()
        if target:
            target.lock()
        text.detach()
    output.line(f"{report.exported:>9,}  written to {file}{'' if plain else ', locked'}")
    if report.unconfirmed:
        output.line(f"{report.unconfirmed:>9,}  left out: they have not confirmed")
    if report.unreadable:
        output.line(f"{report.unreadable:>9,}  left out: their address does not open (belonging doctor)")


@app.command()
def unlock(
    file: Annotated[Path, typer.Argument(help="A locked export.")],
    target: Annotated[Path, typer.Argument(help="The CSV file to write; must not be there yet.")],
) -> None:
    """Unlock an export: write the CSV file that is in it, with addresses in clear."""
    with _opened(file) as source:
        lock = strongbox.PassphraseLock(_passphrase(new=False))
        with new_file(target) as stream:
            for chunk in strongbox.opened(source, lock, content=_CONTENT):
                stream.write(chunk)
    output.line(f"Written to {target}. Delete it when it has served.")


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


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[TextIO]:
    """Open a CSV file, or a locked one of ours, once all of it has been seen to be genuine."""
    with _opened(file) as source:
        if not source.seekable() or strongbox.peek(source) is None:
            with io.TextIOWrapper(source, encoding="utf-8-sig", newline="") as text:
                yield text
            return
        lock = strongbox.PassphraseLock(_passphrase(new=False))
        for _ in strongbox.opened(source, lock, content=_CONTENT):
            pass
        source.seek(0)
        inner = io.BufferedReader(strongbox.Opening(source, lock, content=_CONTENT))
        with io.TextIOWrapper(inner, encoding="utf-8", newline="") as text:
            yield text


def _opened(file: Path) -> io.BufferedReader:
    try:
        return file.open("rb")
    except OSError as error:
        raise BelongingError(
            f"{file} cannot be read ({error.strerror})", advice="name another file"
        ) from None


def _passphrase(*, new: bool) -> str:
    if sys.stdin.isatty():
        text: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=new, err=True)
    else:
        text = sys.stdin.buffer.readline(10_000).decode(errors="replace").rstrip("\r\n")
    if new and len(text) < _SHORTEST:
        raise BelongingError(
            f"a passphrase of fewer than {_SHORTEST} characters is guessed",
            advice="take four or five words that do not belong together",
        )
    return text


def _print(report: ImportReport, *, apply: bool) -> None:
    for number, words in (
        (report.added, "added" if apply else "would be added"),
        (report.known, "on the list already"),
        (report.left, "kept unmailed: they left that list"),
        (report.bounced, "kept unmailed: their mailbox is gone"),
        (report.complained, "kept unmailed: they complained"),
        (report.own, "left that list, but have confirmed here by themselves; nothing is changed"),
        (report.not_confirmed, "left out: the file does not say that they confirmed"),
        (report.suppressed, "left out: they must not be mailed again"),
        (report.bad, "without an address that mail can reach"),
    ):
        if number or words.endswith("added"):
            output.line(f"{number:>9,}  {words}")
    if report.bad_lines:
        shown = ", ".join(map(str, report.bad_lines[:20]))
        more = " and more" if report.bad > len(report.bad_lines[:20]) else ""
        output.line(f"           look at line {shown}{more}")
