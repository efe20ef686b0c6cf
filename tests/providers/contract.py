"""The contract of a provider, written once and held against each: one post, one campaign, one letter a reader."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.campaigns import Campaign, CampaignState
from pipeline.errors import PlanChanged
from pipeline.letters import Letter
from pipeline.planning import Plan, Policy, Verdict, plan
from pipeline.posts import Post
from pipeline.providers import Provider, Receipt
from tests.builders import NOW, letter, post

Render = Callable[[Post], Letter]

__all__ = ["POLICY", "ProviderContract", "World", "planned", "publish"]

POLICY = Policy(newest_on_first_run=False, max_new=5, max_age=timedelta(days=14))


class World(ABC):
    """A list with some readers, and everything between the provider and them."""

    readers: int

    @abstractmethod
    def provider(self) -> Provider:
        """Make the provider anew, as the next run of the program does."""

    @abstractmethod
    def copies(self, of: Post) -> list[int]:
        """Count for each reader how many copies of a post's letter they got."""

    def letter(self, of: Post) -> Letter:
        """Render a post as this provider can carry it."""
        return letter(of.title)


def planned(provider: Provider, *posts: Post) -> Plan:
    """Plan over some posts, as a run does."""
    return plan(posts, provider.history(posts), NOW, policy=POLICY)


def publish(provider: Provider, *posts: Post, render: Render = lambda it: letter(it.title)) -> list[Receipt]:
    """Do what a run does."""
    made = planned(provider, *posts)
    provider.accept(made)
    receipts = []
    for item in made.to_send:
        kept = provider.prepared(item.post) if item.verdict is Verdict.RESUME else None
        campaign = provider.prepare(item.post, kept or render(item.post))
        assert provider.check(campaign) == ()
        receipts.append(provider.send(campaign))
    return receipts


class ProviderContract(ABC):
    """What every provider promises. Subclasses make the world."""

    @pytest.fixture
    @abstractmethod
    def world(self, tmp_path: Path) -> Iterator[World]:
        """Make a list on which a first run has been recorded already."""

    def run(self, world: World, *posts: Post) -> list[Receipt]:
        return publish(world.provider(), *posts, render=world.letter)

    def once(self, world: World, of: Post) -> None:
        assert world.copies(of) == [1] * world.readers

    def test_a_new_post_reaches_every_reader_once(self, world: World) -> None:
        (receipt,) = self.run(world, post("new"))
        assert receipt.complete
        assert receipt.next_try is None
        assert (receipt.tally.audience, receipt.tally.accepted) == (world.readers, world.readers)
        self.once(world, post("new"))

    def test_running_again_mails_nothing(self, world: World) -> None:
        self.run(world, post("new"))
        for _ in range(2):
            assert self.run(world, post("new")) == []
        assert planned(world.provider(), post("new")).of(Verdict.SENT)
        self.once(world, post("new"))

    def test_an_edited_post_is_not_mailed_again(self, world: World) -> None:
        self.run(world, post("new"))
        edited = post("new", title="Another title", fingerprint="e" * 32, body="<p>Other words.</p>")
        assert self.run(world, edited) == []
        self.once(world, edited)

    def ready(self, provider: Provider, world: World) -> Campaign:
        """Bring the new post's campaign as far as it is before it is sent."""
        campaign = provider.prepare(post("new"), world.letter(post("new")))
        assert provider.check(campaign) == ()
        return campaign

    def test_preparing_twice_prepares_one_campaign(self, world: World) -> None:
        provider = world.provider()
        provider.accept(planned(provider, post("new")))
        assert provider.prepared(post("new")) is None
        first = self.ready(provider, world)
        second = self.ready(provider, world)
        later = world.provider()
        third = self.ready(later, world)
        assert first.id == second.id == third.id
        assert first.post_id == "new"
        assert len(later.reports()) == 1
        assert later.send(third).complete
        self.once(world, post("new"))

    def test_sending_twice_sends_once(self, world: World) -> None:
        provider = world.provider()
        provider.accept(planned(provider, post("new")))
        campaign = self.ready(provider, world)
        assert provider.remaining(campaign) == world.readers
        told: list[int] = []
        assert provider.send(campaign, progress=told.append).complete
        assert sum(told) == world.readers
        assert provider.send(campaign).complete
        later = world.provider()
        again = self.ready(later, world)
        assert later.remaining(again) == 0
        assert later.send(again).complete
        self.once(world, post("new"))

    def test_a_plan_is_accepted_once(self, world: World) -> None:
        provider = world.provider()
        made = planned(provider, post("new"))
        provider.accept(made)
        with pytest.raises(PlanChanged):
            world.provider().accept(made)
        self.run(world, post("new"))
        self.once(world, post("new"))

    @pytest.mark.parametrize("steps", [1, 2, 3])
    def test_whatever_step_a_run_ends_after_the_next_goes_on_from_there(
        self, world: World, steps: int
    ) -> None:
        provider = world.provider()
        provider.accept(planned(provider, post("new")))
        if steps >= 2:
            campaign = world.provider().prepare(post("new"), world.letter(post("new")))
            if steps >= 3:
                world.provider().check(campaign)
        again = planned(world.provider(), post("new"))
        assert [item.verdict for item in again.items] in ([Verdict.RESUME], [Verdict.MAIL])
        self.run(world, post("new"))
        self.once(world, post("new"))

    def test_each_post_has_its_own_campaign_and_reports_add_up(self, world: World) -> None:
        posts = [post("one"), post("two", date=NOW - timedelta(hours=2))]
        receipts = self.run(world, *posts)
        assert len({receipt.campaign_id for receipt in receipts}) == 2
        reports = world.provider().reports()
        assert {report.campaign.id for report in reports} == {receipt.campaign_id for receipt in receipts}
        for report in reports:
            # A list kept elsewhere may still be at it when it has said yes.
            assert report.campaign.state in {CampaignState.SENT, CampaignState.SENDING}
            assert report.tally.accepted == report.tally.audience == world.readers
            assert report.reasons == {}
        for each in posts:
            self.once(world, each)

    def test_the_audience_is_counted_before_it_is_mailed(self, world: World) -> None:
        assert world.provider().audience_size() == world.readers

    def test_it_says_who_it_is_and_what_letters_have_to_carry(self, world: World) -> None:
        provider = world.provider()
        assert provider.name.isalpha()
        assert provider.describe().isprintable()
        assert provider.links.unsubscribe
        assert provider.links.postal_address
        assert "@" not in provider.describe()
