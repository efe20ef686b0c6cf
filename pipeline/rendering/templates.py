"""The theme's templates: those of letters, of notices and of the list's own pages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, meta, select_autoescape

from pipeline.posts.languages import Catalogue

__all__ = ["environment", "load"]


def environment(theme: Path) -> Environment:
    """Build the Jinja environment that they are rendered in.

    HTML templates escape what they are given; a name that is not there is an error.

    Args:
        theme: The theme's folder, which holds ``templates/email/`` and ``translations/``. What is rendered says in
            the variable ``speaks`` in which of the languages.

    Raises:
        RenderingError: A catalogue of translations cannot be read.
    """
    made = Environment(
        loader=FileSystemLoader(theme / "templates"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,  # a running service must not meet half of a new theme
    )
    Catalogue.read(theme / "translations").install(made, lambda context: str(context.resolve("speaks")))
    return made


def load(environment: Environment, names: Iterable[str]) -> dict[str, Template]:
    """Load templates together with all that they are made of, so that they stay what they are if the files change.

    Args:
        environment: That of the theme.
        names: Of the templates.
    """
    loaded: dict[str, Template] = {}
    wanted, waiting = list(names), list(names)
    while waiting:
        name = waiting.pop()
        if name not in loaded and environment.loader is not None:
            loaded[name] = environment.get_template(name)
            source = environment.loader.get_source(environment, name)[0]
            waiting += filter(None, meta.find_referenced_templates(environment.parse(source)))
    return {name: loaded[name] for name in wanted}
