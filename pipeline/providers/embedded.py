"""The embedded list: our own subscribers, our own delivery loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.campaigns import EVERYBODY, Campaign, CampaignState, campaign_id
from pipeline.errors import PolicyBlock
from pipeline.ledger import CampaignLedger
from pipeline.letters import Letter, LetterLinks
from pipeline.mail.composing import PLACEHOLDER, Composer, Envelope
from pipeline.mail.delivery import Delivery
from pipeline.mail.sameness import differences
from pipeline.mail.senders import Sender
from pipeline.planning import History, Plan
from pipeline.posts import Post
from pipeline.providers import Finding, Progress, Receipt, Report
from pipeline.settings import LetterSettings, ListSettings, SenderSettings

__all__ = ["EmbeddedList"]


@dataclass(frozen=True, kw_only=True)
class EmbeddedList:
    """Send campaigns to our own list (a Provider)."""

    campaigns: CampaignLedger
    delivery: Delivery
    settings: ListSettings
    letter_settings: LetterSettings
    sender_settings: SenderSettings
    site_url: str
    senders: Path  # folder in which running senders hold their locks

    name = "embedded"

    @property
    def links(self) -> LetterLinks:
        """Answer links that end in the placeholder of a subscriber's token."""
        return LetterLinks(
            unsubscribe=f"{self.settings.service_url}/unsubscribe/{PLACEHOLDER}",
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
        """Answer the letter kept when the campaign was frozen."""
        campaign = self.campaigns.campaign(campaign_id(EVERYBODY, post.id))
        return None if campaign is None else self.campaigns.letter(campaign.id)

    def prepare(self, post: Post, letter: Letter) -> Campaign:
        """Freeze letter and audience, once."""
        identity = campaign_id(EVERYBODY, post.id)
        self.campaigns.freeze(identity, letter, self.delivery.clock(), samples=self._samples)
        campaign = self.campaigns.campaign(identity)
        assert campaign is not None  # noqa: S101 - it was frozen just now
        return campaign

    def check(self, campaign: Campaign) -> tuple[Finding, ...]:
        """Prove that the copies differ in nothing that tells on a reader."""
        letter = self.campaigns.letter(campaign.id)
        if letter is None:  # cancelled before anything was kept: nothing of it will be sent
            return ()
        found = differences(self._composer(campaign, letter))
        return tuple(Finding(what=what, advice="nothing was sent; please report this") for what in found)

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
        letter = self.campaigns.letter(campaign.id)
        ended = now is None or now.state in {CampaignState.SENT, CampaignState.CANCELLED}
        if letter and not ended and self.campaigns.move(campaign.id, CampaignState.SENDING, clock()):
            composer = self._composer(campaign, letter)
            try:
                with Sender(self.senders) as sender:
                    self.delivery.run(campaign.id, composer, sender, progress=progress, stop=stop)
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

    def _composer(self, campaign: Campaign, letter: Letter) -> Composer:
        return Composer(
            letter,
            Envelope(
                campaign_id=campaign.id,
                sender_name=self.sender_settings.name,
                sender_address=self.sender_settings.address,
                reply_to=self.sender_settings.reply_to or "",
                list_name=self.letter_settings.name,
                site_url=self.site_url,
                unsubscribe_url=self.links.unsubscribe,
                unsubscribe_mailto=self.settings.unsubscribe_mailto or "",
            ),
        )
