"""What the terminal and scripts are told of what came back: sums, nobody's name."""

from __future__ import annotations

from pipeline.cli import output
from pipeline.subscribers.bouncing import CameBack, Meaning

__all__ = ["WORDS", "show", "sums_json"]

WORDS = {
    Meaning.GONE: "addresses that do not exist; they are not mailed again",
    Meaning.WORN_OUT: "came back too often; they are not mailed again",
    Meaning.COMPLAINT: "complaints; taken off the list",
    Meaning.LEFT: "wrote that they want to leave; taken off the list",
    Meaning.PASSING: "came back for a reason that may pass; counted",
    Meaning.DELAYED: "are delayed",
    Meaning.POLICY: "refused for what we are, not for whom they were to",
    Meaning.STRANGE: "without a genuine token; nothing was done",
    Meaning.OTHER: "are no reports; left to you where they came in",
    Meaning.AGAIN: "were dealt with before; nothing was done",
}


def show(came_back: CameBack | None) -> None:
    """Print what came back so far, once anything was read."""
    if came_back is None or came_back.read_at is None:
        return
    output.heading("What came back")
    output.line(("  read      ", "dim"), f"{came_back.read_at:%Y-%m-%d %H:%M %Z}")
    for meaning, words in WORDS.items():
        if number := came_back.counts[meaning]:
            output.line(("            ", "dim"), f"{number:,} {words}")


def sums_json(came_back: CameBack | None) -> output.Json:
    """Answer the same for a script; null where nothing can come back."""
    if came_back is None:
        return None
    counts = {one.value: number for one, number in came_back.counts.items() if one is not Meaning.AGAIN}
    return {**counts, "read_at": came_back.read_at.isoformat() if came_back.read_at else None}
