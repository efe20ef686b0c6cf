"""Have every page speak the language of what is read on it.

A Pelican plugin. The words of the templates come from the theme's catalogues (``translations/*.po``). A post or page
in a language that the theme has words in is in that language altogether: menu, dates, footer. The frame of another
one is in the site's language, else in English.

Versions of one post or page in several languages know each other by their slug, as Pelican has it, or by
``translation: slug-of-the-original`` in the front matter, so that each has a slug in its own language.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from pelican import signals

from pipeline.errors import RenderingError
from pipeline.posts.languages import Catalogue, direction
from pipeline.posts.values import boolean

from ..refusing import Refused, without_traceback

__all__ = ["belong", "install", "prepare", "register", "spoken"]

_TOGETHER = "versions_of"  # attribute that all versions of one post or page share


class Page(Protocol):
    """What is read of a page, or of a post."""

    lang: str
    url: str
    translations: list[Page]


class Content(Protocol):
    """What is read of whatever Pelican has read."""

    metadata: Mapping[str, object]


class Run(Protocol):
    """What is changed of Pelican."""

    settings: MutableMapping[str, object]


class Generator(Protocol):
    """What is read and changed of a generator."""

    env: Environment
    settings: Mapping[str, object]


def spoken(settings: Mapping[str, object]) -> Catalogue:
    """Read the catalogues of the theme that a site is built with.

    Raises:
        Refused: One of them cannot be read.
    """
    folder = _folder(settings)
    try:
        return _catalogue(folder, tuple(file.stat().st_mtime_ns for file in sorted(folder.glob("*.po"))))
    except RenderingError as error:
        raise Refused(f"{error.message} — {error.advice}") from None


def _folder(settings: Mapping[str, object]) -> Path:
    return Path(str(settings["THEME"])) / "translations"


@lru_cache(maxsize=2)
def _catalogue(folder: Path, changed: tuple[int, ...]) -> Catalogue:  # noqa: ARG001 - read again once it changed
    return Catalogue.read(folder)


def install(generator: Generator) -> None:
    """Give the templates of one generator their words.

    Besides what every environment of the catalogue has, they get ``tongue()``, the attributes of an element that
    speaks the language of the frame and not of what is read; and the filter ``here``, which leads from the address of
    a page to its version in the language of the frame, where there is one.
    """
    catalogue = spoken(generator.settings)

    def speaks(context: Context) -> str:
        site = str(context["DEFAULT_LANG"])
        return catalogue.choose(_read(context), site)

    @pass_context
    def tongue(context: Context) -> str:
        lang = speaks(context)
        if lang == _read(context):
            return ""
        return Markup(' lang="{}" dir="{}"').format(lang, direction(lang))

    @pass_context
    def here(context: Context, url: str) -> str:
        lang = speaks(context)
        if lang == context["DEFAULT_LANG"]:
            return url
        pages: list[Page] = context["pages"]
        versions = [version for page in pages if page.url == url for version in page.translations]
        front = f"{lang}/"
        if not url and any(version.url == front for page in pages for version in (page, *page.translations)):
            return front
        return next((version.url for version in versions if version.lang == lang), url)

    # What a build that remembers compares: pages that speak are made anew when the words change, and only then.
    words = {file.name: file.read_bytes() for file in sorted(_folder(generator.settings).glob("*.po"))}
    before = {**generator.env.globals, **generator.env.filters}
    catalogue.install(generator.env, speaks)
    generator.env.globals["tongue"] = tongue
    generator.env.filters["here"] = here
    for name, function in {**generator.env.globals, **generator.env.filters}.items():
        if before.get(name) is not function and getattr(function, "__closure__", None):
            function.state = lambda: words


def prepare(pelican: Run) -> None:
    """Have Pelican put together what belongs together, whatever it is called in its language."""
    pelican.settings.update(ARTICLE_TRANSLATION_ID=_TOGETHER, PAGE_TRANSLATION_ID=_TOGETHER)


def belong(content: Content) -> None:
    """Note of a post or page by which name its versions know each other: the slug of the one they are made from."""
    named = content.metadata.get("translation")
    own = not isinstance(named, str) or boolean(named) is not None
    setattr(content, _TOGETHER, getattr(content, "slug", "") if own else named)


belong.reads_what_it_is_given = True  # type: ignore[attr-defined] # for builds that remember what was read


def _read(context: Context) -> str:
    """Name the language of what is read on a page."""
    content: Page | None = context.get("article") or context.get("page")
    return str(content.lang if content else context["DEFAULT_LANG"])


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.initialized.connect(prepare)
    signals.content_object_init.connect(belong)
    signals.generator_init.connect(install)
