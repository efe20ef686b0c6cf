"""One post, one campaign: the algorithm that needs no state of ours, and the ledger on top of it.

Mailchimp has no idempotency key, and a request whose answer was lost may still be running there. So:

1. A campaign carries the mark of its post in its name. All campaigns of the list are looked through, in any state.
2. One that is past being a draft is the end of it, also where a person cancelled it.
3. Else the oldest draft is taken over; only where there is none is one created, once. If that answer is lost, the
   list is looked through again after Mailchimp's own time limit, and nothing is created then.
4. What the draft says is written over it, read back and compared (readback.py).
5. After a pause the list is looked through again: ours must be there, must be the oldest, and none may be past being
   a draft. Asked by its id, it must still be a draft.
6. It is sent, once. If that answer is lost, it is asked for by its id until it is past being a draft.

Two runners that do this at once take over the same oldest draft, and Mailchimp sends a campaign once only. The ledger
notes each intent before it is carried out and each outcome after it; it can forbid a sending and never causes one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.clock import Clock
from pipeline.errands import Errand, ErrandLedger, Step
from pipeline.errors import AnswerLost, DecisionNeeded, DeliveryError, RequestRefused, SettingsError
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.drafts import Draft, fingerprint_of, mark_of, renamed
from pipeline.providers.mailchimp.remote import Content, Remote, Status

__all__ = ["NoLedger", "OneCampaign", "marked"]

_SERVER_LIMIT = 130.0  # seconds; a request that was not answered is not running any more after this
_SETTLE = (
    5.0  # seconds between the last writing and the last look; longer than clocks of one second are coarse
)
_VISIBLE = (5.0, 10.0, 20.0, 40.0, 60.0)  # seconds between looks for a campaign that lists do not show yet
_POLL = (1.0, 4.0, 10.0, 25.0, 45.0, 45.0)  # seconds between questions what became of a sending: 130 together


class NoLedger:
    """Remember nothing (an ErrandLedger), as a runner with an empty disk does."""

    def errand(self, campaign_id: str) -> Errand | None:  # noqa: ARG002
        """Answer that nothing is known."""
        return None

    def errands(self) -> Mapping[str, Errand]:
        """Answer nothing."""
        return {}

    def note(self, campaign_id: str, before: Errand | None, after: Errand | None) -> bool:  # noqa: ARG002
        """Agree."""
        return True


def marked(campaigns: Sequence[Remote], marker: str) -> list[Remote]:
    """Pick the campaigns that carry a mark, the oldest first."""
    found = [each for each in campaigns if (mark := mark_of(each.title)) and mark.marker == marker]
    return sorted(found, key=lambda each: each.order)


@dataclass(frozen=True, kw_only=True)
class OneCampaign:
    """Bring one campaign from nothing to sent. Every method may be called again after it failed."""

    client: Mailchimp
    list_id: str
    ledger: ErrandLedger
    clock: Clock
    sleep: Callable[[float], object]

    def find_or_create(self, draft: Draft) -> Remote | None:
        """Find the draft of a post, or create it; None: its turn is over.

        Raises:
            AnswerLost: It may or may not have been created; the next run will see.
            DecisionNeeded: It was being sent and is gone.
            DeliveryError: It cannot go on now.
        """
        errand = self.ledger.errand(draft.marker)
        if errand is not None and errand.step is Step.SENT:
            return None
        if errand is not None and errand.step is Step.SENDING:
            return self._reconciled(draft.marker, errand)
        if errand is not None and errand.step is Step.CREATING:
            self._wait(errand.at)
        over, found = self._look(draft.marker)
        if found is None and not over and errand is not None and errand.step is Step.DRAFTED:
            found = self.client.campaign(errand.remote_id)  # lists may not show it yet
            over = found is not None and found.status.past_draft
        if over:
            self._note(draft.marker, errand, Step.SENT, "" if found is None else found.id)
            return None
        if found is None:
            return self._create(draft, errand)
        self._note(draft.marker, errand, Step.DRAFTED, found.id)
        return found

    def write(self, remote: Remote, draft: Draft, content: Content) -> None:
        """Write a draft anew, unless it says all that already.

        While it is written its name has no seal, and the seal is written last. A seal that does not fit what stands
        there was therefore broken by a person.
        """
        seal = draft.fingerprint(content)
        mark = mark_of(remote.title)
        if mark is not None and mark.fingerprint:
            now, standing = self.client.campaign(remote.id), self.client.content(remote.id)
            if now is not None and mark.fingerprint == seal == fingerprint_of(now, standing):
                return
            self.client.update(remote.id, draft.body())
        try:
            self.client.set_content(remote.id, content)
            self.client.update(remote.id, draft.body(seal))
        except RequestRefused:
            if not self._is_past(remote.id):  # else a list did not know yet that it has left
                raise

    def send(
        self,
        remote_id: str,
        marker: str,
        *,
        fit: Callable[[Remote], object],
        when: datetime | None = None,
    ) -> None:
        """Send a draft that was written and checked, now or at a moment, unless its turn is over.

        Args:
            remote_id: What Mailchimp calls it.
            marker: The mark of its post.
            fit: Looks at it a last time, and raises where it must not be sent.
            when: A quarter of an hour in the future; None: now.

        Raises:
            AnswerLost: It may or may not have been sent; the next run will see.
            DeliveryError: It cannot go on now; nothing was sent.
        """
        if not self._may_send(remote_id, marker, fit):
            return
        before = self.ledger.errand(marker)
        if before is not None and before.step is Step.SENT:
            return
        if before is not None and before.step is Step.SENDING and before.remote_id != remote_id:
            raise DeliveryError(
                "another campaign of this post was being sent",
                advice="run belonging send again; it will look first",
            )
        intent = self._note(marker, before, Step.SENDING, remote_id)
        if when is not None:
            self._rename(remote_id, sealed=True, due=when)
        try:
            self._act(remote_id, when)
        except AnswerLost:
            self._poll(remote_id)
        except (RequestRefused, SettingsError):
            if not self._is_past(remote_id):
                self._note(marker, intent, Step.DRAFTED, remote_id)
                if when is not None:
                    self._rename(remote_id, sealed=True)
                raise
        self._note(marker, intent, Step.SENT, remote_id)

    def take_back(self, remote_id: str, marker: str) -> None:
        """Unschedule a campaign, unless it has left meanwhile.

        Raises:
            AnswerLost: It may or may not have been taken back; the next run will see.
            DeliveryError: It could not be taken back now.
        """
        try:
            self.client.unschedule(remote_id)
        except AnswerLost:
            self._poll(remote_id, scheduled=True)
        except RequestRefused:
            remote = self.client.campaign(remote_id)
            if remote is not None and remote.status is Status.SCHEDULE:
                raise
        self.reopen(remote_id, marker)

    def reopen(self, remote_id: str, marker: str) -> None:
        """Note that a draft has its turn once more, here and in its name; nothing where it is no draft any more."""
        remote = self.client.campaign(remote_id)
        if remote is None or remote.status.past_draft:
            return
        self._rename(remote_id, sealed=False)
        errand = self.ledger.errand(marker)
        if errand is not None:
            self._note(marker, errand, Step.DRAFTED, remote_id)

    # --- looking ----------------------------------------------------------------------------------------------

    def _look(self, marker: str) -> tuple[bool, Remote | None]:
        """Look through the list: whether the post's turn is over, and its oldest campaign."""
        found = marked(self.client.campaigns(self.list_id), marker)
        past = next((each for each in found if self._has_left(each)), None)
        return past is not None, past or next(iter(found), None)

    def _may_send(self, remote_id: str, marker: str, fit: Callable[[Remote], object]) -> bool:
        """Look a last time before sending; False: its turn is over."""
        self.sleep(_SETTLE)
        for pause in (*_VISIBLE, None):
            found = marked(self.client.campaigns(self.list_id), marker)
            if any(self._has_left(each) for each in found):
                return False
            if any(each.id == remote_id for each in found):
                break
            if pause is None:
                raise DeliveryError(
                    "Mailchimp does not list the new campaign yet", advice="run belonging send again"
                )
            self.sleep(pause)
        else:
            return False
        if found[0].id != remote_id:
            raise DeliveryError(
                "another run has made a campaign for this post",
                advice="run belonging send again when it has ended",
            )
        if any(self._is_past(rival.id) for rival in found[1:]):
            return False
        mine = self.client.campaign(remote_id)
        if mine is None:
            raise DeliveryError(
                "the campaign was deleted in Mailchimp", advice="look there, then run it again"
            )
        if mine.status.past_draft:
            return False
        fit(mine)
        return True

    def _has_left(self, listed: Remote) -> bool:
        """Tell whether a campaign is past being a draft; lists may not know yet that it was taken back."""
        if listed.status is Status.SCHEDULE:
            return self._is_past(listed.id)
        return listed.status.past_draft

    def _is_past(self, remote_id: str) -> bool:
        remote = self.client.campaign(remote_id)
        return remote is not None and remote.status.past_draft

    # --- asking for what must not be asked twice --------------------------------------------------------------

    def _create(self, draft: Draft, errand: Errand | None) -> Remote | None:
        intent = self._note(draft.marker, errand, Step.CREATING, "")
        made: Remote | None = None
        over = False
        try:
            made = self.client.create(draft.creation())
        except AnswerLost:
            self.sleep(_SERVER_LIMIT)
            over, made = self._look(draft.marker)
        except (DeliveryError, SettingsError):
            self.ledger.note(draft.marker, intent, errand)  # nothing was created
            raise
        if made is None:
            raise AnswerLost(
                "Mailchimp did not say whether it created the campaign, and does not list it",
                advice="nothing was sent; run belonging send again in a few minutes",
            )
        self._note(draft.marker, intent, Step.SENT if over else Step.DRAFTED, made.id)
        return None if over else made

    def _act(self, remote_id: str, when: datetime | None) -> None:
        if when is None:
            self.client.send(remote_id)
        else:
            self.client.schedule(remote_id, when)

    def _rename(self, remote_id: str, *, sealed: bool, due: datetime | None = None) -> None:
        """Write another mark into a draft's name, by which later runs, without a memory, tell who did what."""
        remote = self.client.campaign(remote_id)
        if remote is not None and not remote.status.past_draft:
            self.client.update(remote_id, renamed(remote, sealed=sealed, due=due))

    def _poll(self, remote_id: str, *, scheduled: bool = False) -> None:
        """Ask what became of a sending whose answer was lost, or of taking back what is scheduled."""
        for pause in _POLL:
            self.sleep(pause)
            remote = self.client.campaign(remote_id)
            if remote is not None and (
                remote.status is not Status.SCHEDULE if scheduled else remote.status.past_draft
            ):
                return
        if scheduled:
            raise AnswerLost(
                "Mailchimp did not say whether it has taken the campaign back, and still calls it scheduled",
                advice="look there, or run belonging send again before its time",
            )
        self._rename(remote_id, sealed=True)  # it was not scheduled
        raise AnswerLost(
            "Mailchimp did not say whether it sent the campaign, and still calls it a draft",
            advice="run belonging send again; it will look first",
        )

    def _reconciled(self, marker: str, errand: Errand) -> Remote | None:
        """Find out, by its id, what became of a sending that nobody saw the end of."""
        remote = self.client.campaign(errand.remote_id)
        if remote is not None and not remote.status.past_draft:
            self._wait(errand.at)
            remote = self.client.campaign(errand.remote_id)
        if remote is None:
            raise DecisionNeeded(
                "a campaign was deleted in Mailchimp while it was being sent; nobody knows whether it went out",
                advice="if it did, write mail: false into the post; if not, give the post a new id:",
            )
        if remote.status.past_draft:
            self._note(marker, errand, Step.SENT, remote.id)
            return None
        return remote

    def _wait(self, since: datetime) -> None:
        """Wait until a request that was made at a moment cannot be running any more."""
        left = (since + timedelta(seconds=_SERVER_LIMIT) - self.clock()).total_seconds()
        if left > 0:
            self.sleep(left)

    def _note(self, marker: str, before: Errand | None, step: Step, remote_id: str) -> Errand:
        after = Errand(step=step, remote_id=remote_id, at=self.clock())
        if not self.ledger.note(marker, before, after):
            raise DeliveryError(
                "another run is at this post", advice="run belonging send again when it has ended"
            )
        return after
