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

from pipeline.errors import SettingsError
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
    """Answer our own context from typer's.

    Raises:
        SettingsError: The folder holds no site. Else a list would be begun wherever somebody happens to stand.
    """
    mine = cast("Context", context.obj)
    if not (mine.project.root / "pelicanconf.py").is_file():
        raise SettingsError(
            f"there is no site in {mine.project.root}: it holds no pelicanconf.py",
            advice="go to the folder of your site, or name it: belonging --root FOLDER …",
        )
    return mine
