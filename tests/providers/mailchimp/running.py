"""Runs of the pipeline against the fake: a wire without a network, faults on it, and what a run does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum

from pipeline.clock import Clock
from pipeline.errands import Errand, ErrandLedger
from pipeline.errors import CheckFailed
from pipeline.letters import Letter
from pipeline.planning import Decisions, Plan, Policy, plan
from pipeline.posts import Post
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.content import LINKS
from pipeline.providers.mailchimp.wire import Fate, Reply
from pipeline.settings import MailchimpSettings, SenderSettings
from tests.builders import NOW, letter
from tests.providers.mailchimp.fake import LIST, SENDER, FakeMailchimp

__all__ = ["POLICY", "DictLedger", "Died", "FakeWire", "Fault", "begin", "letter_of", "provider", "run"]

POLICY = Policy(newest_on_first_run=False, max_new=5, max_age=timedelta(days=14))


class Died(BaseException):
    """The process was killed."""


class Fault(Enum):
    DIE_BEFORE = "killed before the request left"
    DIE_AFTER = "killed before the answer came"
    LOST = "not carried out, no answer"
    LOST_AFTER = "carried out, no answer"
    LATE = "carried out later, no answer"
    UNOPENED = "no connection"
    BUSY = "429 with nothing"
    BROKEN = "500 with HTML, not carried out"
    BROKEN_AFTER = "502 with nothing, carried out"
    ELSEWHERE = "302"
    PORTAL = "200 with HTML"
    HOLLOW = "200 with nothing"
    LAG = "lists are a minute behind from now on"


@dataclass
class FakeWire:
    """Carry requests to the fake (a Wire), with faults at some of them."""

    fake: FakeMailchimp
    faults: Mapping[int, Fault] = field(default_factory=dict)  # by number of the request, the first is 0
    before: Callable[[], object] = lambda: None  # lets somebody else go first
    calls: int = 0
    base: str = "https://us7.api.mailchimp.com/3.0"

    def __call__(
        self, method: str, url: str, *, query: Mapping[str, str], body: bytes | None, once: bool
    ) -> Reply:
        self.before()
        fault = self.faults.get(self.calls)
        self.calls += 1

        def act() -> Reply:
            answer = self.fake.handle(method, url.removeprefix(self.base), query, body)
            return Reply(
                fate=Fate.ANSWERED, status=answer.status, headers=answer.headers, content=answer.content
            )

        match fault:
            case None:
                return act()
            case Fault.LAG:
                self.fake.lag = timedelta(seconds=60)
                return act()
            case Fault.DIE_BEFORE:
                raise Died
            case Fault.DIE_AFTER:
                act()
                raise Died
            case Fault.LOST:
                return Reply(fate=Fate.LOST)
            case Fault.LOST_AFTER:
                act()
                return Reply(fate=Fate.LOST)
            case Fault.LATE:
                self.fake.later(timedelta(seconds=100), act)
                return Reply(fate=Fate.LOST)
            case Fault.UNOPENED:
                return Reply(fate=Fate.UNOPENED)
            case Fault.BUSY:
                return Reply(fate=Fate.ANSWERED, status=429)
            case Fault.BROKEN:
                return Reply(fate=Fate.ANSWERED, status=500, content=b"<html>Sorry</html>")
            case Fault.BROKEN_AFTER:
                act()
                return Reply(fate=Fate.ANSWERED, status=502)
            case Fault.ELSEWHERE:
                return Reply(fate=Fate.ANSWERED, status=302, headers={"location": "https://example.org/"})
            case Fault.HOLLOW:
                return Reply(fate=Fate.ANSWERED, status=200)
            case Fault.PORTAL:
                html = {"content-type": "text/html"}
                return Reply(fate=Fate.ANSWERED, status=200, headers=html, content=b"<html>Log in</html>")


class DictLedger:
    """An ErrandLedger that lives as long as the test."""

    def __init__(self) -> None:
        self.rows: dict[str, Errand] = {}

    def errand(self, campaign_id: str) -> Errand | None:
        return self.rows.get(campaign_id)

    def errands(self) -> Mapping[str, Errand]:
        return self.rows

    def note(self, campaign_id: str, before: Errand | None, after: Errand | None) -> bool:
        if self.rows.get(campaign_id) != before:
            return False
        if after is None:
            self.rows.pop(campaign_id, None)
        else:
            self.rows[campaign_id] = after
        return True


def provider(
    wire: Callable[..., Reply],
    clock: Clock,
    sleep: Callable[[float], object],
    *,
    ledger: ErrandLedger | None = None,
    settings: MailchimpSettings | None = None,
    base: str = "https://us7.api.mailchimp.com/3.0",
) -> MailchimpList:
    return MailchimpList(
        client=Mailchimp(wire=wire, base=base, sleep=sleep),
        settings=settings or MailchimpSettings(),
        sender=SenderSettings(name="Belonging", address=SENDER),
        clock=clock,
        sleep=sleep,
        ledger=ledger,
    )


def letter_of(chosen: Post) -> Letter:
    """Make a letter that Mailchimp could carry."""
    lines = (LINKS.unsubscribe, *LINKS.postal_address)
    made = letter(chosen.subject or chosen.title)
    return replace(
        made,
        html=f'<!doctype html><html lang="en"><title>{chosen.title}</title><body><h1>{chosen.title}</h1>{chosen.body}'
        f'<a href="{lines[0]}">Unsubscribe</a><p>{lines[1]}</p></body></html>\n',
        text=f"{chosen.title}\n\nWords.\n\nUnsubscribe: {lines[0]}\n{lines[1]}\n",
    )


def begin(fake: FakeMailchimp) -> None:
    """Let the list have begun a day before NOW."""
    since = NOW - timedelta(days=1)
    fake.folders.append(
        {"id": "f01d", "name": f"Belonging {LIST} since {since:%Y-%m-%dT%H:%M:%SZ}", "count": 0}
    )


def run(
    mailchimp: MailchimpList,
    posts: Sequence[Post],
    clock: Clock,
    *,
    policy: Policy = POLICY,
    decisions: Decisions | None = None,
    letters: Callable[[Post], Letter] = letter_of,
) -> Plan:
    """Do what ``belonging send`` does."""
    made = plan(posts, mailchimp.history(posts), clock(), policy=policy, decisions=decisions)
    mailchimp.accept(made)
    for item in made.to_send:
        campaign = mailchimp.prepare(item.post, letters(item.post))
        if found := mailchimp.check(campaign):
            raise CheckFailed("; ".join(f"{each.what} ({each.advice})" for each in found))
        mailchimp.remaining(campaign)
        mailchimp.send(campaign)
    return made
