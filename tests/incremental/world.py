"""A site that changes, and what it is built to: by the build that remembers, and by Pelican alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import time_machine
from pelican import Pelican
from pelican.settings import read_settings

from plugins.incremental.building import Incremental

__all__ = ["World", "tree"]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
THEME = Path(__file__).parent / "theme"

_SETTINGS = """\
import sys
sys.path[:0] = [{tests!r}]
SITENAME, SITEURL, TIMEZONE, DEFAULT_LANG = "Small", "https://small.example.org", "UTC", "en"
PATH, THEME, ARTICLE_PATHS, PAGE_PATHS = {content!r}, {theme!r}, ["posts"], ["pages"]
STATIC_PATHS, PLUGINS, LOCALE = ["images"], ["tests.incremental.plugin"], ["C.UTF-8"]
DEFAULT_PAGINATION, SUMMARY_MAX_LENGTH, DEFAULT_CATEGORY = 2, 6, "Misc"
FEED_ATOM, CATEGORY_FEED_ATOM, FEED_RSS, FEED_MAX_ITEMS = "feed.atom", "feeds/{{slug}}.atom", "feed.rss", 3
FEED_ALL_ATOM = TRANSLATION_FEED_ATOM = AUTHOR_FEED_ATOM = AUTHOR_FEED_RSS = None
ARTICLE_LANG_SAVE_AS = ARTICLE_LANG_URL = "{{lang}}/{{slug}}.html"
MONTH_ARCHIVE_SAVE_AS, MONTH_ARCHIVE_URL = "{{date:%Y}}/{{date:%m}}/index.html", "{{date:%Y}}/{{date:%m}}/"
WITH_FUTURE_DATES, DELETE_OUTPUT_DIRECTORY = False, True
JINJA_FILTERS = {{"shout": lambda text: text.upper()}}
"""


class World:
    """The sources of a site, and their two outputs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = NOW
        self.extra = ""
        for folder in ("content/posts", "content/pages", "content/images"):
            (root / folder).mkdir(parents=True)
        copy(THEME, root / "theme")

    def settings(self) -> Path:
        """Write the settings."""
        text = _SETTINGS.format(
            tests=str(Path(__file__).parents[2]),
            content=str(self.root / "content"),
            theme=str(self.root / "theme"),
        )
        file = self.root / "settings.py"
        text += self.extra
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
        return file

    def remembered(self, *, receipt: Path | None = None, **named: Any) -> dict[str, bytes]:
        """Build with a memory; give what stands there.

        Args:
            receipt: where to leave word for the next build.
            named: settings.

        Raises:
            FileOverwriteFailedError: Two of its posts want the same file.
        """
        settings = self.settings()
        with time_machine.travel(self.now, tick=False), quiet():
            override = {"OUTPUT_PATH": str(self.root / "output"), **named}
            build = Incremental.listening(
                lambda: read_settings(str(settings), override=override), store=str(self.root / "store")
            )
            build.receipt = str(receipt) if receipt else None
            build.run()
        return tree(self.root / "output")

    def clean(self, **named: Any) -> dict[str, bytes]:
        """Build with Pelican alone into a folder that is empty; give what stands there."""
        settings = self.settings()
        with time_machine.travel(self.now, tick=False), quiet():
            override = {"OUTPUT_PATH": str(self.root / "clean"), **named}
            Pelican(read_settings(str(settings), override=override)).run()
        return tree(self.root / "clean")


def copy(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        if file.is_file():
            to = target / file.relative_to(source)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(file.read_bytes())


def tree(root: Path) -> dict[str, bytes]:
    """Read all files below a folder."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


class quiet:  # noqa: N801 - reads as a word
    """Nothing is logged, whatever a half-made post is warned about."""

    def __enter__(self) -> None:
        logging.disable(logging.CRITICAL)

    def __exit__(self, *_: object) -> None:
        logging.disable(logging.NOTSET)


def differences(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> Iterator[str]:
    """Say in a few words how two outputs differ."""
    for path in sorted({*one, *other}):
        if one.get(path) != other.get(path):
            yield f"{path}: {one.get(path)!r} where a clean build has {other.get(path)!r}"
