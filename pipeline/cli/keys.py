"""Commands about the list's key: new, rotate."""

from __future__ import annotations

import sys

import typer

from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.subscribers.keys import decoded, new_root_key

__all__ = ["app"]

app = typer.Typer(help="Make keys, and give the list another one.", no_args_is_help=True)


@app.command()
def new() -> None:
    """Print a new key, to be kept in a secret manager. Nothing else is done with it."""
    output.line(new_root_key())


@app.command()
def rotate(context: typer.Context) -> None:
    """Give the list another key, while it is in use. Killed at any moment, it is simply run again.

    With the key in a file, the new one takes its place and the old one stays beside it as ….old. With the key from
    the environment or a command, the new one is read from standard input: put it into your secret manager first.
    """
    project = of(context).project
    given = None
    if not project.key_is_a_file:
        if sys.stdin.isatty():
            text = typer.prompt("The new key", hide_input=True, err=True)
        else:
            text = sys.stdin.buffer.readline(1_000).decode(errors="replace")
        given = decoded(text, "standard input")
    sealed = project.rotate_key(given)
    output.line(f"The list has a new key; {output.count(sealed, 'entry', 'entries')} sealed anew.")
    if given is None:
        output.line(
            "Backups made before now open only with the old key: make a new one, then delete the old key."
        )
    else:
        output.line(
            "From now on only the new key opens it. Restart what runs with the old one in its environment."
        )
