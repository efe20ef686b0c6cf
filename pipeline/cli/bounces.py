"""Commands about letters that came back: read."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.cli.returned import WORDS
from pipeline.errors import BelongingError
from pipeline.mail.bounces import automatic
from pipeline.mail.clearing import Clearing
from pipeline.mail.letterbox import LARGEST
from pipeline.subscribers.bouncing import Meaning

__all__ = ["app"]

app = typer.Typer(help="Deal with letters that came back.", no_args_is_help=True)

# What a mail server that pipes a message understands (sysexits.h, pipe(8), local(8) of Postfix).
_NO_REPORT = 65  # it returns the message to whoever sent it
_LATER = 75  # it keeps the message and tries again


@app.callback()
def _group() -> None:
    """Keep this a group of commands, though it has one."""


@app.command()
def read(
    context: typer.Context,
    where: Annotated[
        str,
        typer.Argument(
            metavar="[MAILDIR|-]",
            help="A Maildir; - for one message on standard input; nothing for the mailbox of list.imap.",
        ),
    ] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read bounces, complaints and wishes to leave by mail, and act on what is genuine.

    What was dealt with is deleted, for it quotes addresses; what is no report is left to you. With - it ends as a
    mail server expects: 0 dealt with, 65 no report (it is returned to its sender), 75 try again later.
    """
    if where == "-":
        _piped(lambda: of(context).project.clearing)
        return
    project = of(context).project
    done = project.clearing.clear(project.letterbox(Path(where) if where else None))
    if json:
        output.result({**{one.value: done.counts[one] for one in Meaning}, "paused": done.paused})
        return
    _print(done.counts, done.paused)


def _piped(clearing: Callable[[], Clearing]) -> None:
    """Deal with one message that a mail server hands over, and end so that it is not lost whatever goes wrong."""
    content = sys.stdin.buffer.read(LARGEST)
    while sys.stdin.buffer.read(LARGEST):
        pass  # whoever writes to a pipe that is closed too early takes it for a failure
    try:
        meaning = clearing().take(content)
    except BelongingError as error:
        output.error(error.message, error.advice)
        raise typer.Exit(_LATER) from None
    except Exception as error:  # noqa: BLE001 - a message must not be lost for a mistake of ours
        output.error(f"a mistake in this program: {type(error).__name__}", "please report this line")
        raise typer.Exit(_LATER) from None
    if meaning is Meaning.OTHER and not automatic(content):
        output.error("this address takes reports about letters and wishes to leave, and nobody reads it")
        raise typer.Exit(_NO_REPORT)


def _print(counts: Counter[Meaning], paused: Sequence[str]) -> None:
    for one, words in WORDS.items():
        if counts[one]:
            output.line(f"{counts[one]:>9,}  {words}")
    if not counts:
        output.line("Nothing came back.")
    if counts[Meaning.POLICY]:
        output.line("           see whether SPF, DKIM and DMARC are right")
    for campaign in paused:
        output.line(f"           campaign {campaign} is paused")
