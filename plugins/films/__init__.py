"""Show a film that stands on YouTube or Vimeo by a still picture and a plain link: nothing of theirs is loaded here.

A Pelican plugin. In a post, on a line of its own:

    https://www.youtube.com/watch?v=…                            a card of this site's own, drawn at build
    [What the film is called](https://vimeo.com/…)               the same, with the title
    [![What the still shows]({static}/images/still.jpg)](https://youtu.be/… "What the film is called")

A frame that was pasted (``<iframe>``) is taken for the link it holds. It becomes ``components/film.html`` in the body
of the post, so that pages, feeds and letters all have it. It depends on the post and that component, and on nothing
else: nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

from jinja2 import Environment
from markupsafe import Markup
from pelican import signals

from ..cards import FILM
from ..cards.drawing import STILL
from ..refusing import without_traceback
from .markup import AloneOnALine, Still, shown

__all__ = ["Films", "register"]


_MADE_WITH = "made_with"  # what builds that remember what was read look at
_COMPONENT = "templates/components/film.html"


class Run(Protocol):
    """What is changed of Pelican."""

    settings: MutableMapping[str, object]


class Generator(Protocol):
    """What is read of a generator."""

    env: Environment
    context: Mapping[str, object]


@runtime_checkable
class Content(Protocol):
    """What is read and changed of a post or page; no file that is only copied has it."""

    _content: str
    lang: str
    settings: Mapping[str, object]


class Films:
    """Know how the theme shows a film from when Pelican begins."""

    def __init__(self) -> None:
        self._generator: Generator | None = None

    def prepare(self, pelican: Run) -> None:
        """Have Markdown take a film's address on a line of its own for a link."""
        markdown = cast("MutableMapping[str, list[object]]", pelican.settings["MARKDOWN"])
        extensions = markdown.setdefault("extensions", [])
        if not any(isinstance(extension, AloneOnALine) for extension in extensions):
            extensions.append(AloneOnALine())

    def remember(self, generator: Generator) -> None:
        """Keep the environment that posts are shown with."""
        self._generator = generator

    def show(self, content: object) -> None:
        """Show the films of a post or page."""
        if self._generator is None or not isinstance(content, Content) or "<" not in (content._content or ""):
            return
        generator, settings = self._generator, content.settings

        def write(still: Still) -> str:
            theme = Path(str(settings["THEME"]))
            files = (theme / _COMPONENT, *sorted(theme.glob("translations/*.po")))
            setattr(content, _MADE_WITH, tuple(map(str, files)))
            module = generator.env.get_template("components/film.html").make_module(
                {**settings, "article": content}
            )
            width, height = STILL
            address = f"{settings['SITEURL']}/{FILM}"
            drawn = f'<img src="{address}" alt="" width="{width}" height="{height}" loading="lazy">'
            return str(vars(module)["film"](still.film, still.title, Markup(still.image or drawn))).strip()  # noqa: S704

        content._content = shown(content._content, write)

    show.reads_what_it_is_given = True  # type: ignore[attr-defined]


_films = Films()


def register() -> None:
    """Connect to Pelican."""
    without_traceback()
    signals.initialized.connect(_films.prepare)
    signals.generator_init.connect(_films.remember)
    signals.content_object_init.connect(_films.show)
