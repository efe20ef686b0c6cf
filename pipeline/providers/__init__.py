"""Providers: who keeps a list and sends campaigns to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from pipeline.campaigns import Campaign, Tally
from pipeline.digests import Digest
from pipeline.letters import Edition, Guise, Letter, LetterLinks
from pipeline.planning import History, Item, Plan
from pipeline.posts import Post

__all__ = ["Choosing", "Finding", "Progress", "Provider", "Receipt", "Rehearsal", "Render", "Report"]

Render = Callable[[Guise, "Digest | None"], Letter]
"""Renders a letter in a guise; of a digest, with so much of it as somebody gets."""

Progress = Callable[[int], None]
"""Is told how many more recipients have an outcome."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """Something that forbids sending."""

    what: str  # what is wrong, one sentence
    advice: str = ""  # what to change, and where


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a provider answers when a campaign was sent as far as it could be."""

    campaign_id: str
    tally: Tally
    next_try: datetime | None = None  # aware; when deferred deliveries are due

    @property
    def complete(self) -> bool:
        """Tell whether everybody has an outcome."""
        return self.tally.open == 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One campaign as ``status`` shows it."""

    campaign: Campaign
    tally: Tally
    reasons: dict[str, int]  # why deliveries were not accepted, counted; never an address


class Provider(Protocol):
    """Send campaigns, one for each post.

    Every method may be called again after the process died in it, or after its answer was lost: the second call
    finds what the first one did and goes on from there.
    """

    @property
    def name(self) -> str:
        """Name the provider, as newsletter.toml does."""

    @property
    def links(self) -> LetterLinks:
        """Answer what a letter has to carry for this provider."""

    def describe(self) -> str:
        """Say for a person who the letters go to and by which way."""

    def audience_size(self) -> int:
        """Count the people a campaign that is prepared now would reach."""

    def history(self, posts: Sequence[Post]) -> History:
        """Answer what had its turn before; ``posts`` are those on the site now."""

    def accept(self, plan: Plan) -> None:
        """Make a plan's decisions durable, all of them or none.

        Raises:
            PlanChanged: The history is no longer the one the plan was made from.
        """

    def prepared(self, post: Post) -> Letter | None:
        """Answer the letter that was kept for a post whose campaign is past planning, or None."""

    def prepare(self, post: Post, letter: Letter) -> Campaign:
        """Find or create the campaign of a post that is planned, and keep the letter and the audience with it."""

    def check(self, campaign: Campaign) -> tuple[Finding, ...]:
        """Look at a prepared campaign as it will be sent; anything found forbids sending it."""

    def remaining(self, campaign: Campaign) -> int:
        """Count the recipients of a prepared campaign who are still to be mailed."""

    def send(
        self, campaign: Campaign, *, progress: Progress = ..., stop: Callable[[], bool] = ...
    ) -> Receipt:
        """Send a prepared campaign, or go on sending it.

        Raises:
            DeliveryError: It cannot go on now; what was not sent is kept.
        """

    def reports(self) -> Sequence[Report]:
        """Report on every campaign, the newest first."""


@runtime_checkable
class Choosing(Protocol):
    """Send everybody their letters as they chose to get them. Not every provider can."""

    def readers(self, items: Sequence[Item]) -> list[int]:
        """Count for each letter, or digest, whom it would reach if it were prepared now."""

    def allot(self, item: Item, letter: Letter, render: Render) -> None:
        """Fix the audience of a campaign that is planned, and keep its letter as each of them chose it.

        Args:
            item: The letter, or digest.
            letter: As it is for those who chose nothing, and a digest with all its posts.
            render: Renders it in another way.

        Raises:
            BelongingError: A letter that somebody chose must not be sent; nothing was kept.
        """

    def kept(self, post: Post) -> Sequence[Edition]:
        """Answer every edition of a letter that was kept, that of ``prepared`` first."""

    def exposures(self, edition: Edition) -> tuple[str, ...]:
        """Say what on the outside of a letter that is to be discreet tells what it is about."""


@runtime_checkable
class Rehearsal(Protocol):
    """Send a letter to one address before anybody else gets it. Not every provider can."""

    def test(self, post: Post, letter: Letter, address: SecretStr) -> None:
        """Send a test; the post's campaign is as unsent as before.

        Raises:
            DecisionNeeded: The post's campaign has left already.
            DeliveryError: It could not be sent.
        """
