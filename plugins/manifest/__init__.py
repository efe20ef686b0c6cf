"""Write the manifest: what this site's posts are, for whoever mails them.

A Pelican plugin. In pelicanconf.py, after every plugin that changes what a post says:

    PLUGINS = [..., "plugins.manifest"]

Settings:
    MANIFEST_PATH: Where it is written; relative to the folder that holds the content folder. Default
        ``var/build/posts.json``.
    MANIFEST_BODIES: How many of the newest posts carry their text, 200 if not said. Of the others, everything else is
        known.

It is made once all posts are read, and written once the whole site is: a build that fails leaves the last one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pelican import signals

from pipeline.posts import manifest

from ..refusing import Refused, without_traceback
from .articles import Articles, posts, site

__all__ = ["Writer", "register"]

DEFAULT_PATH = "var/build/posts.json"
DEFAULT_BODIES = 200


class Writer:
    """Keep what is known of the posts from when they are read until the site is written."""

    def __init__(self) -> None:
        self._pending: tuple[Path, str] | None = None

    def collect(self, generators: Sequence[object]) -> None:
        """Describe the published posts.

        Raises:
            Refused: One cannot be described.
        """
        self._pending = None
        for generator in generators:
            if isinstance(generator, Articles):
                settings = generator.settings
                about = site(settings)
                found = posts(generator, about, bodies=_bodies(settings))
                try:
                    self._pending = (_path(settings), manifest.dumps(about, found))
                except manifest.ManifestError as error:
                    raise Refused(str(error)) from None

    def write(self, pelican: object) -> None:  # noqa: ARG002 - Pelican hands itself over
        """Write what was collected.

        Raises:
            Refused: It cannot be written.
        """
        if self._pending is None:
            return
        try:
            manifest.write_text(*self._pending)
        except manifest.ManifestError as error:
            raise Refused(str(error)) from None
        self._pending = None


def _path(settings: Mapping[str, object]) -> Path:
    return Path(str(settings["PATH"])).parent / str(settings.get("MANIFEST_PATH") or DEFAULT_PATH)


def _bodies(settings: Mapping[str, object]) -> int:
    number = settings.get("MANIFEST_BODIES", DEFAULT_BODIES)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise Refused(f"MANIFEST_BODIES is {number!r} — write a whole number, 0 or more")
    return number


_writer = Writer()


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.all_generators_finalized.connect(_writer.collect)
    signals.finalized.connect(_writer.write)
