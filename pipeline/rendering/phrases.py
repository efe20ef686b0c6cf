"""What the list's pages and single messages say, in the language of the site."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, TemplateError

from pipeline.errors import RenderingError

__all__ = ["TEMPLATE", "phrases_for"]

TEMPLATE = "list/words.jinja"
_LAST_RESORT = "en"


def phrases_for(environment: Environment, lang: str) -> Mapping[str, object]:
    """Find the phrases of a language, else of English; "lang" in them says which it is.

    Args:
        environment: See ``pipeline.rendering.environment``.
        lang: A language tag, as the site has it.

    Raises:
        RenderingError: The theme has no phrases, or lacks some in this language.
    """
    try:
        table = environment.get_template(TEMPLATE).module.__dict__.get("words")
    except TemplateError:
        table = None
    if not isinstance(table, Mapping) or not isinstance(table.get(_LAST_RESORT), Mapping):
        raise RenderingError(
            f"the theme has no words for the list's pages ({TEMPLATE})",
            advice="set `words` there, language by language, English among them",
        )
    chosen = next(
        (key for key in (lang, lang.partition("-")[0].lower()) if isinstance(table.get(key), Mapping)),
        _LAST_RESORT,
    )
    if missing := sorted(set(table[_LAST_RESORT]) - set(table[chosen])):
        raise RenderingError(
            f"{TEMPLATE}, {chosen}: missing: {', '.join(missing)}", advice="translate them from English"
        )
    return {**table[chosen], "lang": chosen}
