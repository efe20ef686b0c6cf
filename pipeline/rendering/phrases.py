"""What the list's pages and single messages say, in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, TemplateError

from pipeline.errors import RenderingError
from pipeline.posts.languages import Catalogue

__all__ = ["TEMPLATE", "phrases_for"]

TEMPLATE = "list/words.jinja"


def phrases_for(environment: Environment, *langs: str) -> Mapping[str, object]:
    """Find the phrases in the first of some languages that the theme has, else in English; "lang" says in which.

    Args:
        environment: See ``pipeline.rendering.environment``.
        langs: BCP 47 tags, most wanted first.

    Raises:
        RenderingError: The theme has no phrases.
    """
    lang = Catalogue.of(environment).choose(*langs)
    try:
        words = getattr(environment.get_template(TEMPLATE).make_module({"speaks": lang}), "words", None)
    except TemplateError:
        words = None
    if not isinstance(words, Mapping):
        raise RenderingError(
            f"the theme has no words for the list's pages ({TEMPLATE})", advice="set `words` there"
        )
    return {**words, "lang": lang}
