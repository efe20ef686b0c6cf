"""The application: its options, its commands, and what every way to end looks like."""

from __future__ import annotations

import inspect
import io
import os
import re
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from pipeline import __version__
from pipeline.cli import (
    backups,
    bounces,
    keys,
    output,
    sending,
    service,
    statistics,
    subscribers,
    upkeep,
    writing,
)
from pipeline.cli.context import Context
from pipeline.clock import system_clock
from pipeline.errors import BelongingError
from pipeline.wiring import Project

__all__ = ["app", "main"]

_EXIT_CODES = """Exit codes: 0 done, 1 something is wrong with posts, theme or build, 2 misspelt command,
3 settings or key, 4 a person has to decide, 5 mail could not be handed over (run again), 70 a mistake of ours,
130 interrupted."""

_INTERRUPTED = 130
_OUR_MISTAKE = 70

app = typer.Typer(
    name="belonging",
    help="Publish posts, and mail each new one once, to everybody who asked for it.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (writing, sending, upkeep, statistics, backups, service):
    commands.register(app)
app.add_typer(subscribers.app, name="subscribers")
app.add_typer(bounces.app, name="bounces")
app.add_typer(keys.app, name="keys")
for group in (app, subscribers.app, bounces.app, keys.app):
    for command in group.registered_commands:
        # Where commands are listed each has its first sentence, whole; left out, it would be cut in its middle.
        command.short_help = (inspect.getdoc(command.callback) or "").split("\n\n")[0].split(". ")[0].rstrip(
            "."
        ) + "."


def _version(asked: bool) -> None:
    if asked:
        output.line(f"belonging {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    root: Annotated[Path, typer.Option(help="The folder of the site.", show_default="this folder")] = Path(),
    version: Annotated[  # noqa: ARG001 - acts as soon as it is read
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    stop = threading.Event()
    context.obj = Context(
        project=Project(
            root=root.absolute(),
            environment=os.environ,
            clock=system_clock,
            sleep=stop.wait,
        ),
        stop=stop,
    )


def main() -> None:
    """Run the command line and end the process."""
    output.whatever_the_terminal()
    if sys.stdin is None:  # as Python says that it was closed: whoever reads finds nothing there
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read this has read enough
        _nobody_reads()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; answer its exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as tidily as Ctrl-C
    try:
        answer = typer.main.get_command(app).main(arguments, prog_name="belonging", standalone_mode=False)
    except BelongingError as error:
        output.error(error.message, error.advice)
        return error.exit_code
    except TyperException as error:
        message = error.format_message()
        if message.startswith("Usage:"):  # a group of commands without a command
            output.lines(message.splitlines())
        else:
            # It repeats what was typed, and an address may have been, where none belongs.
            output.error(
                re.sub(r"[^\s()']+@[^\s()']+", "…", message),
                "belonging --help lists the commands, belonging COMMAND --help explains one",
            )
        return error.exit_code
    except Abort:
        answer = _INTERRUPTED
    except BrokenPipeError:
        _nobody_reads()
        return 0
    except OSError as error:
        if error.filename is None:
            return _ours(error)
        output.error(
            f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}",
            "see what it is, whose it is and whether the disk is full",
        )
        return BelongingError.exit_code
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not print what it holds
        return _ours(error)
    if answer == _INTERRUPTED:
        output.error("interrupted", "run it again to go on where it stopped")
    return answer if isinstance(answer, int) else 0


def _ours(error: Exception) -> int:
    """Name a mistake of ours by its kind and its place; its text might hold an address."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{Path(where.filename).name}:{where.lineno} in {where.name}"
    output.error(f"a mistake in this program: {type(error).__name__} at {place}", "please report this line")
    return _OUR_MISTAKE


def _nobody_reads() -> None:
    """Let what is still to be printed go nowhere, or Python would complain when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
