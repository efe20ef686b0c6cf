"""What had its turn, without a memory of ours: the campaigns that carry a mark, and when the list began."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.campaigns import CampaignState
from pipeline.errands import Errand, ErrandLedger, Step
from pipeline.errors import DecisionNeeded
from pipeline.planning import History, Past
from pipeline.posts import Post
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.drafts import fingerprint_of, mark_of, marker
from pipeline.providers.mailchimp.remote import Remote, Status

__all__ = ["Turns", "beginning", "quarter", "refuse_strangers"]

_BEGINNING = re.compile(r"Belonging ([0-9a-f]+) since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\Z")
_ENDED = {
    Status.CANCELED,
    Status.CANCELING,
    Status.PAUSED,
}  # past being a draft, and not on the way to readers
_STRANGERS = timedelta(
    hours=48
)  # a campaign without a mark that is this much older than a post is not the post's


def beginning(list_id: str, now: datetime) -> str:
    """Name the folder at Mailchimp that says when a list began; what was published until then has had its turn."""
    second = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    return f"Belonging {list_id} since {second:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    """Tell of each post how far it has come."""

    client: Mailchimp
    list_id: str
    ledger: ErrandLedger

    def history(self, posts: Sequence[Post], campaigns: Sequence[Remote]) -> History:
        """Answer what is known of the posts.

        Args:
            posts: Those on the site now.
            campaigns: Every campaign of the list.
        """
        since = self._begun(campaigns)
        by_mark: Mapping[str, list[Remote]] = _by_mark(campaigns)
        errands = self.ledger.errands()
        past = []
        for post in posts:
            mark = marker(self.list_id, post.id)
            state = self._state(by_mark.get(mark, ()), errands.get(mark))
            if state is not None or (since is not None and post.date <= since):
                past.append(_past(post, state))
        known = [f"{since}", *sorted(f"{each.post_id} {each.state}" for each in past)]
        version = hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
        return History(past=tuple(past), begun=since is not None, version=version)

    def _state(self, campaigns: Sequence[Remote], errand: Errand | None) -> CampaignState | None:
        """Tell how far a post has come; None: it had no turn."""
        if errand is not None and errand.step is Step.SENT:
            return CampaignState.SENT
        over = {each.status for each in campaigns if each.status.past_draft}
        if over:
            return CampaignState.CANCELLED if over <= _ENDED else CampaignState.SENT
        if campaigns:
            return CampaignState.PAUSED if self._edited(campaigns[0]) else CampaignState.PLANNED
        if errand is None:
            return None
        if errand.step is Step.DRAFTED:
            remote = self.client.campaign(errand.remote_id)
            if remote is None:
                return CampaignState.PAUSED  # a person deleted it
            return CampaignState.SENT if remote.status.past_draft else CampaignState.PLANNED
        return CampaignState.PLANNED

    def _edited(self, remote: Remote) -> bool:
        """Tell whether a person has changed a draft since we finished writing it."""
        mark = mark_of(remote.title)
        if mark is None or not mark.fingerprint:
            return False
        standing = self.client.campaign(remote.id)
        return standing is not None and mark.fingerprint != fingerprint_of(
            standing, self.client.content(remote.id)
        )

    def _begun(self, campaigns: Sequence[Remote]) -> datetime | None:
        """Tell when the list began: as the folder says that was made then, else with the first campaign that left."""
        dates = [
            datetime.strptime(found[2], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            for folder in self.client.folders()
            if (found := _BEGINNING.match(folder.name)) and found[1] == self.list_id
        ]
        left = [each.created_at for each in campaigns if each.status.past_draft and mark_of(each.title)]
        return min(dates or left, default=None)


def refuse_strangers(post: Post, subject: str, campaigns: Sequence[Remote]) -> None:
    """Stop where somebody may have made the post's campaign by hand, or renamed ours.

    Raises:
        DecisionNeeded: There is a campaign without a mark, as new as the post, of the same subject.
    """
    folded = _folded(subject)
    for remote in campaigns:
        young = remote.created_at >= post.date - _STRANGERS
        if young and _folded(remote.subject) == folded and mark_of(remote.title) is None:
            raise DecisionNeeded(
                f"{post.source}: Mailchimp has a campaign of the same subject without our mark"
                f" ({remote.status.value})",
                advice="if it is this post's, write mail: false into the post; else give it another subject:",
            )


def quarter(moment: datetime) -> datetime:
    """Round up to a quarter of an hour, the only minutes that Mailchimp takes."""
    whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
    if whole < moment:
        whole += timedelta(minutes=1)
    return whole + timedelta(minutes=-whole.minute % 15)


def _by_mark(campaigns: Sequence[Remote]) -> Mapping[str, list[Remote]]:
    found = defaultdict(list)
    for each in sorted(campaigns, key=lambda campaign: campaign.order):
        if mark := mark_of(each.title):
            found[mark.marker].append(each)
    return found


def _past(post: Post, state: CampaignState | None) -> Past:
    return Past(
        post_id=post.id,
        url=post.url,
        title=post.title,
        fingerprint=post.fingerprint,
        source=post.source,
        state=state,
    )


def _folded(subject: str) -> str:
    return " ".join(subject.casefold().split())
