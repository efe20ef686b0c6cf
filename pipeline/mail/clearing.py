"""Clearing letterboxes of what came back: each message once, in an order that survives being killed anywhere.

Act, note that it was done, take the message away. Killed between two of these, the message is there the next time:
before the note everything is done again, which changes nothing; after it nothing is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.campaigns import CampaignState
from pipeline.ledger import CampaignLedger
from pipeline.mail.letterbox import Letterbox
from pipeline.subscribers.bouncing import Bouncing, Meaning, Returned

__all__ = ["Clearing", "Dealt"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dealt:
    """What one reading did: numbers and campaigns, nobody's name."""

    counts: Counter[Meaning]
    paused: tuple[str, ...]  # campaigns that were being sent, and are refused


@dataclass(frozen=True, kw_only=True)
class Clearing:
    """Deal with what came back."""

    read: Callable[[bytes], Returned | None]  # see bounces.read
    bouncing: Bouncing
    campaigns: CampaignLedger

    def clear(self, box: Letterbox) -> Dealt:
        """Deal with everything in a letterbox; see Letterbox.open for what it raises."""
        counts: Counter[Meaning] = Counter()
        paused: set[str] = set()
        with box.open() as letters:
            for letter in letters:
                meaning, stopped = self.deal_with(letter.content)
                counts[meaning] += 1
                paused |= stopped
                if meaning is Meaning.OTHER:
                    letter.leave()
                else:
                    letter.remove()
        self.bouncing.store.read(self.bouncing.clock())
        return Dealt(counts=counts, paused=tuple(sorted(paused)))

    def take(self, content: bytes) -> Meaning:
        """Deal with a message that was handed over by itself; answer what it meant."""
        meaning, _ = self.deal_with(content)
        self.bouncing.store.read(self.bouncing.clock())
        return meaning

    def deal_with(self, content: bytes) -> tuple[Meaning, frozenset[str]]:
        """Deal with one message; answer what it meant, and which campaigns were paused for it."""
        returned = self._understood(content)
        if returned is None:
            self.bouncing.note(content, Meaning.OTHER)
            return Meaning.OTHER, frozenset()
        if self.bouncing.known(content):
            return Meaning.AGAIN, frozenset()
        meaning = self.bouncing.deal_with(returned, content)
        paused = frozenset[str]()
        if meaning is Meaning.POLICY and returned.campaign and self._pause(returned.campaign):
            paused = frozenset({returned.campaign})
        self.bouncing.note(content, meaning)
        return meaning, paused

    def _understood(self, content: bytes) -> Returned | None:
        """Read a message. One that nobody can parse is left to a person and does not keep the others waiting."""
        try:
            return self.read(content)
        except Exception:  # noqa: BLE001 - whatever a stranger wrote
            return None

    def _pause(self, campaign_id: str) -> bool:
        """Pause a campaign that is being sent; tell whether it was."""
        campaign = self.campaigns.campaign(campaign_id)
        if campaign is None or campaign.state is not CampaignState.SENDING:
            return False
        return self.campaigns.move(campaign_id, CampaignState.PAUSED, self.bouncing.clock())
