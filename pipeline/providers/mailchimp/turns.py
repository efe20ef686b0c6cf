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

__all__ = ["Turns", "beginning", "moved", "quarter", "refuse_strangers"]

_BEGINNING = re.compile(r"Belonging ([0-9a-f]+) since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\Z")
_ENDED = {
    Status.CANCELED,
    Status.CANCELING,
    Status.PAUSED,
}  # past being a draft, and not on the way to readers
_LEFT = {Status.SENT, Status.SENDING, Status.ARCHIVED, Status.CANCELED, Status.CANCELING, Status.OTHER}
_SAME = timedelta(minutes=15)  # what a list and its campaigns say about when one was sent may differ so
_STRANGERS = timedelta(
    hours=48
)  # a campaign without a mark that is this much older than a post is not the post's


_Turn = tuple[CampaignState, str]


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
        past: list[Past] = []
        new: list[Post] = []
        for post in posts:
            mark = marker(self.list_id, post.id)
            found = self._turn(post, by_mark.get(mark, ()), errands.get(mark))
            if found is not None:
                state, note = found
                # What a person did about a post that is not to be mailed needs nobody's word.
                if state is CampaignState.PAUSED and not post.mail:
                    state = CampaignState.PLANNED
                past.append(_past(post, state, note))
            elif since is not None and post.date <= since:
                past.append(_past(post, None))
            else:
                new.append(post)
        if since is not None and not any(errand.step is Step.SENT for errand in errands.values()):
            past += self._maybe_deleted(new, campaigns)
        known = [f"{since}", *sorted(f"{each.post_id} {each.state} {each.note}" for each in past)]
        version = hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]
        return History(past=tuple(past), begun=since is not None, version=version)

    def _turn(self, post: Post, campaigns: Sequence[Remote], errand: Errand | None) -> _Turn | None:
        """Tell how far a post has come; None: it had no turn."""
        sent = errand is not None and errand.step is Step.SENT
        over = [each for each in campaigns if each.status.past_draft]
        if over:
            if {each.status for each in over} <= _ENDED and not sent:
                return CampaignState.CANCELLED, ""
            scheduled = over[0].status is Status.SCHEDULE and len(over) == 1
            return _scheduled(post, over[0]) if scheduled else (CampaignState.SENT, "")
        if campaigns:
            return self._draft(post, campaigns[0], sent=sent)
        if errand is None:
            return None
        if errand.step is Step.DRAFTED:
            remote = self.client.campaign(errand.remote_id)
            if remote is None:
                return CampaignState.PAUSED, ""  # a person deleted it
            return (CampaignState.SENT if remote.status.past_draft else CampaignState.PLANNED), ""
        return (CampaignState.SENT if sent else CampaignState.PLANNED), ""

    def _draft(self, post: Post, listed: Remote, *, sent: bool) -> _Turn:
        """Tell how far a post has come whose campaign is listed as a draft."""
        mark = mark_of(listed.title)
        if sent or (mark is not None and mark.due is not None):
            standing = self.client.campaign(listed.id)  # lists may lag behind
            if standing is None or standing.status.past_draft:
                return CampaignState.SENT, ""
            return CampaignState.PAUSED, (
                "its campaign was scheduled and is a draft again, as if somebody took it back in Mailchimp;"
                f" to go on: belonging send --release {post.id}, to leave it: write mail: false into the post"
            )
        return (CampaignState.PAUSED if self._edited(listed) else CampaignState.PLANNED), ""

    def _maybe_deleted(self, posts: Sequence[Post], campaigns: Sequence[Remote]) -> list[Past]:
        """Find posts that may have been mailed by a campaign that a person deleted since.

        The list remembers when anything was last sent to it. Where no campaign that is there was sent then, one is
        gone, and it may have been that of any post that is older.
        """
        mailable = [post for post in posts if post.mail]
        last = self.client.mailing_list(self.list_id).last_sent if mailable else None
        if last is None:
            return []
        left = [each.sent_at for each in campaigns if each.status in _LEFT and each.sent_at is not None]
        if left and last - max(left) <= _SAME:
            return []
        note = (
            f"something was sent to this list at {last:%Y-%m-%d %H:%M} UTC that Mailchimp does not show any more;"
            " if it was this post write mail: false into it, if not: belonging send --release "
        )
        return [
            _past(post, CampaignState.PAUSED, f"{note}{post.id}") for post in mailable if post.date <= last
        ]

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


def moved(post: Post, remote: Remote) -> bool:
    """Tell whether a campaign is scheduled as we did it, and its post names another time now."""
    mark = mark_of(remote.title)
    due = mark.due if mark else None
    ours = remote.status is Status.SCHEDULE and due is not None and remote.sent_at == due
    return ours and due != (quarter(post.mail_at) if post.mail_at else None)


def _scheduled(post: Post, remote: Remote) -> _Turn:
    """Tell how far a post has come whose campaign is scheduled."""
    if not post.mail:
        return CampaignState.PLANNED, ""  # it will be taken back
    mark = mark_of(remote.title)
    then = f"{remote.sent_at:%Y-%m-%d %H:%M} UTC" if remote.sent_at else "a time of its own"
    if moved(post, remote):
        now = f"{quarter(post.mail_at):%Y-%m-%d %H:%M} UTC" if post.mail_at else "now"
        return CampaignState.PLANNED, f"scheduled for {then}, to be moved to {now}"
    if mark is not None and mark.due is not None and remote.sent_at != mark.due:
        return CampaignState.SENT, f"moved in Mailchimp to {then}, and left so"
    return CampaignState.SENT, f"scheduled for {then}"


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


def _past(post: Post, state: CampaignState | None, note: str = "") -> Past:
    return Past(
        post_id=post.id,
        url=post.url,
        title=post.title,
        fingerprint=post.fingerprint,
        source=post.source,
        state=state,
        note=note,
    )


def _folded(subject: str) -> str:
    return " ".join(subject.casefold().split())
