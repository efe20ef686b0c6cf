"""Refusing to build."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from pipeline.posts import checking
from pipeline.posts.mistakes import Severity, errors, listing

from ..refusing import Refused
from . import site

__all__ = ["refuse_failures", "refuse_mistakes"]

_SHOWN = 30  # warnings; whoever wants all of them asks for them


class Run(Protocol):
    """What is read of Pelican."""

    settings: Mapping[str, object]
    path: str  # of the content


class Generator(Protocol):
    """What is read of a generator."""

    context: Mapping[str, object]


def refuse_mistakes(pelican: Run) -> None:
    """Check all content; list what is wrong, one line each, and stop if any of it is an error.

    Raises:
        Refused: There are errors. Nothing was written.
    """
    mistakes = checking.check(Path(pelican.path), layout=site.layout(pelican.settings))
    wrong = errors(mistakes)
    warnings = tuple(mistake for mistake in mistakes if mistake.severity is Severity.WARNING)
    # Not through Pelican's log, which would wrap the lines; its other messages go to the standard output too.
    if warnings:
        more = len(warnings) - _SHOWN
        sys.stdout.write(
            listing(warnings[:_SHOWN]) + (f"\n… and {more} more warnings\n" if more > 0 else "\n")
        )
    if wrong:
        sys.stderr.write(f"{listing(wrong)}\n")
        count = "one mistake" if len(wrong) == 1 else f"{len(wrong)} mistakes"
        raise Refused(f"{count} in the content; nothing was written")


def refuse_failures(generators: Sequence[Generator]) -> None:
    """Stop if Pelican left out a file of any kind that it could not read, which it only logs.

    Raises:
        Refused: It did.
    """
    failed = sorted(
        str(path)
        for generator in generators[:1]  # the context is one for all of them
        for path, content in _contents(generator.context).items()
        if content is None
    )
    if failed:
        raise Refused(f"Pelican could not read {', '.join(failed)}; what it said stands above")


def _contents(context: Mapping[str, object]) -> Mapping[object, object]:
    contents = context["generated_content"]
    return contents if isinstance(contents, Mapping) else {}
