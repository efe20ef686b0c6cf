"""Who a campaign goes to: names from newsletter.toml, resolved to what Mailchimp calls them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.errors import SettingsError
from pipeline.posts import Post
from pipeline.providers.mailchimp.client import Mailchimp
from pipeline.providers.mailchimp.remote import Named, Segment
from pipeline.settings import MailchimpSettings

__all__ = ["Audience"]


@dataclass(frozen=True)
class Audience:
    """The list that newsletter.toml names, and the part of it that each post goes to. Asked for once."""

    client: Mailchimp
    settings: MailchimpSettings

    @cached_property
    def list(self) -> Named:
        """Find the list.

        Raises:
            SettingsError: There is none of this name, or there are several.
        """
        found = self.client.lists()
        if not self.settings.audience and len(found) == 1:
            return found[0]
        return _the(found, self.settings.audience, "audience", "mailchimp.audience")

    def segment(self, post: Post) -> Segment:
        """Find the part of the list that a post goes to.

        Raises:
            SettingsError: There is no such segment or interest; the message names those that there are.
        """
        if self.settings.segment:
            return Segment(saved=int(self._segment.id))
        if not self.settings.interest_group:
            return Segment()
        name = self.settings.interests.get(post.category, post.category)
        if not name:
            raise SettingsError(
                f"{post.source} has no category, and interests go by it",
                advice="give the post a category:, or take mailchimp.interest_group out",
            )
        where = f"interest in the group {self._group.name}"
        advice = f"category {post.category!r} of {post.source}, or mailchimp.interests"
        return Segment(group=self._group.id, interest=_the(self._interests, name, where, advice).id)

    def size(self, whole: Callable[[], int]) -> int:
        """Count the people that a campaign would reach at most.

        Args:
            whole: Counts the whole list.
        """
        if self.settings.segment and self._segment.members is not None:
            return self._segment.members
        return whole()

    def describe(self) -> str:
        """Name it for a person."""
        name = f"the audience “{self.list.name}”"
        if self.settings.segment:
            return f"{name}, segment “{self._segment.name}”"
        if self.settings.interest_group:
            return f"{name}, by interest in “{self._group.name}”"
        return name

    @cached_property
    def _segment(self) -> Named:
        return _the(self.client.segments(self.list.id), self.settings.segment, "segment", "mailchimp.segment")

    @cached_property
    def _group(self) -> Named:
        found = self.client.groups(self.list.id)
        return _the(found, self.settings.interest_group, "group of interests", "mailchimp.interest_group")

    @cached_property
    def _interests(self) -> Sequence[Named]:
        return self.client.interests(self.list.id, self._group.id)

    def interest_ids(self, names: Sequence[str]) -> tuple[str, ...]:
        """Resolve names of interests."""
        where = "interest"
        return tuple(_the(self._interests, name, where, "the choice of interests").id for name in names)

    def interest_names(self) -> tuple[str, ...]:
        """List the names of all interests of the group; empty where interests are not used."""
        return tuple(each.name for each in self._interests) if self.settings.interest_group else ()

    def all_interests(self) -> tuple[str, ...]:
        """List the ids of all interests of the group; empty where interests are not used."""
        return tuple(each.id for each in self._interests) if self.settings.interest_group else ()


def _the(found: Sequence[Named], name: str, what: str, where: str) -> Named:
    """Pick the one of this name: exactly, else by its id, else whatever its capitals are."""
    folded = name.strip().casefold()
    for fitting in (
        [each for each in found if each.name == name],
        [each for each in found if each.id == name],
        [each for each in found if each.name.strip().casefold() == folded],
    ):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise SettingsError(
                f"Mailchimp has {len(fitting)} of this name: {what} “{name}”",
                advice=f"write its id instead of its name in {where}: {', '.join(each.id for each in fitting)}",
            )
    there = ", ".join(f"“{each.name}”" for each in found) or "none"
    named = f"“{name}”" if name else "without a name"
    raise SettingsError(f"Mailchimp has no {what} {named}", advice=f"see {where}; there is: {there}")
