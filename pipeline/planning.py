"""Planning: which posts become campaigns, which do not, and why. Pure: no clock, disk or network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pipeline.campaigns import CampaignState
from pipeline.digests import Digest, due
from pipeline.posts import Post

__all__ = ["Decisions", "History", "Item", "Past", "Plan", "Policy", "Verdict", "digests_due", "plan"]


class Verdict(StrEnum):
    """What is to be done about one post."""

    MAIL = "mail"  # a new campaign
    RESUME = "resume"  # its campaign was begun and is not finished
    SENT = "sent"  # its campaign has ended
    EARLIER = "earlier"  # counts as published before the list began
    SITE_ONLY = "site only"  # the writer said so, or it is a translation
    SCHEDULED = "scheduled"  # its time has not come
    TOO_OLD = "too old"  # new here, but older than the age limit
    HELD = "held"  # a person has to look at it
    STOPPED = "stopped"  # too many new posts at once; a person has to say yes


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is remembered of a post that had its turn."""

    post_id: str
    url: str
    title: str
    fingerprint: str
    source: str
    state: CampaignState | None  # None: published before the list began
    note: str = ""  # for people: what is remarkable about where it stands
    frozen_at: datetime | None = None  # aware; when it was settled who gets it by itself, and who in a digest


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Everything that had its turn before."""

    past: tuple[Past, ...] = ()
    begun: bool = False  # False until a first run was recorded, even one over a site without posts
    version: str = ""  # changes with every change, so that a plan can be refused once it is no longer true


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules that a person can set."""

    newest_on_first_run: bool  # False: the first run mails nothing
    max_new: int  # more new posts than this stop the run
    max_age: timedelta
    provider_waits: bool = False  # what is not to be mailed before a time is handed over before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Decisions:
    """What a person said about single posts, each named by its identity."""

    release: frozenset[str] = frozenset()  # mail it although it was held, paused, too old or one of too many
    skip: frozenset[str] = frozenset()  # count it as published, never mail it


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One post and what is to be done about it."""

    post: Post
    verdict: Verdict
    reason: str = ""  # for people; "" where the verdict says it all
    digest: Digest | None = None  # what it is made of, where it is a digest and the post only its letter


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a run would do, newest post first."""

    items: tuple[Item, ...]
    first_run: bool
    history_version: str
    missing: tuple[Past, ...] = ()  # campaigns begun whose posts are no longer on the site
    cancelled: tuple[str, ...] = ()  # ids of such posts whose campaigns a person gives up

    def of(self, *verdicts: Verdict) -> tuple[Item, ...]:
        """List the items with one of these verdicts."""
        return tuple(item for item in self.items if item.verdict in verdicts)

    @property
    def to_send(self) -> tuple[Item, ...]:
        """List what is mailed, the oldest post first, as readers would expect to get them."""
        return tuple(reversed(self.of(Verdict.MAIL, Verdict.RESUME)))

    @property
    def needs_decision(self) -> bool:
        """Tell whether a person has to say something before everything has had its turn."""
        return bool(self.of(Verdict.HELD, Verdict.STOPPED) or self.missing)

    @property
    def digest(self) -> str:
        """Name the plan: 12 hex digits that change when anything it would do changes."""
        verdicts = [f"{item.verdict} {item.post.id}" for item in self.items]
        cancelled = [f"cancelled {post_id}" for post_id in self.cancelled]
        letters = [repr(item.post) for item in self.to_send]
        text = "\n".join([self.history_version, *verdicts, *cancelled, *letters])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def plan(
    posts: Iterable[Post],
    history: History,
    now: datetime,
    *,
    policy: Policy,
    decisions: Decisions | None = None,
    digests: Sequence[tuple[Digest, Post]] = (),
) -> Plan:
    """Decide about every post on the site, and every digest that is due.

    Args:
        posts: All published posts, in any order.
        history: What had its turn before.
        now: Aware.
        policy: The rules that a person can set.
        decisions: What a person said about single posts.
        digests: Those of ``digests_due`` that anybody gets, each with the letter it becomes.

    Returns:
        A plan with exactly one item for each post and each digest. Planning again with the history that this plan
        leads to yields no new campaign.
    """
    decisions = decisions or Decisions()
    ordered = sorted(posts, key=lambda post: (post.date, post.id), reverse=True)
    known = {past.post_id: past for past in history.past}
    alike = _LookAlikes(history.past)
    newest = next((post for post in ordered if post.date <= now and not post.translation_of), None)

    items: list[Item] = []
    for post in ordered:
        verdict, reason = (
            _known(known[post.id], post, now, policy, decisions)
            if post.id in known
            else _skipped(post, decisions)
            or _unfit(post, now, policy)
            or _released(post, decisions)
            or (
                alike.reason(post) or _aged(post, now, policy)
                if history.begun
                else _first(post is newest, policy)
            )
            or (Verdict.MAIL, "")
        )
        items.append(Item(post=post, verdict=verdict, reason=reason))

    items = _hold_twins(items, decisions)
    items = _stop_crowds(items, policy, decisions)
    made = [
        Item(post=letter, verdict=verdict, reason=reason, digest=digest)
        for digest, letter in digests
        for verdict, reason in [
            _digest(letter, known.get(letter.id), now, policy, decisions, begun=history.begun)
        ]
    ]
    items = [*made, *items]
    present = {item.post.id for item in items}
    missing = [past for past in history.past if past.state in _BEGUN and past.post_id not in present]
    return Plan(
        items=tuple(items),
        first_run=not history.begun,
        history_version=history.version,
        missing=tuple(past for past in missing if past.post_id not in decisions.skip),
        cancelled=tuple(past.post_id for past in missing if past.post_id in decisions.skip),
    )


