"""Pelican's settings → the layout that content is checked against, so that both see the same posts and slugs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from pelican.readers import default_metadata, parse_path_metadata, path_metadata
from pelican.utils import slugify

from pipeline.posts.layout import Layout, from_settings

__all__ = ["layout"]


def layout(settings: Mapping[str, object]) -> Layout:
    """Describe the site that Pelican is about to build."""
    return replace(
        from_settings(settings), slugify=_slugify(settings), from_path=partial(_from_path, settings)
    )


def _slugify(settings: Mapping[str, object]) -> partial[str]:
    return partial(
        slugify,
        regex_subs=settings.get("SLUG_REGEX_SUBSTITUTIONS", []),
        preserve_case=settings.get("SLUGIFY_PRESERVE_CASE", False),
        use_unicode=settings.get("SLUGIFY_USE_UNICODE", False),
    )


def _from_path(settings: Mapping[str, object], source: str) -> Mapping[str, str]:
    """Give what Pelican knows of a file before it reads it, as far as that is text."""
    full = str(Path(str(settings["PATH"]), source))
    known = {
        **default_metadata({**settings, "DEFAULT_DATE": None}),
        **path_metadata(full, source, {**settings, "DEFAULT_DATE": None}),
        **parse_path_metadata(source, settings),
    }
    return {key: value for key, value in known.items() if isinstance(value, str) and value}
