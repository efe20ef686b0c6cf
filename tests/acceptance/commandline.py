"""The command line as a person meets it: arguments in; an exit code, two streams and a folder out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.acceptance.host import Request

__all__ = ["ROOT", "Host", "Outcome", "environment"]

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120
_CODES = {0, 1, 2, 3, 4, 5, 70, 130}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one call left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Answer what was printed for a script."""
        return json.loads(self.out)

    @property
    def both(self) -> str:
        """Answer everything that was printed."""
        return self.out + self.err


def environment(home: Path, **more: str) -> dict[str, str]:
    """Make the environment of an ordinary account; nothing of the tests' own leaks into it.

    Args:
        home: Holds what goes into the home folder and the folder of temporary files.
        more: Added, such as TZ or BELONGING_KEY.
    """
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


class Host:
    """Call the command line, without loading it each time."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._numbers = count()

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Host]:
        """Start the host; end it with the block."""
        with subprocess.Popen(
            [sys.executable, "-m", "tests.acceptance.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env=environment(folder),
        ) as process:
            yield cls(process, folder)
            assert process.stdin is not None
            process.stdin.close()
            process.wait()

    def call(self, arguments: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], stdin: bytes) -> Outcome:
        """Call the command line once and look at what must hold whatever it was asked."""
        paths = {name: self._folder / f"{next(self._numbers)}-{name}" for name in ("in", "out", "err")}
        paths["in"].write_bytes(stdin)
        request: Request = {
            "arguments": list(arguments),
            "cwd": str(cwd),
            "env": dict(env),
            "stdin": str(paths["in"]),
            "stdout": str(paths["out"]),
            "stderr": str(paths["err"]),
            "seconds": _SECONDS,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        outcome = Outcome(
            code=int(answer),
            out=paths["out"].read_bytes().decode("utf-8"),
            err=paths["err"].read_bytes().decode("utf-8"),
        )
        for path in paths.values():
            path.unlink()
        return decent(outcome, arguments)


def decent(outcome: Outcome, arguments: tuple[str, ...]) -> Outcome:
    """See that an outcome is one that is documented and shows nothing that no terminal asked for."""
    shown = f"belonging {' '.join(arguments)} ended with {outcome.code}\n{outcome.out}\n{outcome.err}"
    assert outcome.code in _CODES, shown
    assert "Traceback" not in outcome.both, shown
    assert "\x1b" not in outcome.both, shown
    assert outcome.code == 0 or outcome.err.startswith(("belonging: ", "content/")) or not outcome.err, shown
    return outcome
