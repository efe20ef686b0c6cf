"""What every command is given."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import cast

import typer

from pipeline.wiring import Project

__all__ = ["Context", "of"]


@dataclass(frozen=True, kw_only=True)
class Context:
    """One call of the command line."""

    project: Project
    stop: threading.Event

    @contextlib.contextmanager
    def stopping(self) -> Iterator[None]:
        """Let the first Ctrl-C, or SIGTERM, end the block between two messages; a second one ends it at once.

        Raises:
            KeyboardInterrupt: After the block, if it was asked to stop.
        """

        def ask(number: int, frame: FrameType | None) -> None:
            if self.stop.is_set():
                signal.default_int_handler(number, frame)
            self.stop.set()

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if self.stop.is_set():
            raise KeyboardInterrupt


def of(context: typer.Context) -> Context:
    """Answer our own context from typer's."""
    return cast("Context", context.obj)
