"""Pelican's settings → the layout that content is checked against, so that both see the same posts and slugs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

from pelican.readers import default_metadata, parse_path_metadata, path_metadata
from pelican.utils import slugify

from pipeline.posts.layout import Layout

__all__ = ["SUFFIXES", "layout"]

SUFFIXES = ("md", "markdown", "mkd", "mdown")


def layout(settings: Mapping[str, object]) -> Layout:
    """Describe the site that Pelican is about to build."""
    readers = cast("Mapping[str, object]", settings["READERS"])
    defaults = cast("Mapping[str, object]", settings["DEFAULT_METADATA"])
    return Layout(
        posts=_folders(settings["ARTICLE_PATHS"]),
        pages=_folders(settings["PAGE_PATHS"]),
        not_posts=_folders(settings["ARTICLE_EXCLUDES"]),
        not_pages=_folders(settings["PAGE_EXCLUDES"]),
        ignored=tuple(cast("Iterable[str]", settings["IGNORE_FILES"])),
        suffixes=tuple(suffix for suffix in SUFFIXES if readers.get(suffix, True)),
        lang=str(settings["DEFAULT_LANG"]),
        zone=ZoneInfo(str(settings.get("TIMEZONE", "UTC"))),
        apart=settings["ARTICLE_SAVE_AS"] != settings["PAGE_SAVE_AS"],
        taken=_taken(settings),
        undated=bool(settings.get("DEFAULT_DATE") or defaults.get("date")),
        slug_source=str(settings["SLUGIFY_SOURCE"]),
        slugify=_slugify(settings),
        from_path=partial(_from_path, settings),
    )


def _folders(paths: object) -> tuple[str, ...]:
    return tuple(path.strip("/") for path in cast("Iterable[str]", paths))


def _slugify(settings: Mapping[str, object]) -> partial[str]:
    return partial(
        slugify,
        regex_subs=settings.get("SLUG_REGEX_SUBSTITUTIONS", []),
        preserve_case=settings.get("SLUGIFY_PRESERVE_CASE", False),
        use_unicode=settings.get("SLUGIFY_USE_UNICODE", False),
    )


def _taken(settings: Mapping[str, object]) -> frozenset[str]:
    """Find the slugs with which a post would be written over the archive, the list of tags and their like."""
    before, slug, after = str(settings["ARTICLE_SAVE_AS"]).partition("{slug}")
    taken = set()
    for template in cast("Iterable[str]", settings["DIRECT_TEMPLATES"]):
        file = str(settings.get(f"{template.upper()}_SAVE_AS", f"{template}.html"))
        name = file[len(before) : len(file) - len(after)]
        if slug and name and "/" not in name and file == f"{before}{name}{after}":
            taken.add(name)
    return frozenset(taken)


def _from_path(settings: Mapping[str, object], source: str) -> Mapping[str, str]:
    """Give what Pelican knows of a file before it reads it, as far as that is text."""
    full = str(Path(str(settings["PATH"]), source))
    known = {
        **default_metadata({**settings, "DEFAULT_DATE": None}),
        **path_metadata(full, source, {**settings, "DEFAULT_DATE": None}),
        **parse_path_metadata(source, settings),
    }
    return {key: value for key, value in known.items() if isinstance(value, str) and value}
