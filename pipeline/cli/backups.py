"""Commands that keep the list safe: backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.errors import BelongingError
from pipeline.folders import new_file

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write; must not be there yet.")],
) -> None:
    """Write the whole list into one file, locked with the list's key, while the list is in use.

    Without the key the file is of no use, to you neither: keep a copy of the key in another place.
    """
    project = of(context).project
    with new_file(file) as stream:
        project.back_up(stream)
    output.line(f"{file}  {output.bytes_text(file.stat().st_size)}, opens with the list's key alone")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A backup.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="A list that is there goes, and the backup takes its place.")
    ] = False,
    farewells: Annotated[
        list[Path] | None,
        typer.Option(help="The var/farewells of another machine; may be given more than once."),
    ] = None,
) -> None:
    """Put a backup in the place of the list, and erase again who was erased since it was made.

    Who left, was erased or must not be mailed is read from var/farewells, which no backup takes back.
    """
    project = of(context).project
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BelongingError(
            f"{file} cannot be read ({error.strerror})", advice="name another file"
        ) from None
    with stream:
        done = project.restore(stream, overwrite=overwrite, farewells=farewells or [])
    people = project.people.count()
    output.line(f"Restored, with {output.count(sum(people.values()), 'entry', 'entries')}.")
    for number, words in (
        (done.erased, "erased again, as they were since the backup"),
        (done.left, "taken off again, as they left since the backup"),
        (done.lost, "whose suppression was made with a later key and could not be repeated"),
    ):
        if number:
            output.line(f"{number:>9,}  {words}")
    output.line("What was mailed since the backup is not in it: read belonging plan before you send.")
