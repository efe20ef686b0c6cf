"""Build a site with the project's own settings and theme, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

__all__ = ["FIXTURE", "ROOT", "SITEURL", "build", "build_own"]

FIXTURE = Path(__file__).resolve().parent
ROOT = FIXTURE.parent.parent
SITEURL = "https://site.example.org"

# Pelican, begun at an hour of the test's choosing.
_PELICAN_AT = """
import datetime, sys, time_machine
from pelican import main
with time_machine.travel(datetime.datetime.fromisoformat(sys.argv.pop(1)), tick=True):
    main(sys.argv[1:])
"""


def build(
    output: Path,
    *,
    content: Path = FIXTURE / "content",
    at: str = "2026-05-01T12:00:00+00:00",
    env: dict[str, str] | None = None,
    as_listed: bool = False,
    **settings: object,
) -> Path:
    """Build the fixture site into ``output``, as if at the time ``at``, and give ``output`` back.

    Args:
        output: where to; its parent is the working directory, and gets the manifest.
        content: what is built.
        at: ISO 8601, with a zone.
        env: added to the environment.
        as_listed: whether the form leads where newsletter.toml says; else there is none, unless ``SUBSCRIBE_URL``.
        settings: Pelican settings that differ from pelicanconf.py.
    """
    helplines = json.loads((FIXTURE / "helplines.json").read_text(encoding="utf-8"))
    values = {"HELPLINES": helplines, "LETTERS_ADDRESS": "letters@example.org", **settings}
    if not as_listed:
        values.setdefault("SUBSCRIBE_URL", "")
    return _pelican(output, content, at, env or {}, values)


def build_own(output: Path, **settings: object) -> Path:
    """Build the project's own content, all of it: at a time when every post's date has passed."""
    return _pelican(output, ROOT / "content", "2999-12-31T00:00:00+00:00", {}, settings)


def _pelican(output: Path, content: Path, at: str, env: dict[str, str], settings: dict[str, object]) -> Path:
    output.parent.mkdir(parents=True, exist_ok=True)
    values = {"SITEURL": SITEURL, "MANIFEST_PATH": str(output.parent / "posts.json"), **settings}
    values.setdefault("PICTURES_CACHE", str(ROOT / "var" / "pictures"))
    command = [sys.executable, "-c", _PELICAN_AT, at, str(content), "-o", str(output)]
    command += ["-s", str(ROOT / "pelicanconf.py"), "--fatal", "errors"]
    command += ["-e", *(f"{name}={json.dumps(value)}" for name, value in values.items())]
    run = subprocess.run(
        command,
        cwd=output.parent,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return output
