"""The bar that shows how far sending has come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.cli import output
from pipeline.publishing import Proposal

__all__ = ["bar"]


class Bar:
    """A progress bar, one campaign after the other."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", visible=False)

    def begins(self, proposal: Proposal, remaining: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.reset(
                self._task, total=remaining, description=proposal.letter.subject[:40], visible=True
            )

    def progress(self, number: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, number)


@contextlib.contextmanager
def bar(*, quiet: bool) -> Iterator[Bar]:
    """Show how far sending has come; nothing where the output is no terminal."""
    console = output.out()
    if quiet or not console.is_terminal:
        yield Bar(None)
        return
    subject = TextColumn("{task.description}", markup=False)  # a subject may hold [brackets]
    columns = (subject, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as shown:
        yield Bar(shown)
