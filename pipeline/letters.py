"""A letter: one post as it is mailed, the same for everybody who gets it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Edition", "EmbeddedImage", "Guise", "ImagePolicy", "Letter", "LetterLinks"]


class Guise(StrEnum):
    """What a letter shows to others who see a mailbox."""

    OPEN = "open"  # its title and first words, as a letter does
    DISCREET = "discreet"  # nothing of what it says before it is opened
    NOTICE = "notice"  # nothing at all: only that there is a new letter on the site


class ImagePolicy(StrEnum):
    """How a letter shows pictures. Wherever one is not shown, its alternative text stands in its place."""

    LINK = "link"  # fetched from the site's own host
    EMBED = "embed"  # carried inside the message
    OMIT = "omit"  # left out


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterLinks:
    """What only the provider knows and the letter has to carry.

    The embedded list passes addresses that end in a token placeholder, Mailchimp passes merge tags. They are
    put into attributes and text as they stand, escaped for HTML where the letter is HTML.
    """

    unsubscribe: str  # leads to the page with one button
    preferences: str = ""  # "" where there is none
    postal_address: tuple[str, ...]  # lines of plain text; at least one


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedImage:
    """A picture that travels inside the message."""

    content_id: str  # without angle brackets; the HTML names it as "cid:…"
    media_type: str  # "image/png"
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """One post, rendered for the mailbox."""

    subject: str  # plain text, one line
    preheader: str  # plain text, one line
    html: str  # a whole document
    text: str  # lines end in "\n"
    cut_at: str | None = (
        None  # the heading, or first words, that the HTML was cut before for size; None: it is whole
    )
    images: tuple[EmbeddedImage, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """A letter in one of the ways that readers chose."""

    guise: Guise
    letter: Letter
