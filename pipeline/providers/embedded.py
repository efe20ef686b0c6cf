"""The embedded list: our own subscribers, our own delivery loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.campaigns import EVERYBODY, Campaign, CampaignState, campaign_id
from pipeline.digests import Digest
from pipeline.errors import CheckFailed, PolicyBlock
from pipeline.ledger import CampaignLedger
from pipeline.letters import Edition, Guise, Letter, LetterLinks
from pipeline.mail.composing import PLACEHOLDER, Composers, Envelope
from pipeline.mail.delivery import Delivery
from pipeline.mail.discretion import exposures
from pipeline.mail.sameness import differences
from pipeline.mail.senders import Sender
from pipeline.planning import History, Item, Plan, Verdict
from pipeline.posts import Post
from pipeline.providers import Finding, Progress, Receipt, Render, Report
from pipeline.providers.allotting import Allotter, Census
from pipeline.settings import LetterSettings, ListSettings, SenderSettings
from pipeline.subscribers.sealing import Sealer

__all__ = ["EmbeddedList", "envelope_of"]

_NEUTRAL = "nothing was sent; write neutral names in newsletter.toml, and see discreet.words there"


@dataclass(frozen=True, kw_only=True)
class EmbeddedList:
    """Send campaigns to our own list (a Provider)."""

    campaigns: CampaignLedger
    delivery: Delivery
    settings: ListSettings
    letter_settings: LetterSettings
    sender_settings: SenderSettings
    site_url: str
    neutral_name: str = ""  # of sender and list in discreet letters
    telling: Sequence[str] = ()  # words that may not stand on their outside
    senders: Path  # folder in which running senders hold their locks

    name = "embedded"

    @property
    def links(self) -> LetterLinks:
        """Answer links that end in the placeholder of a subscriber's token."""
        return LetterLinks(
            unsubscribe=f"{self.settings.service_url}/unsubscribe/{PLACEHOLDER}",
            # The same for everybody, so that whoever a letter is forwarded to can do no more than leave by it.
            preferences=f"{self.settings.service_url}/preferences",
            postal_address=self.letter_settings.postal_address,
        )

    def describe(self) -> str:
        """Name the way out."""
        return f"the embedded list, by {self.delivery.transport.describe()}"

    def audience_size(self) -> int:
        """Count everybody a campaign frozen now would be for."""
        return self.campaigns.audience_size(samples=self._samples)

    def history(self, posts: Sequence[Post]) -> History:  # noqa: ARG002 - the ledger knows without them
        """Answer what the ledger holds."""
        return self.campaigns.history()

    def accept(self, plan: Plan) -> None:
        """Make a plan's decisions durable."""
        self.campaigns.accept(plan, self.delivery.clock())

    def prepared(self, post: Post) -> Letter | None:
        """Answer the letter kept when the campaign was frozen, as it is for those who chose nothing."""
        return next((edition.letter for edition in self.kept(post)), None)

    def kept(self, post: Post) -> Sequence[Edition]:
        """Answer all editions kept when the campaign was frozen."""
        return self.campaigns.editions(campaign_id(EVERYBODY, post.id))

    def prepare(self, post: Post, letter: Letter) -> Campaign:
        """Freeze letter and audience, once."""

        def plainly(guise: Guise, _: Digest | None) -> Letter:
            if guise is not Guise.OPEN:
                raise CheckFailed(f"{post.source}: somebody chose it {guise}, and it was not rendered so")
            return letter

        self.allot(Item(post=post, verdict=Verdict.MAIL), letter, plainly)
        campaign = self.campaigns.campaign(campaign_id(EVERYBODY, post.id))
        assert campaign is not None  # noqa: S101 - it was frozen just now
        return campaign

    def allot(self, item: Item, letter: Letter, render: Render) -> None:
        """Freeze the audience and every edition of the letter that somebody of them chose, once."""

        def rendered(guise: Guise, digest: Digest | None) -> Letter:
            return letter if guise is Guise.OPEN and digest == item.digest else render(guise, digest)

        identity, now = campaign_id(EVERYBODY, item.post.id), self.delivery.clock()
        if self.campaigns.editions(identity):
            return
        sealer = Sealer(self.delivery.keyring)
        allotter = Allotter(sealer, item.post, item.digest, rendered)
        census = Census(sealer, [(item.post, item.digest)])
        self.campaigns.audience_size(now, samples=self._samples, allotment=census)
        allotter.need(census)
        self.campaigns.freeze(identity, letter, now, samples=self._samples, allotment=allotter)

    def readers(self, items: Sequence[Item]) -> list[int]:
        """Count whom each of some letters would reach, in one look at the choices."""
        census = Census(Sealer(self.delivery.keyring), [(item.post, item.digest) for item in items])
        plain = self.campaigns.audience_size(self.delivery.clock(), samples=self._samples, allotment=census)
        return [
            count + (0 if item.digest else plain) for item, count in zip(items, census.counts, strict=True)
        ]

    def exposures(self, edition: Edition) -> tuple[str, ...]:
        """Look at a letter as others see it in a mailbox."""
        composer = Composers([edition], self._envelope("0" * 16))(0)
        return exposures(composer, edition.letter.preheader, self.telling)

    def check(self, campaign: Campaign) -> tuple[Finding, ...]:
        """Prove that the copies differ in nothing that tells on a reader, and that what is discreet is."""
        editions = self.campaigns.editions(campaign.id)
        composers = self._composers(campaign, editions)
        found = dict.fromkeys(what for one in composers.variants for what in differences(composers(one)))
        findings = [Finding(what=what, advice="nothing was sent; please report this") for what in found]
        findings += [
            Finding(what=f"a discreet letter tells what it is about: {what}", advice=_NEUTRAL)
            for edition in editions
            if edition.guise is not Guise.OPEN
            for what in self.exposures(edition)
        ]
        return tuple(findings)

    def remaining(self, campaign: Campaign) -> int:
        """Count whom the loop has yet to try."""
        return self.delivery.ledger.tally(campaign.id).open

    def send(
        self,
        campaign: Campaign,
        *,
        progress: Progress = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Receipt:
        """Deliver what can be delivered now."""
        clock = self.delivery.clock
        now = self.campaigns.campaign(campaign.id)
        editions = self.campaigns.editions(campaign.id)
        ended = now is None or now.state in {CampaignState.SENT, CampaignState.CANCELLED}
        if editions and not ended and self.campaigns.move(campaign.id, CampaignState.SENDING, clock()):
            composers = self._composers(campaign, editions)
            try:
                with Sender(self.senders) as sender:
                    self.delivery.run(campaign.id, composers, sender, progress=progress, stop=stop)
            except PolicyBlock:
                self.campaigns.move(campaign.id, CampaignState.PAUSED, clock())
                raise
            self.delivery.ledger.finish(campaign.id, clock())
        return Receipt(
            campaign_id=campaign.id,
            tally=self.delivery.ledger.tally(campaign.id),
            next_try=self.delivery.ledger.next_due(campaign.id),
        )

    def reports(self) -> Sequence[Report]:
        """Report on every campaign from the ledger."""
        ledger = self.delivery.ledger
        return [
            Report(campaign=campaign, tally=ledger.tally(campaign.id), reasons=ledger.codes(campaign.id))
            for campaign in self.campaigns.campaigns()
        ]

    @property
    def _samples(self) -> bool:
        return not self.delivery.transport.leaves_machine

    def _composers(self, campaign: Campaign, editions: Sequence[Edition]) -> Composers:
        return Composers(editions, self._envelope(campaign.id))

    def _envelope(self, campaign_id: str) -> Envelope:
        around = envelope_of(
            self.sender_settings, self.settings, self.letter_settings, self.site_url, self.neutral_name
        )
        return replace(around, campaign_id=campaign_id)


def envelope_of(
    sender: SenderSettings, chosen: ListSettings, letter: LetterSettings, site_url: str, neutral_name: str
) -> Envelope:
    """Put together what all messages have in common, of no campaign yet."""
    return Envelope(
        campaign_id="0" * 16,
        sender_name=sender.name,
        sender_address=sender.address,
        reply_to=sender.reply_to or "",
        list_name=letter.name,
        site_url=site_url,
        unsubscribe_url=f"{chosen.service_url}/unsubscribe/{PLACEHOLDER}",
        unsubscribe_mailto=chosen.unsubscribe_mailto or "",
        neutral_name=neutral_name,
    )
