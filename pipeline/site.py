"""The site: built by Pelican beside the one that stands, then put in its place."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BuildError

__all__ = ["Built", "SiteBuilder"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What a build leaves."""

    output: Path  # the site
    manifest: Path  # its posts, for the pipeline


class SiteBuilder:
    """Build the site of a project.

    Everything is made in var/build/next and moved into place at the end: a build that fails, or is killed,
    leaves output/ and the manifest as they were.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._build = root / "var" / "build"
        self._next = self._build / "next"
        self._drafts = self._build / "drafts"
        self._previous = self._build / "previous"
        self.output = root / "output"
        self.manifest = self._build / "posts.json"

    def build(self) -> Built:
        """Build the site from content/, theme/ and pelicanconf.py.

        Raises:
            BuildError: Pelican refused; what it said is in the message. Nothing was changed.
        """
        if not (self._root / "pelicanconf.py").exists():
            raise BuildError(
                f"there is no pelicanconf.py in {self._root}",
                advice="go to the folder of your site, or name it with --root",
            )
        with self._alone():
            self._recover()
            shutil.rmtree(self._next, ignore_errors=True)
            self._next.mkdir(parents=True)
            self._pelican(self._next)
            manifest = self._next / "posts.json"
            if not manifest.exists():
                raise BuildError(
                    "the build wrote no manifest",
                    advice='see that PLUGINS in pelicanconf.py names "plugins.manifest"',
                )
            self._replace(manifest)
        return Built(output=self.output, manifest=self.manifest)

    def build_drafts(self) -> Built:
        """Build everything, drafts and scheduled posts too, to be looked at: under var/, not where the site stands.

        Raises:
            BuildError: Pelican refused; what it said is in the message.
        """
        with self._alone():
            shutil.rmtree(self._drafts, ignore_errors=True)
            self._drafts.mkdir(parents=True)
            self._pelican(self._drafts, drafts=True)
        return Built(output=self._drafts / "site", manifest=self._drafts / "posts.json")

    def _pelican(self, folder: Path, *, drafts: bool = False) -> None:
        extra = {"MANIFEST_PATH": str(folder / "posts.json"), "SHOW_DRAFTS": drafts}
        command = [
            *(sys.executable, "-m", "pelican", "content"),
            *("--output", str(folder / "site"), "--settings", "pelicanconf.py", "--fatal", "errors"),
            *("--extra-settings", *(f"{name}={json.dumps(value)}" for name, value in extra.items())),
        ]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            cwd=self._root,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env={**os.environ, "PYTHONPATH": str(self._root), "NO_COLOR": "1", "COLUMNS": "10000"},
        )
        if done.returncode != 0:
            said = _said(done.stderr) or _said(done.stdout)
            raise BuildError(
                f"the site was not built; nothing was changed\n{said}", advice="mend that and build again"
            )

    def _replace(self, manifest: Path) -> None:
        """Put the new site where the old one stands. Between the two renames a crash is mended by _recover."""
        shutil.rmtree(self._previous, ignore_errors=True)
        if self.output.exists():
            self.output.rename(self._previous)
        (self._next / "site").rename(self.output)
        manifest.replace(self.manifest)
        shutil.rmtree(self._previous, ignore_errors=True)

    def _recover(self) -> None:
        if self._previous.exists() and not self.output.exists():
            self._previous.rename(self.output)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self._build.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._build / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _said(text: str) -> str:
    """Keep what Pelican said without its colours and its table of counts."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-40:])
