"""How a site's content is laid out: what decides whether two posts get in each other's way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from fnmatch import fnmatch
from pathlib import PurePosixPath

from pipeline.posts.schema import Kind
from pipeline.posts.slugs import slugify

__all__ = ["Layout", "date_in_name"]

_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")


def date_in_name(source: str) -> Mapping[str, str]:
    """Read the date that a file's name begins with, as Pelican does by default."""
    match = _DATED.match(PurePosixPath(source).stem)
    return {"date": match[0]} if match else {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The site's settings as far as they decide what is a mistake.

    As it stands it describes this project's own site. The Pelican plugin makes one from the settings it runs with.
    """

    posts: tuple[str, ...] = ("posts",)  # folders below content/, "" being all of it
    pages: tuple[str, ...] = ("pages",)
    not_posts: tuple[str, ...] = ()  # folders below those, left out
    not_pages: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ("**/.*",)  # shell patterns of names that are not read
    suffixes: tuple[str, ...] = ("md", "markdown", "mkd", "mdown")
    lang: str = "en"  # of posts that name none
    zone: tzinfo = UTC  # of dates that name none
    apart: bool = False  # whether pages have other addresses than posts, so that both may share a slug
    taken: frozenset[str] = frozenset(
        {"archive", "authors", "tags", "topics"}
    )  # addresses that are no post's
    undated: bool = False  # whether a post without a date gets one
    slug_source: str = "title"  # or "basename": what the slug of a post that names none is made from
    slugify: Callable[[str], str] = slugify
    from_path: Callable[[str], Mapping[str, str]] = (
        date_in_name  # what a path below content/ says of its post
    )

    def kind(self, source: str) -> Kind | None:
        """Say what becomes of a file, given its path below content/; None: it is no post and no page."""
        path = PurePosixPath(source)
        if path.suffix[1:] not in self.suffixes:
            return None
        if any(fnmatch(part, pattern) for part in path.parts for pattern in self.ignored):
            return None
        if _below(source, self.posts) and not _below(source, self.not_posts):
            return Kind.POST
        if _below(source, self.pages) and not _below(source, self.not_pages):
            return Kind.PAGE
        return None


def _below(source: str, folders: tuple[str, ...]) -> bool:
    return any(folder in {"", ".", source} or source.startswith(f"{folder}/") for folder in folders)