def digests_due(posts: Iterable[Post], history: History, now: datetime) -> tuple[Digest, ...]:
    """List the digests that are to be sent, or to go on, the newest first.

    Args:
        posts: All that are on the site.
        history: What had its turn before.
        now: Aware.
    """
    past = {one.post_id: one for one in history.past}
    given_up = {one.post_id for one in history.past if one.state is CampaignState.CANCELLED}
    return due(
        posts,
        {name: one.frozen_at for name, one in past.items() if one.frozen_at and name not in given_up},
        now,
        begun=[name for name, one in past.items() if one.state in _BEGUN],
        over=[name for name, one in past.items() if one.state not in _BEGUN],
    )


_Ruling = tuple[Verdict, str]
_BEGUN = {CampaignState.PLANNED, CampaignState.READY, CampaignState.SENDING, CampaignState.PAUSED}


def _known(past: Past, post: Post, now: datetime, policy: Policy, decisions: Decisions) -> _Ruling:
    match past.state:
        case None:
            return Verdict.EARLIER, ""
        case CampaignState.SENT:
            return Verdict.SENT, past.note
        case CampaignState.CANCELLED:
            return Verdict.SENT, "cancelled"
        case _ if post.id in decisions.skip:
            return Verdict.EARLIER, "cancelled on request"
        case CampaignState.PAUSED if post.id not in decisions.release:
            return (
                Verdict.HELD,
                past.note
                or f"paused; to go on: belonging send --release {post.id}, to stop: --skip {post.id}",
            )
        case CampaignState.PLANNED | CampaignState.READY if unfit := _unfit(post, now, policy):
            return unfit[0], f"{unfit[1]}, said before anybody was mailed"
        case _:
            return Verdict.RESUME, past.note or "begun before"


def _digest(
    letter: Post, past: Past | None, now: datetime, policy: Policy, decisions: Decisions, *, begun: bool
) -> _Ruling:
    if past:
        return _known(past, letter, now, policy, decisions)
    return (
        _skipped(letter, decisions)
        or _released(letter, decisions)
        or _aged(letter, now, policy)
        # Letters were frozen, yet nothing was planned: the history is a backup's, and the digest may have left since.
        or (None if begun else (Verdict.EARLIER, "it may have been mailed since the backup"))
        or (Verdict.MAIL, "")
    )


def _skipped(post: Post, decisions: Decisions) -> _Ruling | None:
    return (Verdict.EARLIER, "skipped on request") if post.id in decisions.skip else None


