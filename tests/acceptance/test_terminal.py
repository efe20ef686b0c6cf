"""What a terminal shows, what a pipe gets, and how a command ends."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import typer

from pipeline import __version__
from pipeline.cli.app import app, run
from pipeline.wiring import Project as Wiring
from tests.acceptance.projects import READERS, Project

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
COMMANDS = sorted(typer.main.get_command(app).commands)


def on_a_terminal(project: Project, *arguments: str, **env: str) -> tuple[int, str]:
    """Run the command line on a terminal of 100 columns; answer its exit code and what the terminal was sent."""
    ours, its = pty.openpty()
    with contextlib.suppress(AttributeError):
        termios.tcsetwinsize(its, (40, 100))
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *arguments],
        cwd=project.root,
        env={**project.environment, "TERM": "xterm-256color", **env},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    shown = b""
    with contextlib.suppress(OSError):  # which is how a terminal says that nobody is there any more
        while piece := os.read(ours, 65_536):
            shown += piece
    os.close(ours)
    return process.wait(), shown.decode("utf-8")


def test_a_closed_standard_input_is_an_empty_one(published: Project) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m pipeline subscribers add <&-', sys.executable],
        cwd=published.root,
        env=published.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "not an e-mail address" in done.stderr


def test_on_a_terminal_there_are_colours_and_a_bar(published: Project) -> None:
    published.write("fourth", title='"[bold] and [/brackets]"')
    published.run("build")
    code, shown = on_a_terminal(published, "send")
    assert code == 0
    assert "━" in shown
    assert "3/3" in shown
    assert COLOUR.search(shown)
    assert "[bold] and [/brackets]" in shown
    assert published.mailed["[bold] and [/brackets]"] == READERS


def test_who_wants_no_colour_gets_none(published: Project) -> None:
    published.write("fourth")
    published.run("build")
    code, shown = on_a_terminal(published, "send", NO_COLOR="1")
    assert code == 0
    assert not COLOUR.search(shown)
    assert "3/3" in shown


def test_a_pipe_gets_plain_text_and_no_bar(published: Project) -> None:
    published.write("fourth")
    process = published.start("publish", TERM="xterm-256color", COLUMNS="40")
    done = published.finish(process)  # which looks for escape sequences, too
    assert "━" not in done.both
    assert "3/3" not in done.both
    (why,) = [line for line in done.out.splitlines() if "By the embedded list" in line]
    assert why.endswith("to 3 people."), "nothing is broken where a terminal would end"


def test_who_stops_reading_stops_nothing_but_the_reading(published: Project) -> None:
    for arguments in (["plan", "--json"], ["status"]):
        process = published.start(*arguments)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()
        assert process.wait() in {0, 1}
        assert said == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_our_letters_is_no_reason_to_stop(published: Project, encoding: str) -> None:
    published.write("fourth", title="Ein Töpfchen 🙂 – und mehr")
    process = subprocess.run(
        [sys.executable, "-m", "pipeline", "publish"],
        cwd=published.root,
        env={**published.environment, "PYTHONIOENCODING": encoding},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "T\xf6pfchen ?".encode(encoding, "replace") in process.stdout
    assert published.mailed["Ein Töpfchen 🙂 – und mehr"] == READERS


def test_help_lists_every_command_and_every_command_has_help(published: Project, tmp_path: Path) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        done = published.run(*arguments, cwd=tmp_path, code=0 if arguments else 2)
        for command in COMMANDS:
            assert re.search(rf"^  {command} +\S", done.out, re.MULTILINE), command
        assert "Exit codes: 0 done" in done.out
        assert "..." not in done.out.replace("[ARGS]...", ""), "no sentence ends in its middle"
    for command in COMMANDS:
        help_ = published.run(*command.split(), "--help", cwd=tmp_path).out
        assert f"Usage: belonging {command}" in help_
    assert published.run("--version", cwd=tmp_path).out == f"belonging {__version__}\n"


def test_a_misspelt_command_ends_with_2_and_says_where_to_look(published: Project) -> None:
    for arguments in (
        ["pubish"],
        ["plan", "--jason"],
        ["new"],
        ["preview"],
        ["serve", "--port", "many"],
        ["--root"],
    ):
        done = published.run(*arguments, code=2)
        assert done.out == ""
        assert done.err.startswith("belonging: ")
        assert "belonging --help" in done.err


def test_a_mistake_of_ours_ends_with_70_and_tells_where_but_not_what_it_held(
    published: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: object, built: object = None) -> None:
        raise LookupError("reader@example.org is not there")

    monkeypatch.setattr(Wiring, "publishing", broken)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert run(["--root", str(published.root), "plan"]) == 70
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.match(
        r"belonging: a mistake in this program: LookupError at test_terminal.py:\d+ in broken\n", err
    )
    assert "@" not in err
