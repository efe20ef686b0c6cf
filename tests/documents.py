"""The documents of this project, and the commands that they tell people to type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Said", "commands", "guides", "markdown"]

ROOT = Path(__file__).resolve().parents[1]
_ELSEWHERE = {
    ".git",
    ".venv",
    "node_modules",
    "output",
    "var",
    "mutants",
    "build",
    ".pytest_cache",
    ".hypothesis",
}
_PROGRAMS = r"(?:make|belonging|python3?|pip|npm|npx|git|sudo|curl|docker)"
_COMMAND = re.compile(rf"{_PROGRAMS} (?!\{{).+")


@dataclass(frozen=True, kw_only=True)
class Said:
    """One command as a document says it."""

    line: int
    command: str  # without the comment behind it


def markdown() -> list[Path]:
    """List every Markdown file that is a document and no post, relative to the root."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(
        path
        for path in found
        if not _ELSEWHERE & set(path.parts) and path.parts[0] not in {"content", "tests"}
    )


def guides() -> list[Path]:
    """List the documents that tell people what to type: neither generated nor a record of what was."""
    return [path for path in markdown() if not {"adr", "reference", "CHANGELOG.md"} & set(path.parts)]


def commands(document: Path) -> list[Said]:
    """Find every command in a document: lines of code blocks, and code inside of sentences."""
    found: list[Said] = []
    fenced = False
    for number, line in enumerate((ROOT / document).read_text(encoding="utf-8").splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            continue
        block = fenced or line.startswith("    ")
        pieces = [line.strip()] if block else re.findall(r"`([^`]+)`", line)
        for piece in pieces:
            command = re.sub(r"\s+#\s.*", "", piece).strip()
            if _COMMAND.fullmatch(command):
                found.append(Said(line=number, command=command))
    return found
