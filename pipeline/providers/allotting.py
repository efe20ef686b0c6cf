"""Allotting: who gets a letter, and in which variant, as everybody chose. The rules; the store only asks them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.digests import Digest, Pace
from pipeline.errors import KeyProblem
from pipeline.letters import Edition, Guise
from pipeline.mail.composing import variant
from pipeline.posts import Post
from pipeline.providers import Render
from pipeline.subscribers.choices import Choices, opened
from pipeline.subscribers.sealing import Sealer

__all__ = ["Allotter", "Census", "wanted"]


def wanted(
    post: Post, digest: Digest | None, choices: Choices, frozen: datetime
) -> tuple[tuple[Post, datetime], ...] | None:
    """Tell which posts somebody gets by a letter or a digest; None where they get nothing.

    A letter comes to those who take each letter at the moment when it is frozen, a digest to those of whom some of
    its posts were kept back at that moment. So each post comes to each person in one way at most, whatever they
    choose in between.

    Args:
        post: The letter's post.
        digest: What it is made of, if it is a digest.
        choices: Theirs.
        frozen: When the audience is fixed.
    """
    if choices.paused_at(frozen):
        return None
    if digest is None:
        comes = choices.pace_at(frozen) is Pace.EACH and post.category not in choices.left_out
        return () if comes else None
    held = tuple(
        (one, moment)
        for one, moment in digest.posts
        if choices.pace_at(moment) is digest.period.pace and one.category not in choices.left_out
    )
    return held or None


def _chosen(cell: bytes, sealer: Sealer, row: int) -> Choices:
    """Open what somebody chose; if it does not open, take what shows the least. Their letter is held anyway."""
    try:
        return opened(cell, sealer, row=row)
    except KeyProblem:
        return Choices(guise=Guise.NOTICE)


class Allotter:
    """Give each person their variant of one campaign's letter (an Allotment); render what is needed of it."""

    def __init__(self, sealer: Sealer, post: Post, digest: Digest | None, render: Render) -> None:
        """Take what opens choices, the letter's post, what a digest is made of, and what renders them."""
        self._sealer = sealer
        self._post = post
        self._digest = digest
        self._render = render
        self._editions: list[Edition] = []
        self._numbers: dict[tuple[Guise, tuple[str, ...]], int] = {}
        self._number(Guise.OPEN, digest.posts if digest else ())

    @property
    def everybody(self) -> bool:
        """Tell whether people who chose nothing get it: each letter, but no digest."""
        return self._digest is None

    def need(self, census: Census) -> None:
        """Render what a look at the choices has shown to be needed, so that little is left while nobody may write."""
        for guise, posts in census.needed:
            self._number(guise, posts)

    def variant(self, subscriber_id: int, choices: bytes, frozen: datetime) -> int | None:
        """Answer the variant of one person."""
        chosen = _chosen(choices, self._sealer, subscriber_id)
        posts = wanted(self._post, self._digest, chosen, frozen)
        return None if posts is None else variant(self._number(chosen.guise, posts), text=chosen.text)

    def editions(self) -> Sequence[Edition]:
        """List the editions that were needed."""
        return self._editions

    def _number(self, guise: Guise, posts: Sequence[tuple[Post, datetime]]) -> int:
        """Find the edition with these posts in this guise, or render it."""
        names = () if guise is Guise.NOTICE else tuple(post.id for post, _ in posts)
        number = self._numbers.get((guise, names))
        if number is None:
            part = self._digest and Digest(period=self._digest.period, posts=posts)
            self._editions.append(Edition(guise=guise, letter=self._render(guise, part)))
            number = self._numbers[guise, names] = len(self._editions) - 1
        return number


class Census:
    """Count who of those who chose anything some letters would reach, in one look (an Allotment of nothing)."""

    everybody = True  # the others are counted by whoever asks

    def __init__(self, sealer: Sealer, letters: Sequence[tuple[Post, Digest | None]]) -> None:
        """Take what opens choices, and the letters."""
        self._sealer = sealer
        self._letters = letters
        self.counts = [0] * len(letters)
        # What they chose, of each guise and each part of a digest; a dictionary, since it keeps the order.
        self.needed: dict[tuple[Guise, tuple[tuple[Post, datetime], ...]], None] = {}

    def variant(self, subscriber_id: int, choices: bytes, frozen: datetime) -> int | None:
        """Count one person; they get nothing now."""
        chosen = _chosen(choices, self._sealer, subscriber_id)
        for number, (post, digest) in enumerate(self._letters):
            posts = wanted(post, digest, chosen, frozen)
            if posts is not None:
                self.counts[number] += 1
                self.needed[chosen.guise, posts] = None
        return None

    def editions(self) -> Sequence[Edition]:
        """Name none."""
        return ()
