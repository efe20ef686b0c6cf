"""The site: built by Pelican beside the one that stands, whose files then become what the new one's are."""

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
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import BuildError
from pipeline.folders import make_private
from pipeline.mirroring import mirror, replace
from pipeline.settings import ENVIRONMENT

__all__ = ["Built", "SiteBuilder"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """What a build leaves."""

    output: Path  # the site
    manifest: Path  # its posts, for the pipeline
    changed: tuple[str, ...] = field(default=(), compare=False)  # files written or removed by publishing it


class SiteBuilder:
    """Build the site of a project.

    It is made in var/build/next, which stays: the next build changes there what has changed. A build that fails, or
    is killed, leaves output/ and the manifest as they were. Builds of one project wait for each other.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._build = root / "var" / "build"
        self._next = self._build / "next"
        self._drafts = self._build / "drafts"
        self._memory = self._build / "memory"
        self.output = root / "output"
        self.manifest = self._build / "posts.json"

    def build(self, *, clean: bool = False) -> Built:
        """Build the site from content/, theme/ and pelicanconf.py.

        Args:
            clean: build all of it, whatever earlier builds remember.

        Raises:
            BuildError: Pelican refused; what it said is in the message. Nothing was changed.
        """
        with self.staged(clean=clean) as staged:
            return self.publish(staged)

    @contextlib.contextmanager
    def staged(self, *, clean: bool = False) -> Iterator[Built]:
        """Build the site beside the one that stands, to be looked at before it is published, or not.

        Args:
            clean: as of ``build``.

        Raises:
            BuildError: Pelican refused; what it said is in the message. Nothing was changed.
        """
        if not (self._root / "pelicanconf.py").exists():
            raise BuildError(
                f"there is no pelicanconf.py in {self._root}",
                advice="go to the folder of your site, or name it with --root",
            )
        with self._alone() as lock:
            built = self._pelican(self._next, lock, clean=clean)
            if not built.manifest.exists():
                raise BuildError(
                    "the build wrote no manifest",
                    advice='see that PLUGINS in pelicanconf.py names "plugins.manifest"',
                )
            yield built

    def publish(self, staged: Built) -> Built:
        """Put a site that was just staged where the old one stands; answer where it is now.

        Every file is whole at every moment. What a crash leaves undone the next build does.
        """
        changed = mirror(staged.output, self.output)
        replace(staged.manifest, self.manifest)
        return Built(output=self.output, manifest=self.manifest, changed=changed)

    def build_drafts(self) -> Built:
        """Build everything, drafts and scheduled posts too, to be looked at: under var/, not where the site stands.

        Raises:
            BuildError: Pelican refused; what it said is in the message.
        """
        with self._alone() as lock:
            return self._pelican(self._drafts, lock, drafts=True)

    @property
    def drafts(self) -> Built:
        """Tell where that is, built or not."""
        return _in(self._drafts)

    def _pelican(self, folder: Path, lock: int, *, drafts: bool = False, clean: bool = False) -> Built:
        built = _in(folder)
        make_private(folder)
        if clean:
            shutil.rmtree(built.output, ignore_errors=True)
        extra = {"MANIFEST_PATH": str(built.manifest), "SHOW_DRAFTS": drafts, "INCREMENTAL_PRUNE": True}
        command = [
            *(sys.executable, "-m", "plugins.incremental", "content", *(("--clean",) if clean else ())),
            *("--store", str(self._memory), "--output", str(built.output)),
            *("--settings", "pelicanconf.py", "--fatal", "errors"),
            *("--extra-settings", *(f"{name}={json.dumps(value)}" for name, value in extra.items())),
        ]
        done = subprocess.run(  # noqa: S603 - our own interpreter
            command,
            cwd=self._root,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=_environment(self._root),
            # Pelican holds the lock as well: should this process be killed, the next build waits for the
            # orphan to end, which would else go on writing into the same folder.
            pass_fds=(lock,),
        )
        if done.returncode != 0:
            said = _said(done.stderr, self._root.resolve()) or _said(done.stdout, self._root.resolve())
            raise BuildError(
                f"the site was not built; nothing was changed\n{said}", advice="mend that and build again"
            )
        return built

    @contextlib.contextmanager
    def _alone(self) -> Iterator[int]:
        make_private(self._build)
        descriptor = os.open(self._build / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def _in(folder: Path) -> Built:
    return Built(output=folder / "site", manifest=folder / "posts.json")


def _environment(root: Path) -> dict[str, str]:
    """Let Pelican find plugins/ first, then what it would find without us; keep the list's secrets from it."""
    kept = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    return {**kept, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "10000"}


def _said(text: str, root: Path) -> str:
    """Keep what Pelican said without its colours, times and places in its own code.

    A mistake in a template or in pelicanconf.py ends in a traceback, of which the last place that is in this
    project is kept.
    """
    lines = [_plain(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines() if line.strip()]
    start = next((number for number, line in enumerate(lines) if line.strip() == _TRACEBACK), None)
    if not start:
        return "\n".join(lines[-40:])
    *said, what = lines[:start]
    if said and what == _BY_OPTION:
        return "\n".join(said)
    frames = [found.groups() for line in lines[start:] if (found := _FRAME.match(line))]
    places = [(Path(file).resolve(), line) for file, line in frames if "site-packages" not in file]
    inside = [f"{file.relative_to(root)}:{line}: " for file, line in places if file.is_relative_to(root)]
    return "\n".join([*said, f"{inside[-1] if inside else ''}{what}"])


_BY_OPTION = "RuntimeError: Warning or error encountered"  # what --fatal errors adds after an error
_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "(.+)", line (\d+)')
_TIME_AND_LEVEL = re.compile(r"^(\[[\d:]{8}\]| {10}) (CRITICAL|ERROR|WARNING) +(Refused: )?")


def _plain(line: str) -> str:
    """Take the time and the level off the front of a line, and the place in Pelican off its far end."""
    head, _, last = line.rstrip().rpartition("  ")
    if re.fullmatch(r"\w+\.py:\d+", last):
        line = head
    return _TIME_AND_LEVEL.sub("", line).rstrip()
