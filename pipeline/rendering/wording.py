"""The words a letter says beside the post's own, from the theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from jinja2 import Environment, TemplateNotFound

from pipeline.errors import RenderingError

__all__ = ["TEMPLATE", "Words", "words_for"]

TEMPLATE = "email/words.jinja"
_LAST_RESORT = "en"
# The texts with blanks to be filled in, and what fills them.
_BLANKS: dict[str, dict[str, object]] = {
    "date": {"day": 1, "month": "May", "year": 2026},
    "note_on_page": {"number": "1"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What the letter says in one language. Every field is plain text."""

    lang: str  # BCP 47, the language these words are in
    months: tuple[str, ...]  # twelve names, January first
    date: str  # format with {day}, {month}, {year}
    by: str  # before the authors: "By"
    and_: str  # between the last two authors: "and"
    read_on_page: str  # link to the post's page
    read_rest: str  # button of a letter that was cut
    cut_notice: str  # before that button
    unsubscribe: str  # link to the page with one button
    preferences: str
    feed: str
    help: str
    content_note: str  # label before the note
    not_today: str  # beside the note, a link to the site
    promise: str  # what the letter does not do
    postal: str  # label before the postal address
    picture: str  # label before a picture's alternative text
    video: str  # label before a link to a video
    audio: str
    embedded: str  # label before a link to something that a letter cannot hold
    form: str  # link text in place of a form
    table: str  # name of a table without a caption, for screen readers
    links: str  # heading of the list of links in the plain-text part
    note_on_page: str  # what a note's number leads to, for screen readers; with {number}


def words_for(environment: Environment, *langs: str) -> Words:
    """Return the theme's words in the first of the languages it has, else in English.

    Args:
        environment: Holds the template ``email/words.jinja``, which sets ``words``: language → name → text.
        langs: BCP 47 tags, most wanted first. A tag also finds its primary language ("de-CH" finds "de").

    Raises:
        RenderingError: The theme has no words, or some are missing, unknown or not text.
    """
    try:
        table = environment.get_template(TEMPLATE).module.__dict__.get("words")
    except TemplateNotFound:
        table = None
    if not isinstance(table, Mapping):
        raise RenderingError(
            f"the theme has no words for letters ({TEMPLATE})",
            advice="set `words` there, language by language",
        )
    for lang in (*langs, _LAST_RESORT):
        for key in (lang, lang.split("-")[0].lower()):
            if key in table:
                return _read(key, table[key])
    raise RenderingError(f"{TEMPLATE} has no words in English", advice="add them under the key `en`")


def _fits(text: str, blanks: dict[str, object]) -> bool:
    try:
        text.format(**blanks)
    except (IndexError, KeyError, ValueError, AttributeError):
        return False
    return True


def _read(lang: str, entry: object) -> Words:
    place = f"{TEMPLATE}, {lang}"
    if not isinstance(entry, Mapping):
        raise RenderingError(f"{place}: not a mapping", advice="write name: text pairs")
    names = {field.name for field in fields(Words)} - {"lang", "months", "and_"} | {"and"}
    given = {str(key) for key in entry}
    for what, odd in (("missing", names | {"months"}), ("unknown", given)):
        found = sorted(odd - given if what == "missing" else odd - names - {"months"})
        if found:
            raise RenderingError(
                f"{place}: {what}: {', '.join(found)}", advice="compare it with the other languages"
            )
    texts = {name: entry[name] for name in sorted(names)}
    wrong = [name for name, text in texts.items() if not isinstance(text, str) or not text.strip()]
    months = entry["months"]
    if not isinstance(months, list | tuple) or len(months) != 12:
        wrong.append("months")
    wrong += [
        name for name, blanks in _BLANKS.items() if name not in wrong and not _fits(texts[name], blanks)
    ]
    if wrong:
        raise RenderingError(
            f"{place}: empty, not text or with a wrong {{blank}}: {', '.join(wrong)}",
            advice="write a text in quotes",
        )
    texts["and_"] = texts.pop("and")
    return Words(lang=lang, months=tuple(str(month) for month in months), **texts)
