"""Have every page speak the language of what is read on it.

A Pelican plugin. The words of the templates come from the theme's catalogues (``translations/*.po``). A post or page
in a language that the theme has words in is in that language altogether: menu, dates, footer. The frame of another
one is in the site's language, else in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from jinja2 import Environment
from jinja2.runtime import Context
from pelican import signals

from pipeline.errors import RenderingError
from pipeline.posts.languages import Catalogue

from ..refusing import Refused, without_traceback

__all__ = ["install", "register", "spoken"]


class Generator(Protocol):
    """What is read and changed of a generator."""

    env: Environment
    settings: Mapping[str, object]


def spoken(settings: Mapping[str, object]) -> Catalogue:
    """Read the catalogues of the theme that a site is built with.

    Raises:
        Refused: One of them cannot be read.
    """
    try:
        return Catalogue.read(Path(str(settings["THEME"])) / "translations")
    except RenderingError as error:
        raise Refused(f"{error.message} — {error.advice}") from None


def install(generator: Generator) -> None:
    """Give the templates of one generator their words."""
    catalogue = spoken(generator.settings)

    def speaks(context: Context) -> str:
        site = str(context["DEFAULT_LANG"])
        read = context.get("article") or context.get("page")
        return catalogue.choose(str(read.lang) if read else site, site)

    catalogue.install(generator.env, speaks)


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.generator_init.connect(install)
