"""Publishing: from the manifest and the history to a plan, from a plan to letters, from letters to campaigns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jinja2 import Environment

from pipeline import planning
from pipeline.clock import Clock
from pipeline.errors import BelongingError, CheckFailed, PlanChanged, RenderingError
from pipeline.letters import ImagePolicy, Letter
from pipeline.planning import Decisions, Item, Plan, Policy, Verdict
from pipeline.posts import Post, Site
from pipeline.providers import Provider, Receipt
from pipeline.rendering import Publication, encoded_size, render
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
        history = self.provider.history(self.posts)
        plan = planning.plan(self.posts, history, self.clock(), policy=self.policy, decisions=decisions)
        known = {post.id for post in self.posts} | {past.post_id for past in history.past}
        if strangers := sorted((decisions.release | decisions.skip) - known):
            raise BelongingError(
                f"there is no post called {', '.join(strangers)}", advice="see belonging plan for their names"
            )
        return plan

    def proposals(self, plan: Plan) -> tuple[Proposal, ...]:
        """Render, and check, every letter that a plan leads to.

        Raises:
            RenderingError: A post cannot become a letter.
        """
        return tuple(self._proposal(item) for item in plan.to_send)

    def letter(self, post: Post) -> Letter:
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
            images=self.images,
            picture=self._picture,
        )

    def judge(self, item: Item, letter: Letter) -> Proposal:
        """Hold a letter against the rules that every letter must keep."""
        findings = check_letter(letter, links=self.provider.links, site=self.site)
        return Proposal(
            item=item,
            letter=letter,
            size=encoded_size(letter.html),
            problems=tuple(f"{f.rule}: {f.detail}" for f in findings if f.severity is Severity.ERROR),
            remarks=tuple(f"{f.rule}: {f.detail}" for f in findings if f.severity is not Severity.ERROR),
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
        kept = self.provider.prepared(item.post) if item.verdict is Verdict.RESUME else None
        return self.judge(item, kept or self.letter(item.post))

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
