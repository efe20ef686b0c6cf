"""What an output is made of, noted while it is made.

While a page or a feed is rendered, content, lists and the template's context note here what is read of them. A fact
has a name; what it stands for is compared, in the next build, with what it stood for. Names:

    c:KEY       everything that a piece of content says of itself, but for its body
    b:KEY       its body
    s:KEY       its summary
    v:NAME      a variable of the whole site, as templates see it
    l:NAME:SLUG the posts of one term in such a variable
    f:NAME      what a filter, test or function knows besides its arguments
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Trace", "active", "tracing"]


class Trace:
    """What one output read."""

    __slots__ = ("effects", "facts", "given", "reads", "unproven")

    def __init__(self, given: frozenset[str] = frozenset()) -> None:
        """Take the names of the variables that this output alone is given."""
        self.given = given
        self.facts: set[str] = set()
        self.reads: dict[
            str, set[str]
        ] = {}  # of those variables, and of what kind of page: the attributes read
        self.unproven: str = ""  # who read what cannot be followed
        self.effects: list[tuple[str, object]] = []  # what rendering did besides, by the filter that did it

    def join(self, other: Trace) -> None:
        """Take over what a part read."""
        self.facts |= other.facts
        self.unproven = self.unproven or other.unproven
        self.effects += other.effects


class _Active:
    __slots__ = ("trace",)

    def __init__(self) -> None:
        self.trace: Trace | None = None


active = _Active()
"""Where the trace that is being made stands; its ``trace`` is None while nothing is rendered."""


@contextmanager
def tracing(trace: Trace | None) -> Iterator[Trace | None]:
    """Note what is read, until the end of the block, in this trace and in no other; nowhere if it is None."""
    before = active.trace
    active.trace = trace
    try:
        yield trace
    finally:
        active.trace = before
