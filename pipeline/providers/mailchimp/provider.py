"""Mailchimp as a Provider: every new post becomes one campaign there, with nothing tracked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from pipeline.campaigns import Campaign, CampaignState, Tally
from pipeline.clock import Clock
from pipeline.errands import ErrandLedger, Step
from pipeline.errors import CheckFailed, DecisionNeeded, PlanChanged
from pipeline.letters import Letter, LetterLinks
from pipeline.planning import History, Plan, Verdict
from pipeline.posts import Post
from pipeline.providers import Finding, Progress, Receipt, Report
from pipeline.providers.mailchimp import readback
from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.campaigns import NoLedger, OneCampaign, marked
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.content import LINKS, content_of, neutralised
from pipeline.providers.mailchimp.drafts import Draft, mark_of, marker
from pipeline.providers.mailchimp.remote import Content, Remote, Segment, Status
from pipeline.providers.mailchimp.reports import report_of
from pipeline.providers.mailchimp.turns import Turns, beginning, moved, quarter, refuse_strangers
from pipeline.settings import MailchimpSettings, SenderSettings

__all__ = ["MailchimpList"]

_NOT_READY = (2.0, 5.0, 10.0, 20.0)  # seconds between looks at a checklist that is not ready yet
_REPORTED = 50  # campaigns that status asks about, the newest


@dataclass(frozen=True, kw_only=True, slots=True)
class _Prepared:
    """A campaign that was written and is to be sent."""

    remote_id: str
    post: Post
    draft: Draft
    content: Content
    recipients: int = 0


class MailchimpList:
    """Send campaigns to a Mailchimp audience (a Provider)."""

    name = "mailchimp"

    def __init__(
        self,
        *,
        client: Mailchimp,
        settings: MailchimpSettings,
        sender: SenderSettings,
        clock: Clock,
        sleep: Callable[[float], object],
        ledger: ErrandLedger | None = None,
        alone: Callable[[], object] = lambda: None,
    ) -> None:
        """Put it together; nothing is asked of Mailchimp yet.

        Args:
            client: The account.
            settings: Whom letters go to.
            sender: Whom they come from.
            clock: Tells the time.
            sleep: Waits, in seconds.
            ledger: Remembers errands, where there is a store.
            alone: Makes sure, until this process ends, that no other one here is sending; raises where one is.
        """
        self._client = client
        self._settings = settings
        self._sender = sender
        self._clock = clock
        self._sleep = sleep
        self._ledger = ledger or NoLedger()
        self._alone = alone
        self._audience = Audience(client, settings)
        self._campaigns: tuple[Remote, ...] = ()  # as last listed for the history
        self._found: dict[str, Remote | None] = {}
        self._prepared: dict[str, _Prepared] = {}

    def __repr__(self) -> str:
        return "MailchimpList()"

    @property
    def links(self) -> LetterLinks:
        """Answer Mailchimp's merge tags."""
        return LINKS

    @property
    def audience(self) -> Audience:
        """Answer who letters go to."""
        return self._audience

    def describe(self) -> str:
        """Name the audience."""
        return f"Mailchimp, {self._audience.describe()}"

    def audience_size(self) -> int:
        """Count the people a campaign would reach at most; Mailchimp's number may be some minutes old."""
        return self._audience.size(lambda: self._client.mailing_list(self._audience.list.id).members)

    # --- what had its turn ------------------------------------------------------------------------------------

    def history(self, posts: Sequence[Post]) -> History:
        """Answer what Mailchimp, and the ledger where there is one, know of the posts."""
        self._campaigns = self._client.campaigns(self._audience.list.id)
        turns = Turns(client=self._client, list_id=self._audience.list.id, ledger=self._ledger)
        return turns.history(posts, self._campaigns)

    # --- deciding ---------------------------------------------------------------------------------------------

    def accept(self, plan: Plan) -> None:
        """Make a plan's decisions durable: a draft for each post that is to be mailed, and when the list began."""
        self._alone()
        posts = [item.post for item in plan.items]
        history = self.history(posts)
        if history.version != plan.history_version:
            raise PlanChanged(
                "something was planned, mailed or changed in Mailchimp since this plan was made",
                advice="run belonging plan again",
            )
        earlier = {past.post_id for past in history.past if past.state is None}
        skipped = [item.post for item in plan.of(Verdict.EARLIER) if item.post.id not in earlier]
        if skipped and not plan.first_run:
            raise DecisionNeeded(
                f"{skipped[0].source}: Mailchimp cannot remember that a post is never to be mailed",
                advice="write mail: false into the post",
            )
        stopped = plan.of(Verdict.STOPPED)
        if stopped and plan.to_send:
            raise DecisionNeeded(
                f"{stopped[0].post.source}: Mailchimp cannot remember which of too many new posts wait for your word",
                advice="release all of them, or write mail: false into those that are not to be mailed",
            )
        campaigns = self._campaigns
        self._take_back(posts, campaigns)
        self._take_up_again(plan, campaigns)
        drafts = [self._draft(item.post) for item in plan.to_send]
        for item, draft in zip(plan.to_send, drafts, strict=True):
            refuse_strangers(item.post, draft.subject, campaigns)
        for draft in drafts:
            self._found[draft.marker] = self._one.find_or_create(draft)
        if plan.first_run:
            self._client.add_folder(beginning(self._audience.list.id, self._clock()))

    def _take_back(self, posts: Sequence[Post], campaigns: Sequence[Remote]) -> None:
        """Unschedule what is scheduled for a post that is not to be mailed any more, or at another time."""
        wanted = {marker(self._audience.list.id, post.id): post for post in posts if post.mail}
        for remote in campaigns:
            mark = mark_of(remote.title)
            if mark and remote.status is Status.SCHEDULE:
                post = wanted.get(mark.marker)
                if post is None or moved(post, remote):
                    self._one.take_back(remote.id, mark.marker)

    def _take_up_again(self, plan: Plan, campaigns: Sequence[Remote]) -> None:
        """Give what somebody took back in Mailchimp, and a person has released here, its turn once more."""
        for item in plan.of(Verdict.RESUME):
            mark = marker(self._audience.list.id, item.post.id)
            errand = self._ledger.errand(mark)
            for remote in marked(campaigns, mark):
                known = mark_of(remote.title)
                scheduled = known is not None and known.due is not None
                if remote.status is Status.SAVE and (scheduled or (errand and errand.step is Step.SENT)):
                    self._one.reopen(remote.id, mark)

    def prepared(self, post: Post) -> Letter | None:  # noqa: ARG002
        """Answer that no letter is kept: a draft is written anew from the post until it is sent."""
        return None

    # --- one campaign -----------------------------------------------------------------------------------------

    def prepare(self, post: Post, letter: Letter) -> Campaign:
        """Write the letter over the post's draft, creating it where ``accept`` did not."""
        content = content_of(letter)
        draft = self._draft(post).saying(letter.subject, letter.preheader)
        mark = draft.marker
        remote = self._found[mark] if mark in self._found else self._one.find_or_create(draft)
        if remote is None:
            self._prepared.pop(mark, None)
        else:
            self._one.write(remote, draft, content)
            self._prepared[mark] = _Prepared(remote_id=remote.id, post=post, draft=draft, content=content)
        return Campaign(
            id=mark,
            post_id=post.id,
            state=CampaignState.SENT if remote is None else CampaignState.READY,
            subject=letter.subject,
            url=post.url,
            created_at=self._clock() if remote is None else remote.created_at,
        )

    def check(self, campaign: Campaign) -> tuple[Finding, ...]:
        """Read back what Mailchimp would send, and compare everything."""
        prepared = self._prepared.get(campaign.id)
        if prepared is None:
            return ()
        remote = self._client.campaign(prepared.remote_id)
        if remote is None or remote.status.past_draft:
            return ()  # what is left to say, ``send`` finds out
        checklist = self._client.checklist(remote.id)
        for pause in _NOT_READY:
            if checklist.ready:
                break
            self._sleep(pause)
            checklist = self._client.checklist(remote.id)
        standing = self._client.content(remote.id)
        chosen = self._settings
        self._prepared[campaign.id] = _Prepared(
            remote_id=remote.id,
            post=prepared.post,
            draft=prepared.draft,
            content=prepared.content,
            recipients=remote.recipients or 0,
        )
        return (
            *readback.campaign_findings(prepared.draft, prepared.content, remote, standing, checklist),
            *readback.recipient_findings(
                remote.recipients,
                self._last_reached(prepared.draft.segment),
                least=chosen.least,
                most=chosen.most,
            ),
            *readback.list_findings(self._client.mailing_list(self._audience.list.id)),
            *readback.sender_findings(self._sender.address, self._client.domains()),
        )

    def remaining(self, campaign: Campaign) -> int:
        """Count the people that Mailchimp would mail."""
        prepared = self._prepared.get(campaign.id)
        return prepared.recipients if prepared else 0

    def send(
        self,
        campaign: Campaign,
        *,
        progress: Progress = lambda _: None,
        stop: Callable[[], bool] = lambda: False,  # noqa: ARG002 - one request, which cannot be stopped half-way
    ) -> Receipt:
        """Ask Mailchimp to send, once."""
        prepared = self._prepared.get(campaign.id)
        if prepared is None:
            return Receipt(campaign_id=campaign.id, tally=Tally(audience=0))

        def fit(remote: Remote) -> None:
            found = readback.standing_findings(prepared.draft, remote)
            if found:
                raise CheckFailed("; ".join(each.what for each in found), advice=found[0].advice)

        self._one.send(prepared.remote_id, campaign.id, fit=fit, when=self._when(prepared.post))
        progress(prepared.recipients)
        return Receipt(
            campaign_id=campaign.id,
            tally=Tally(audience=prepared.recipients, accepted=prepared.recipients),
        )

    def test(self, post: Post, letter: Letter, address: SecretStr) -> None:
        """Send a letter to one address, as a test; the post's campaign stays a draft.

        Raises:
            DecisionNeeded: The post's turn is over.
            DeliveryError: It could not be sent.
        """
        campaign = self.prepare(post, letter)
        prepared = self._prepared.get(campaign.id)
        if prepared is None:
            raise DecisionNeeded(
                f"{post.source}: its campaign has left already", advice="look at it in Mailchimp"
            )
        self._client.test(prepared.remote_id, address)

    def reports(self) -> Sequence[Report]:
        """Report on every campaign of ours, the newest first, from Mailchimp's sums."""
        return list(self._reports())

    def _reports(self) -> Iterator[Report]:
        campaigns = [each for each in self._client.campaigns(self._audience.list.id) if mark_of(each.title)]
        for number, remote in enumerate(sorted(campaigns, key=lambda each: each.order, reverse=True)):
            sums = None
            if number < _REPORTED and remote.status in {Status.SENT, Status.SENDING}:
                sums = self._client.report(remote.id)
            yield report_of(remote, sums)

    # --- parts ------------------------------------------------------------------------------------------------

    @property
    def _one(self) -> OneCampaign:
        return OneCampaign(
            client=self._client,
            list_id=self._audience.list.id,
            ledger=self._ledger,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _draft(self, post: Post) -> Draft:
        safe = neutralised(post)
        return Draft(
            marker=marker(self._audience.list.id, post.id),
            name=safe.title,
            subject=safe.subject or safe.title,
            preview=safe.preheader,
            from_name=self._sender.name,
            from_address=self._sender.address,
            list_id=self._audience.list.id,
            segment=self._audience.segment(post),
        )

    def _last_reached(self, segment: Segment) -> int | None:
        """Count whom the last campaign of ours to the same people reached."""
        sent = [
            each
            for each in self._campaigns or self._client.campaigns(self._audience.list.id)
            if mark_of(each.title)
            and each.status is Status.SENT
            and each.emails_sent
            and segment.matches(each.segment_options)
        ]
        last = max(sent, key=lambda each: each.sent_at or each.created_at, default=None)
        return last.emails_sent if last else None

    def _when(self, post: Post) -> datetime | None:
        """Tell when a post's campaign is to leave: a quarter of an hour in the future, or None for now."""
        now = self._clock()
        due = post.mail_at
        if due is not None and due > now:
            return quarter(due)
        return quarter(now + timedelta(minutes=1)) if self._settings.quarter else None
