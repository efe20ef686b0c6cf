"""How a site's content is laid out: what decides whether two posts get in each other's way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from fnmatch import fnmatch
from functools import partial
from pathlib import PurePosixPath

from pipeline.posts.schema import Kind
from pipeline.posts.slugs import slugify
from pipeline.posts.values import named_zone

__all__ = ["DEFAULTS", "SUFFIXES", "Layout", "date_in_name", "from_settings"]

SUFFIXES = ("md", "markdown", "mkd", "mdown")  # what Pelican's Markdown reader reads

# Pelican's own, of the settings that a layout depends on.
DEFAULTS: Mapping[str, object] = {
    "ARTICLE_PATHS": [""],
    "ARTICLE_EXCLUDES": [],
    "PAGE_PATHS": ["pages"],
    "PAGE_EXCLUDES": [],
    "IGNORE_FILES": ["**/.*"],
    "DEFAULT_LANG": "en",
    "DEFAULT_METADATA": {},
    "ARTICLE_SAVE_AS": "{slug}.html",
    "PAGE_SAVE_AS": "pages/{slug}.html",
    "DIRECT_TEMPLATES": ["index", "tags", "categories", "authors", "archives"],
    "SLUGIFY_SOURCE": "title",
    "FILENAME_METADATA": r"(?P<date>\d{4}-\d{2}-\d{2}).*",
    "PATH_METADATA": "",
    "READERS": {},
}


def date_in_name(source: str) -> Mapping[str, str]:
    """Read the date that a file's name begins with, as Pelican does by default."""
    return _named(DEFAULTS, source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The site's settings as far as they decide what is a mistake.

    As it stands it describes a site like this project's own.
    """

    posts: tuple[str, ...] = ("posts",)  # folders below content/, "" being all of it
    pages: tuple[str, ...] = ("pages",)
    not_posts: tuple[str, ...] = ()  # folders below those, left out
    not_pages: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ("**/.*",)  # shell patterns of names that are not read
    suffixes: tuple[str, ...] = SUFFIXES
    lang: str = "en"  # of posts that name none
    zone: tzinfo = UTC  # of dates that name none
    apart: bool = False  # whether pages have other addresses than posts, so that both may share a slug
    taken: frozenset[str] = frozenset({"archive", "authors", "tags", "topics"})  # slugs that are no post's
    undated: bool = False  # whether a post without a date gets one
    slug_source: str = "title"  # or "basename": what the slug of a post that names none is made from
    slugify: Callable[[str], str] = slugify
    from_path: Callable[[str], Mapping[str, str]] = date_in_name  # what a path says of its post

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


def from_settings(settings: Mapping[str, object]) -> Layout:
    """Describe the site that Pelican builds with these settings; those it lacks are at Pelican's defaults.

    What a post is called where it does not say so follows from ``slugify`` and ``from_path``, which only Pelican can
    give in full; they are left at its defaults but for patterns over paths.
    """
    settings = {**DEFAULTS, **settings}
    posts, pages = _folders(settings, "ARTICLE_PATHS"), _folders(settings, "PAGE_PATHS")
    readers, metadata = settings["READERS"], settings["DEFAULT_METADATA"]
    off = [suffix for suffix, reader in readers.items() if not reader] if isinstance(readers, Mapping) else []
    dated = isinstance(metadata, Mapping) and bool(metadata.get("date"))
    return Layout(
        posts=posts,
        pages=pages,
        # Pelican takes neither kind from the other's folders, unless that is everything.
        not_posts=tuple(dict.fromkeys(filter(None, (*_folders(settings, "ARTICLE_EXCLUDES"), *pages)))),
        not_pages=tuple(dict.fromkeys(filter(None, (*_folders(settings, "PAGE_EXCLUDES"), *posts)))),
        ignored=_texts(settings, "IGNORE_FILES"),
        suffixes=tuple(suffix for suffix in SUFFIXES if suffix not in off),
        lang=str(settings["DEFAULT_LANG"]),
        zone=named_zone(str(settings.get("TIMEZONE", "UTC"))) or UTC,
        apart=settings["ARTICLE_SAVE_AS"] != settings["PAGE_SAVE_AS"],
        taken=_taken(settings),
        undated=bool(settings.get("DEFAULT_DATE")) or dated,
        slug_source=str(settings["SLUGIFY_SOURCE"]),
        from_path=partial(_named, settings),
    )


def _texts(settings: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Read a list of texts; like Pelican, take the default for anything else."""
    for value in (settings[name], DEFAULTS[name]):
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
    return ()


def _folders(settings: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(path.strip("/") for path in _texts(settings, name))


def _taken(settings: Mapping[str, object]) -> frozenset[str]:
    """Find the slugs with which a post would be written over the archive, the list of tags and their like."""
    before, slug, after = str(settings["ARTICLE_SAVE_AS"]).partition("{slug}")
    taken = set()
    for template in _texts(settings, "DIRECT_TEMPLATES"):
        file = str(settings.get(f"{template.upper()}_SAVE_AS", f"{template}.html"))
        name = file[len(before) : len(file) - len(after)]
        if slug and name and "/" not in name and file == f"{before}{name}{after}":
            taken.add(name)
    return frozenset(taken)


def _named(settings: Mapping[str, object], source: str) -> Mapping[str, str]:
    """Read what a path says by Pelican's patterns over file names and paths; a pattern that is none says nothing."""
    found: dict[str, str] = {}
    stem = PurePosixPath(source).stem
    for pattern, text in ((settings.get("FILENAME_METADATA"), stem), (settings.get("PATH_METADATA"), source)):
        try:
            match = re.match(str(pattern or ""), text)
        except re.error:
            match = None
        if match:
            groups = {key.lower(): value for key, value in match.groupdict().items() if value}
            found = {**groups, **found}
    return found


def _below(source: str, folders: tuple[str, ...]) -> bool:
    return any(folder in {"", ".", source} or source.startswith(f"{folder}/") for folder in folders)
