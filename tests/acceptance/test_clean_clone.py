"""A clean clone on a machine with Python and make and nothing else: installs everything, so only where asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import layers
from tests.acceptance.commandline import ROOT


def _shell(folder: Path, *command: str, **env: str) -> str:
    """Run a command as somebody would who has just cloned: with no environment of ours, but with pip's settings."""
    ours = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ours and not name.startswith("PYTEST")
    }
    done = subprocess.run(
        command, cwd=folder, env={**clean, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(
    os.environ.get("BELONGING_ALL_LAYERS") != "1",
    reason="a clean clone is installed with BELONGING_ALL_LAYERS=1 only",
)
def test_clean_clone(tmp_path: Path) -> None:
    """``make publish`` in a clean clone builds the site and mails the newest post to the sample readers, once."""
    layers.require("git", found=shutil.which("git") is not None, install="sudo apt-get install git")
    clone = tmp_path / "clone"
    _shell(tmp_path, "git", "clone", "--quiet", str(ROOT), str(clone))
    reach = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(tmp_path / "wheels"),
            "tzdata",
        ],
        capture_output=True,
        check=False,
    )
    layers.require(
        "A package index", found=reach.returncode == 0, install="set PIP_INDEX_URL to one that pip can reach"
    )

    python = getattr(sys, "_base_executable", sys.executable)
    assert "make publish" in _shell(clone, "make")
    said = _shell(clone, "make", "publish", f"PYTHON={python}")
    assert "Done" in said
    assert len(list((clone / "var" / "mail" / "new").iterdir())) == 3
    assert (clone / "output" / "index.html").exists()
    assert _shell(clone, "git", "status", "--porcelain") == "", "nothing is left lying about"

    again = _shell(clone, "make", "publish", f"PYTHON={python}")
    assert "Installing" not in again
    assert "Nothing to mail." in again
    assert len(list((clone / "var" / "mail" / "new").iterdir())) == 3
    assert "No mistakes." in _shell(clone, "make", "check")
