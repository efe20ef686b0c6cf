"""Posts whose time has not come."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Protocol

__all__ = ["prepare", "shows_drafts", "withhold"]


class Article(Protocol):
    """What is read of a post here."""

    status: str  # as Pelican decided
    metadata: Mapping[str, object]  # as the writer wrote


class Articles(Protocol):
    """What is read and changed of Pelican's generator of posts."""

    settings: Mapping[str, object]
    drafts: list[Article]
    drafts_translations: list[Article]


class Run(Protocol):
    """What is read and changed of Pelican."""

    settings: MutableMapping[str, object]


def shows_drafts(settings: Mapping[str, object]) -> bool:
    """Say whether this build is only to be looked at."""
    return bool(settings.get("SHOW_DRAFTS"))


def prepare(pelican: Run) -> None:
    """Have Pelican make a draft of every post dated in the future."""
    pelican.settings["WITH_FUTURE_DATES"] = shows_drafts(pelican.settings)


def withhold(generator: Articles) -> None:
    """Take future posts out of the drafts, which Pelican may write, and would at a ``save_as`` of their own.

    Which of the drafts are future posts needs no look at a clock: Pelican had one, and overruled the writer.
    """
    generator.drafts = [article for article in generator.drafts if _by_the_writer(article)]
    generator.drafts_translations = [
        article for article in generator.drafts_translations if _by_the_writer(article)
    ]


def _by_the_writer(article: Article) -> bool:
    return str(article.metadata.get("status", "")).lower() == article.status
