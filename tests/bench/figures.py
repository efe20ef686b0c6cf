"""A figure, how it is taken and how it is shown."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Figure", "seconds", "show"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the report."""

    what: str
    value: str
    ratio: str = ""  # against the reference, in the same run


def seconds(work: Callable[[], object], *, runs: int = 5) -> float:
    """Take the median wall time of some runs."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def show(figures: list[Figure]) -> None:
    for figure in figures:
        sys.stdout.write(f"{figure.what:<58} {figure.value:>22}   {figure.ratio}\n")
    sys.stdout.flush()
