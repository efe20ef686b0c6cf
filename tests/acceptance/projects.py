"""A small project of three short posts in a folder of its own, and what a person would look at in it."""

from __future__ import annotations

import email
import hashlib
import shutil
import sqlite3
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from tests.acceptance.commandline import ROOT, Host, Outcome, decent, environment

__all__ = ["FIRST", "READERS", "SECOND", "THIRD", "Project", "tree"]

FIRST, SECOND, THIRD = "first-light", "second-cup", "third-chair"  # the oldest to the newest
READERS = ["ada@example.org", "bo@example.com", "cem@example.org"]


def tree(*folders: Path) -> dict[str, str]:
    """Name every file below some folders, or a file itself, with the hash of what is in it."""
    files = [
        path
        for folder in folders
        for path in ([folder] if folder.is_file() else sorted(folder.rglob("*")))
        if path.is_file()
    ]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass(frozen=True, kw_only=True)
class Project:
    """A folder with a site in it."""

    root: Path
    host: Host
    env: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, host: Host) -> Project:
        """Make a project out of this one's theme, plugins and settings and three posts of its own."""
        root.mkdir(parents=True)
        for name in ("theme", "plugins"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pelicanconf.py", "newsletter.toml"):
            shutil.copy(ROOT / name, root / name)
        project = cls(root=root, host=host)
        (root / "content" / "images").mkdir(parents=True)
        (root / "content" / "images" / "lamp.png").write_bytes(_picture())
        for name, days in ((FIRST, 9), (SECOND, 5), (THIRD, 1)):
            project.write(name, days=days)
        return project

    def copy(self, root: Path) -> Project:
        """Copy everything, also what was built and mailed."""
        shutil.copytree(self.root, root, symlinks=True)
        return Project(root=root, host=self.host, env=self.env)

    # --- what a person does ---------------------------------------------------------------------------------

    def run(
        self,
        *arguments: str,
        code: int = 0,
        stdin: str | bytes = b"",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Call the command line from the project's folder and see how it ends."""
        outcome = self.host.call(
            arguments,
            cwd=cwd or self.root,
            env={**self.environment, **(env or {})},
            stdin=stdin.encode() if isinstance(stdin, str) else stdin,
        )
        shown = f"belonging {' '.join(arguments)} ended with {outcome.code}\n{outcome.out}\n{outcome.err}"
        assert outcome.code == code, shown
        return outcome

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the command line in a process that was not prepared in any way."""
        return subprocess.Popen(
            [sys.executable, "-m", "pipeline", *arguments],
            cwd=self.root,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def finish(self, process: subprocess.Popen[str], *, code: int = 0) -> Outcome:
        """Wait for what was started."""
        out, err = process.communicate(timeout=120)
        outcome = Outcome(code=process.returncode, out=out, err=err)
        assert outcome.code == code, outcome
        return decent(outcome, ())

    def write(
        self, name: str, *, days: float = 0.05, body: str = "", head: str = "", title: str = ""
    ) -> Path:
        """Write a post that is some days old, or comes in some days if they are negative."""
        date = datetime.now(UTC) - timedelta(days=days)
        path = self.post(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"---\ntitle: {title or name.replace('-', ' ').capitalize()}\ndate: {date:%Y-%m-%d %H:%M:%S}+00:00\n"
            f"slug: {name}\nsummary: What {name} is about.\n{head}---\n\n"
            + (body or f"These are the words of {name}. They are few.\n\n## And then\n\nIt ends well.\n"),
            encoding="utf-8",
        )
        return path

    def change(self, path: Path | str, old: str, new: str) -> None:
        """Put other words in the place of words that are there."""
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {path}"
        file.write_text(text.replace(old, new), encoding="utf-8")

    def settings(self, text: str) -> None:
        """Write newsletter.toml."""
        (self.root / "newsletter.toml").write_text(text, encoding="utf-8")

    # --- what a person sees ---------------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.root.parent / "home", **self.env)

    def post(self, name: str) -> Path:
        """Name the file of a post."""
        return self.root / "content" / "posts" / f"{name}.md"

    def page(self, name: str) -> str:
        """Answer the page of a post."""
        return (self.root / "output" / name / "index.html").read_text(encoding="utf-8")

    @property
    def letters(self) -> list[EmailMessage]:
        """Answer every letter in the local mailbox."""
        files = sorted((self.root / "var" / "mail" / "new").glob("*"))
        made = [email.message_from_bytes(file.read_bytes(), policy=default) for file in files]
        return [letter for letter in made if isinstance(letter, EmailMessage)]

    @property
    def mailed(self) -> dict[str, list[str]]:
        """Answer who got which letter: the recipients by subject."""
        found: dict[str, list[str]] = {}
        for letter in self.letters:
            found.setdefault(letter["Subject"], []).append(letter["To"])
        return {subject: sorted(people) for subject, people in found.items()}

    @property
    def store(self) -> list[str]:
        """Answer everything the list's store holds, as SQL."""
        path = self.root / "var" / "list.sqlite"
        assert path.exists()
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    @property
    def site(self) -> dict[str, str]:
        """Answer the hashes of what is published: the site and the manifest."""
        return tree(self.root / "output", self.root / "var" / "build" / "posts.json")

    @property
    def everything(self) -> dict[str, str]:
        """Answer the hashes of all files of the project."""
        return tree(self.root)


def _picture() -> bytes:
    """Draw a PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    data = zlib.compress(b"\x00\x7f")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
