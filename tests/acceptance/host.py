"""Run the command line again and again, each time in a process of its own that has loaded it already.

    python -m tests.acceptance.host

One request a line on standard input, one answer a line on standard output. A process is forked for each, given its
own folder, environment, standard streams and zone, and ends as ``python -m pipeline`` would. It saves the second
that loading takes, a few hundred times.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from typing import NoReturn, TypedDict

from pipeline.cli import main

__all__ = ["Request"]


class Request(TypedDict):
    """One call of the command line."""

    arguments: list[str]
    cwd: str
    env: dict[str, str]
    stdin: str  # files
    stdout: str
    stderr: str
    seconds: int  # until it is ended


def _child(request: Request) -> NoReturn:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.alarm(request["seconds"])
    for number, name, flags in (
        (0, request["stdin"], os.O_RDONLY),
        (1, request["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, request["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        os.dup2(os.open(name, flags, 0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = ["belonging", *request["arguments"]]
    code: object = None
    try:
        main()
    except SystemExit as end:
        code = end.code
    # What is open is closed, as at the end of any process; what is merely loaded need not be taken apart.
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever runs the tests
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        request: Request = json.loads(line)
        child = os.fork()
        if child == 0:
            _child(request)
        _, status = os.waitpid(child, 0)
        answers.write(f"{os.waitstatus_to_exitcode(status)}\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