def _released(post: Post, decisions: Decisions) -> _Ruling | None:
    return (Verdict.MAIL, "released on request") if post.id in decisions.release else None


def _due(post: Post) -> datetime:
    """Tell when a post may be mailed: with its page, or later where the writer says so."""
    return max(post.date, post.mail_at or post.date)


def _unfit(post: Post, now: datetime, policy: Policy) -> _Ruling | None:
    """Keep to what the writer said; no decision of an operator goes before it."""
    if not post.mail:
        return Verdict.SITE_ONLY, "mail: false"
    if post.translation_of:
        return Verdict.SITE_ONLY, f"a translation of {post.translation_of}"
    if (due := post.date if policy.provider_waits else _due(post)) > now:
        return Verdict.SCHEDULED, f"not before {due:%Y-%m-%d %H:%M %Z}"
    return None


def _first(newest: bool, policy: Policy) -> _Ruling | None:
    if newest and policy.newest_on_first_run:
        return None
    return Verdict.EARLIER, "published before the list began"


def _aged(post: Post, now: datetime, policy: Policy) -> _Ruling | None:
    age = now - _due(post)
    if age > policy.max_age:
        days = age.days
        limit = f"{days} days old, the limit is {policy.max_age.days}"
        return Verdict.TOO_OLD, f"{limit}; to mail it: belonging send --release {post.id}"
    return None


class _LookAlikes:
    """Find a post under its earlier identity, by what a rename or a changed id leaves the same."""

    def __init__(self, past: Sequence[Past]) -> None:
        self._by: tuple[tuple[str, Mapping[str, str]], ...] = (
            ("the same address", {p.url: p.post_id for p in past}),
            ("the same text", {p.fingerprint: p.post_id for p in past if p.fingerprint}),
            ("the same title", {_folded(p.title): p.post_id for p in past if _folded(p.title)}),
            ("the same file", {p.source: p.post_id for p in past if p.source}),
        )

    def reason(self, post: Post) -> _Ruling | None:
        keys = (post.url, post.fingerprint, _folded(post.title), post.source)
        for key, (what, table) in zip(keys, self._by, strict=True):
            if key in table:
                return _alike(post, what, table[key])
        return None


def _alike(post: Post, what: str, other: str) -> _Ruling:
    same = f"if it is the same post write id: {other}"
    new = f"if it is a new one: belonging send --release {post.id}"
    return Verdict.HELD, f"has {what} as {other}, which had its turn; {same}, {new}"


def _folded(title: str) -> str:
    return " ".join(title.casefold().split())


def _hold_twins(items: Sequence[Item], decisions: Decisions) -> list[Item]:
    """Hold a new post that looks like another new post of the same run; the older of the two goes ahead."""
    seen: dict[tuple[str, str], str] = {}
    result: list[Item] = []
    for item in reversed(items):
        ruled = item
        if item.verdict is Verdict.MAIL:
            post = item.post
            keys = (("address", post.url), ("text", post.fingerprint), ("title", _folded(post.title)))
            twin = next(((what, seen[what, key]) for what, key in keys if key and (what, key) in seen), None)
            if twin and post.id not in decisions.release:
                verdict, reason = _alike(post, f"the same {twin[0]}", twin[1])
                ruled = Item(post=post, verdict=verdict, reason=reason)
            else:
                seen.update(dict.fromkeys(keys, post.id))
        result.append(ruled)
    result.reverse()
    return result


def _stop_crowds(items: Sequence[Item], policy: Policy, decisions: Decisions) -> list[Item]:
    """Stop every new post when there are more than a person would expect at once."""
    crowd = {item.post.id for item in items if item.verdict is Verdict.MAIL}
    if len(crowd) <= policy.max_new:
        return list(items)
    stopped = crowd - decisions.release  # a word for one of them is no word for the others
    return [
        Item(
            post=item.post,
            verdict=Verdict.STOPPED,
            reason=f"{len(crowd)} new posts at once, the limit is {policy.max_new};"
            f" to mail it: belonging send --release {item.post.id}, never: --skip {item.post.id}",
        )
        if item.post.id in stopped
        else item
        for item in items
    ]
