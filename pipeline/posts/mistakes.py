"""A mistake in what a writer committed: where it is, what is wrong, what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Mistake", "Severity", "errors", "listing"]


class Severity(StrEnum):
    """Whether a mistake stops the build."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Mistake:
    """One thing to put right, ordered by its place.

    Written out it is one line that editors and terminals make clickable:
    ``path:line:column: what is wrong — what to write``, with ``warning:`` before a message that stops nothing.
    """

    path: str  # as a person would type it, with forward slashes
    line: int  # from 1
    column: int  # from 1, in characters
    severity: Severity = Severity.ERROR
    message: str  # what is wrong
    advice: str  # what to write instead

    def __str__(self) -> str:
        kind = "warning: " if self.severity is Severity.WARNING else ""
        return f"{self.path}:{self.line}:{self.column}: {kind}{self.message} — {self.advice}"


def errors(mistakes: tuple[Mistake, ...]) -> tuple[Mistake, ...]:
    """Leave out what stops nothing."""
    return tuple(mistake for mistake in mistakes if mistake.severity is Severity.ERROR)


def listing(mistakes: tuple[Mistake, ...]) -> str:
    """Write mistakes as lines, one each, in the order of their places."""
    return "\n".join(str(mistake) for mistake in sorted(mistakes))
