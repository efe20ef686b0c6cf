"""Publishing: from the manifest and the history to a plan, from a plan to letters, from letters to campaigns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jinja2 import Environment

from pipeline import planning
from pipeline.clock import Clock
from pipeline.digests import Digest, Pace, period_of
from pipeline.errors import BelongingError, CheckFailed, PlanChanged, RenderingError
from pipeline.letters import Edition, Guise, ImagePolicy, Letter
from pipeline.planning import Decisions, History, Item, Plan, Policy, Verdict
from pipeline.posts import Post, Site
from pipeline.providers import Choosing, Provider, Receipt, Render
from pipeline.rendering import Publication, digest_post, encoded_size, render
from pipeline.rendering.rules import Severity, check_letter

__all__ = ["Proposal", "Publishing", "Watcher", "require", "require_sound"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """One campaign that a plan leads to, with the letter it would send."""

    item: Item
    letter: Letter
    size: int  # octets of the HTML part as it is mailed
    problems: tuple[str, ...]  # rules that the letter breaks; any of them forbids sending
    remarks: tuple[str, ...] = ()  # what is allowed and could be better


@dataclass(frozen=True, kw_only=True, slots=True)
class Watcher:
    """Who is told how the sending goes."""

    begins: Callable[[Proposal, int], None] = lambda _proposal, _open: None  # and how many are to be mailed
    progress: Callable[[int], None] = lambda _: None
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """Everything that planning, rendering and sending need of one project."""

    site: Site
    posts: Sequence[Post]
    provider: Provider
    publication: Publication
    policy: Policy
    images: ImagePolicy
    environment: Environment
    output: Path  # the built site, where pictures to be embedded are read from
    clock: Clock

    def plan(self, decisions: Decisions | None = None) -> Plan:
        """Decide about every post on the site.

        Raises:
            BelongingError: A decision names a post that does not exist.
        """
        decisions = decisions or Decisions()
        history, now = self.provider.history(self.posts), self.clock()
        digests = self._digests(history, now)
        plan = planning.plan(
            self.posts, history, now, policy=self.policy, decisions=decisions, digests=digests
        )
        known = {item.post.id for item in plan.items} | {past.post_id for past in history.past}
        if strangers := sorted((decisions.release | decisions.skip) - known):
            raise BelongingError(
                f"there is no post called {', '.join(strangers)}", advice="see belonging plan for their names"
            )
        return plan

    def readers(self, plan: Plan) -> dict[str, int]:
        """Count whom each letter of a plan would reach, by its post, where that is not simply everybody."""
        if not isinstance(self.provider, Choosing):
            return {}
        return {
            item.post.id: number
            for item, number in zip(plan.to_send, self.provider.readers(plan.to_send), strict=True)
        }

    def proposals(self, plan: Plan) -> tuple[Proposal, ...]:
        """Render, and check, every letter that a plan leads to.

        Raises:
            RenderingError: A post cannot become a letter.
        """
        return tuple(self._proposal(item) for item in plan.to_send)

    def letter(self, post: Post, guise: Guise = Guise.OPEN) -> Letter:
        """Render a post as it would be mailed now."""
        if post.body is None:
            raise RenderingError(
                f"{post.source}: its text is not in the manifest, which holds the newest posts only",
                advice="raise MANIFEST_BODIES in pelicanconf.py and build again",
            )
        return render(
            post,
            self.site,
            publication=self.publication,
            links=self.provider.links,
            environment=self.environment,
            guise=guise,
            images=self.images,
            picture=self._picture,
        )

    def editions(self, post: Post) -> tuple[Edition, ...]:
        """Render a post in every guise that readers can choose, the open one first."""
        guises = tuple(Guise) if isinstance(self.provider, Choosing) else (Guise.OPEN,)
        return tuple(Edition(guise=guise, letter=self.letter(post, guise)) for guise in guises)

    def digest(self, pace: Pace) -> Post:
        """Write the digest of the newest post's week or month, as if each letter had been sent on its day.

        Raises:
            BelongingError: There is no post that is mailed.
        """
        mailed = [post for post in self.posts if post.mail and not post.translation_of]
        if not mailed:
            raise BelongingError("there is no post that is mailed", advice="write one: make new")
        period = period_of(pace, max(post.date for post in mailed))
        held = sorted(
            ((post, post.date) for post in mailed if period.start <= post.date < period.end),
            key=lambda one: one[1],
        )
        return digest_post(Digest(period=period, posts=held), self.site, self.environment)

    def judge(self, item: Item, editions: Sequence[Edition]) -> Proposal:
        """Hold a letter, in every guise it has, against the rules that every letter must keep."""
        letter = editions[0].letter
        found = [
            (f"{edition.guise} letters: " if edition.guise is not Guise.OPEN else "", finding)
            for edition in editions
            for finding in check_letter(edition.letter, links=self.provider.links, site=self.site)
        ]
        said = {
            severity: tuple(
                dict.fromkeys(f"{of}{f.rule}: {f.detail}" for of, f in found if f.severity is severity)
            )
            for severity in Severity
        }
        return Proposal(
            item=item,
            letter=letter,
            size=encoded_size(letter.html),
            problems=said[Severity.ERROR],
            remarks=(*said[Severity.WARNING], *self._exposures(editions)),
        )

    def send(
        self, plan: Plan, proposals: Sequence[Proposal], watcher: Watcher | None = None
    ) -> tuple[Receipt, ...]:
        """Carry out a plan: all letters are checked before the first of them is sent.

        Raises:
            CheckFailed: A letter breaks a rule, or the provider found something; nothing of it was sent.
            PlanChanged: The history is no longer the one the plan was made from; nothing was sent.
            DeliveryError: Sending cannot go on now; what was not sent is kept.
        """
        watcher = watcher or Watcher()
        require_sound(proposals)
        self.provider.accept(plan)
        receipts: list[Receipt] = []
        for proposal in proposals:
            if watcher.stop():
                break
            if isinstance(self.provider, Choosing):
                self.provider.allot(proposal.item, proposal.letter, self._rendering(proposal.item))
            campaign = self.provider.prepare(proposal.item.post, proposal.letter)
            if found := self.provider.check(campaign):
                raise CheckFailed(
                    "\n".join(f"{proposal.item.post.source}: {finding.what}" for finding in found),
                    advice="; ".join(dict.fromkeys(f.advice for f in found if f.advice)),
                )
            watcher.begins(proposal, self.provider.remaining(campaign))
            receipts.append(self.provider.send(campaign, progress=watcher.progress, stop=watcher.stop))
        return tuple(receipts)

    def _proposal(self, item: Item) -> Proposal:
        kept: Sequence[Edition] = ()
        if item.verdict is Verdict.RESUME and isinstance(self.provider, Choosing):
            kept = self.provider.kept(item.post)
        elif item.verdict is Verdict.RESUME and (letter := self.provider.prepared(item.post)):
            kept = [Edition(guise=Guise.OPEN, letter=letter)]
        return self.judge(item, kept or self.editions(item.post))

    def _digests(self, history: History, now: datetime) -> tuple[tuple[Digest, Post], ...]:
        """Write the digests that are due and that anybody gets, or that were begun."""
        if not isinstance(self.provider, Choosing):
            return ()
        found = [
            Item(post=digest_post(digest, self.site, self.environment), verdict=Verdict.MAIL, digest=digest)
            for digest in planning.digests_due(self.posts, history, now)
        ]
        begun = {past.post_id for past in history.past}
        numbers = self.provider.readers(found) if found else []
        return tuple(
            (item.digest, item.post)
            for item, number in zip(found, numbers, strict=True)
            if item.digest and (number or item.post.id in begun)
        )

    def _rendering(self, item: Item) -> Render:
        """Make what renders a letter as somebody chose it, and refuses what must not be sent."""

        def render(guise: Guise, digest: Digest | None) -> Letter:
            post = item.post if digest is None else digest_post(digest, self.site, self.environment)
            edition = Edition(guise=guise, letter=self.letter(post, guise))
            proposal = self.judge(item, [edition])
            problems = (*proposal.problems, *self._exposures([edition]))
            if problems:
                raise CheckFailed(
                    "\n".join(f"{item.post.source}: {line}" for line in problems),
                    advice="nothing of it was sent; mend the post, the theme or [discreet] in newsletter.toml",
                )
            return edition.letter

        return render

    def _exposures(self, editions: Sequence[Edition]) -> tuple[str, ...]:
        if not isinstance(self.provider, Choosing):
            return ()
        return tuple(
            f"{edition.guise} letters are not neutral: {what}"
            for edition in editions
            if edition.guise is not Guise.OPEN
            for what in self.provider.exposures(edition)
        )

    def _picture(self, address: str) -> bytes | None:
        """Read a picture of the site from where the site was built."""
        path = unquote(urlsplit(address).path).lstrip("/")
        file = (self.output / path).resolve()
        if not file.is_relative_to(self.output.resolve()) or not file.is_file():
            return None
        return file.read_bytes()


def require_sound(proposals: Sequence[Proposal]) -> None:
    """Refuse letters that break a rule.

    Raises:
        CheckFailed: Some do; each rule is named.
    """
    if problems := [f"{p.item.post.source}: {line}" for p in proposals for line in p.problems]:
        raise CheckFailed("\n".join(problems), advice="nothing was sent; mend the post or the theme")


def require(plan: Plan, digest: str) -> None:
    """Refuse a plan that is not the one a person has seen.

    Raises:
        PlanChanged: It is another one.
    """
    if plan.digest != digest:
        raise PlanChanged(
            f"the plan is {plan.digest} now, not {digest}",
            advice="look at it with belonging plan, then send again",
        )
