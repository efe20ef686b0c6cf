"""Publish pictures without what the camera wrote into them, and show each in the size and format that fits.

A Pelican plugin. Every picture below STATIC_PATHS is cleaned: turned upright, at most 2000 pixels a side, no EXIF, no
place, no name, no time. Those that pages show through the filter ``pictured`` are offered as AVIF and WebP in several
widths, beside themselves; the place of each has a colour of its own while it comes. What was made is kept by content,
so a build makes only what is new.

Settings:
    PICTURES_CACHE: Where it is kept; relative to the folder that holds the content folder. Default ``var/pictures``.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path
from typing import Protocol, cast, runtime_checkable
from urllib.parse import unquote

from markupsafe import Markup
from pelican import signals

from ..refusing import Refused, without_traceback
from .encoding import FORMATS, SUFFIXES, WIDTHS, Unreadable
from .markup import Offer, Source, pictured
from .shelf import Picture, Shelf

__all__ = ["Gallery", "register"]

DEFAULT_CACHE = "var/pictures"


class Run(Protocol):
    """What is read and changed of Pelican."""

    settings: MutableMapping[str, object]
    output_path: str


class Static(Protocol):
    """What is read and changed of a file that is copied."""

    source_path: str
    override_save_as: str
    override_url: str

    @property
    def save_as(self) -> str:
        """Tell where it is written, below the output."""

    @property
    def url(self) -> str:
        """Tell its address, below the site's."""


@runtime_checkable
class Copying(Protocol):
    """What is read of Pelican's generator of copied files; no other generator has these."""

    path: str  # of the content
    settings: Mapping[str, object]
    staticfiles: list[Static]


class Gallery:
    """Know the pictures of a site from when its files are found until it is written."""

    def __init__(self) -> None:
        self._siteurl = ""
        self._shelf = Shelf(Path(DEFAULT_CACHE))
        self._pictures: dict[str, Picture] = {}  # by address below the site
        self._shown: dict[str, Path] = {}  # what pages ask for besides, by the same
        self._asked: list[str] = []

    def prepare(self, pelican: Run) -> None:
        """Give templates the filter."""
        filters = cast("MutableMapping[str, object]", pelican.settings["JINJA_FILTERS"])
        filters["pictured"] = self.pictured
        self._siteurl = str(pelican.settings["SITEURL"])

    def clean(self, generators: Sequence[object]) -> None:
        """Have the cleaned pictures copied instead of those that were committed.

        Raises:
            Refused: A file is called like a picture and is none.
        """
        self._pictures, self._shown = {}, {}
        for generator in generators:
            if not isinstance(generator, Copying):
                continue
            content = Path(generator.path)
            self._shelf = Shelf(
                content.parent / str(generator.settings.get("PICTURES_CACHE") or DEFAULT_CACHE)
            )
            for static in generator.staticfiles:
                source = content / static.source_path
                if source.suffix.lower() not in SUFFIXES:
                    continue
                try:
                    picture = self._shelf.clean(source)
                except Unreadable:
                    raise Refused(
                        f"{source}: this cannot be opened as a picture — save it again as PNG or JPEG"
                    ) from None
                self._pictures[static.save_as] = picture
                # Where it goes would be worked out anew from where it comes from.
                static.override_save_as, static.override_url = static.save_as, static.url
                static.source_path = str(picture.file.resolve())

    def pictured(self, html: str) -> Markup:
        """Offer the pictures of a page in all their forms (a filter for templates)."""
        return Markup(pictured(str(html), self._offer))  # noqa: S704 - escaped as it was before

    # What a build that remembers asks of the filter: what it depends on, and what calling it did besides.

    def state(self) -> object:
        """Tell what the filter knows: the pictures there are."""
        return {
            name: (str(one.file), one.width, one.height, one.still) for name, one in self._pictures.items()
        }

    def effects(self) -> list[str]:
        """Tell which pictures pages asked for since the last time."""
        asked, self._asked = self._asked, []
        return asked

    def repeat(self, effect: str) -> None:
        """Have a picture that a page asks for, which is not rendered again."""
        name, width, suffix = effect.rsplit(".", 2)
        self._shown[effect] = self._shelf.variant(self._pictures[name], suffix, int(width))

    def _offer(self, address: str) -> Offer | None:
        name = unquote(address.removeprefix(f"{self._siteurl}/"))
        picture = self._pictures.get(name)
        if picture is None:
            return None
        sources = [
            Source(
                type=kind,
                candidates=[
                    self._candidate(address, name, picture, suffix, width) for width in _widths(picture.width)
                ],
            )
            for suffix, kind in FORMATS.items()
            if picture.still
        ]
        return Offer(width=picture.width, height=picture.height, sources=sources, tone=picture.tone)

    def _candidate(
        self, address: str, name: str, picture: Picture, suffix: str, width: int
    ) -> tuple[str, int]:
        shown = f"{name}.{width}.{suffix}"
        self._shown[shown] = self._shelf.variant(picture, suffix, width)
        self._asked.append(shown)
        return f"{address}.{width}.{suffix}", width

    def write(self, pelican: Run) -> None:
        """Put what pages ask for beside the pictures."""
        for name, file in self._shown.items():
            target = Path(pelican.output_path, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _widths(own: int) -> list[int]:
    """Give the widths to make a picture in: those that are clearly less than its own, and its own or the largest."""
    return [width for width in WIDTHS if width * 1.2 < own] + [min(own, WIDTHS[-1])]


_gallery = Gallery()


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.initialized.connect(_gallery.prepare)
    signals.all_generators_finalized.connect(_gallery.clean)
    signals.finalized.connect(_gallery.write)
