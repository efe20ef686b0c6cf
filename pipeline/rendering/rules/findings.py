"""What a check says: a rule, what broke it, and whether that stops the letter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Finding", "Severity", "error", "warning"]


class Severity(StrEnum):
    """Whether a letter may leave."""

    ERROR = "error"  # it must not be sent
    WARNING = "warning"  # a person should look


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One broken rule."""

    rule: str  # its name, stable: "unsubscribe", "contrast"
    detail: str  # what is wrong and where, one sentence for a person
    severity: Severity


def error(rule: str, detail: str) -> Finding:
    """Name a broken rule that stops the letter."""
    return Finding(rule=rule, detail=detail, severity=Severity.ERROR)


def warning(rule: str, detail: str) -> Finding:
    """Name a broken rule that a person should look at."""
    return Finding(rule=rule, detail=detail, severity=Severity.WARNING)
