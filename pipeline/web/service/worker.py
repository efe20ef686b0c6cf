"""The worker: deals with what was taken in, in a thread of its own, at moments no request decides."""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from pipeline.web.outermost import place

__all__ = ["Worker"]

_LOG = logging.getLogger(__name__)
_SWEEP_EVERY = 600.0  # seconds
_DEAD_AFTER = 60.0  # seconds without a round


class Worker:
    """Do some work again and again until told to stop. What goes wrong in one round does not end the next."""

    def __init__(
        self,
        work: Sequence[Callable[[], int]],
        sweep: Callable[[], object],
        *,
        pause: tuple[float, float] = (1.0, 3.0),
    ) -> None:
        """Take the work, what is swept now and then, and between how many seconds a pause lasts.

        The pause is random so that how long an answer takes says nothing about the work of the one before it.
        """
        self._work = work
        self._sweep = sweep
        self._pause = pause
        self._stop = threading.Event()
        self._last = time.monotonic()
        self._swept: float | None = None

    @property
    def alive(self) -> bool:
        """Tell whether a round has been made lately."""
        return time.monotonic() - self._last < _DEAD_AFTER

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Work while the block runs; end the round that is being made and no other."""
        thread = threading.Thread(target=self._run, name="list worker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=30)

    def round(self) -> None:
        """Work once: every kind of work, until there is none left of it."""
        for work in self._work:
            with _reported():
                while work() and not self._stop.is_set():
                    pass
        now = time.monotonic()
        if self._swept is None or now - self._swept > _SWEEP_EVERY:
            self._swept = now
            with _reported():
                self._sweep()
        self._last = time.monotonic()

    def _run(self) -> None:
        # Not for secrecy of its own: only so that no pattern can be learnt from a series of answers.
        while not self._stop.wait(random.uniform(*self._pause)):  # noqa: S311
            self.round()


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the thread has to live on
        _LOG.error("some work was left for later: %s", place(error))
