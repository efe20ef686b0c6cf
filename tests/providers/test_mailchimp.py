"""Mailchimp under the contract of providers, as far as a list that keeps its own people can be held to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.letters import Letter
from pipeline.posts import Post
from pipeline.providers import Provider
from tests.builders import Hands
from tests.providers.contract import ProviderContract, World
from tests.providers.mailchimp.fake import FakeMailchimp
from tests.providers.mailchimp.running import FakeWire, begin, letter_of, provider


@dataclass
class MailchimpWorld(World):
    """A list at Mailchimp."""

    fake: FakeMailchimp
    hands: Hands = field(default_factory=Hands)

    @property
    def readers(self) -> int:  # type: ignore[override]
        return self.fake.members

    def provider(self) -> Provider:
        return provider(FakeWire(self.fake), self.hands, self.hands.sleep)

    def copies(self, of: Post) -> list[int]:
        sent = [one for one in self.fake.sendings if of.title in one.title or of.id in one.title]
        return [len(sent)] * self.fake.members

    def letter(self, of: Post) -> Letter:
        return letter_of(of)


class TestMailchimp(ProviderContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        hands = Hands()
        fake = FakeMailchimp(hands)
        begin(fake)
        yield MailchimpWorld(fake, hands)
