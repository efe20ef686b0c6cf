"""Draw what stands beside a link that somebody shares: one card for each post, and one for everything else.

A Pelican plugin. Each published post gets an attribute ``card``; templates have ``SITE_CARD``. A card bears the
site's name and one line: what the writer put under ``card:``, else the title. A title that would say something about
whoever has it on their screen is left out, and so is one that the typeface has no signs for; then the card bears the
name alone.

A card depends on that line, on SITENAME, on the theme's colours and on Pillow, and stands beside its post's page.
What was drawn is kept where pictures are. ``film.png`` is drawn besides, for ``plugins.films``.

Settings:
    SOCIAL_CARDS: False, and every post has the site's card. A first build takes about 50 ms for each of the others.
    PICTURES_CACHE: as of ``plugins.pictures``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from jinja2 import Environment
from pelican import signals

from pipeline.posts.plain import from_html

from ..pictures import DEFAULT_CACHE
from ..pictures.shelf import Shelf
from ..refusing import without_traceback
from . import drawing
from .wording import tells

__all__ = ["FILM", "Card", "Cards", "register"]

FILM = "film.png"  # below the site
_SITE = "card.png"


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card that was drawn."""

    url: str  # whole
    width: int
    height: int
    words: str  # what stands on it


class Article(Protocol):
    """What is read of a post here, and what is written."""

    title: str
    save_as: str
    card: Card | str


class Run(Protocol):
    """What is read of Pelican."""

    output_path: str


@runtime_checkable
class Articles(Protocol):
    """What is read and changed of Pelican's generator of posts; no other generator has these."""

    path: str  # of the content
    env: Environment
    settings: Mapping[str, object]
    context: MutableMapping[str, object]
    articles: list[Article]
    translations: list[Article]
    hidden_articles: list[Article]


class Cards:
    """Know which cards a site needs from when its posts are read until it is written."""

    def __init__(self) -> None:
        self._drawn: dict[str, Path] = {}  # where they are kept, by path below the output

    def collect(self, generators: Sequence[object]) -> None:
        """Draw the card of every post that is written, and those that are nobody's."""
        self._drawn = {}
        for generator in generators:
            if isinstance(generator, Articles):
                self._collect(generator)

    def _collect(self, generator: Articles) -> None:
        settings = generator.settings
        name, url = from_html(str(settings["SITENAME"])), str(settings["SITEURL"])
        module = generator.env.get_template("tokens.jinja").module
        day: Mapping[str, str] = vars(module)["day"]
        colours = {name: day[name] for name in drawing.COLOURS}
        shelf = Shelf(Path(generator.path).parent / str(settings.get("PICTURES_CACHE") or DEFAULT_CACHE))

        def drawn(path: str, line: str) -> Card:
            known = repr((drawing.RECIPE, name, line, sorted(colours.items()))).encode()
            self._drawn[path] = shelf.keep(known, "card.png", lambda: drawing.card(name, line, colours))
            width, height = drawing.CARD
            words = f"{name}: {line}" if line else name
            return Card(url=f"{url}/{path}", width=width, height=height, words=words)

        known = repr((drawing.RECIPE, "film", sorted(colours.items()))).encode()
        self._drawn[FILM] = shelf.keep(known, FILM, lambda: drawing.still(colours))
        generator.context["SITE_CARD"] = site = drawn(_SITE, "")
        filters = cast("Mapping[str, Callable[[str], str]]", settings["JINJA_FILTERS"])
        for article in (*generator.articles, *generator.translations, *generator.hidden_articles):
            line = filters["typeset"](_line(article)) if settings.get("SOCIAL_CARDS", True) else ""
            article.card = drawn(_beside(article.save_as), line) if line else site

    def write(self, pelican: Run) -> None:
        """Put the cards where pages say they are."""
        for path, file in self._drawn.items():
            target = Path(pelican.output_path, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def _line(article: Article) -> str:
    """Choose what stands on a post's card."""
    chosen = getattr(article, "card", "")
    title = from_html(article.title)
    line = chosen if isinstance(chosen, str) and chosen else "" if tells(title) else title
    return line if drawing.can_write(line) else ""


def _beside(save_as: str) -> str:
    """Give the path of a page's card."""
    return (
        save_as.removesuffix("index.html") + _SITE if save_as.endswith("index.html") else f"{save_as}.{_SITE}"
    )


_cards = Cards()


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.all_generators_finalized.connect(_cards.collect)
    signals.finalized.connect(_cards.write)
