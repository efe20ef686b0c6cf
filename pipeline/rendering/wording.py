"""The words a letter says beside the post's own, from the theme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from jinja2 import Environment, TemplateNotFound

from pipeline.errors import RenderingError
from pipeline.posts.languages import Catalogue

__all__ = ["TEMPLATE", "Words", "words_for"]

TEMPLATE = "email/words.jinja"
# The texts with blanks to be filled in, and what fills them.
_BLANKS: dict[str, dict[str, object]] = {
    "digest_title": {"first": "1 May 2026", "last": "7 May 2026"},
    "discreet_subject": {"date": "1 May 2026"},
    "note_on_page": {"number": "1"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What the letter says in one language. Every field is plain text."""

    lang: str  # BCP 47, the language these words are in
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
    discreet_subject: str  # of a letter that is not to be told by its outside; with {date}
    discreet_preheader: str
    notice_title: str  # subject and title of a letter that says only that there is one
    notice_text: str
    notice_link: str  # to the site
    digest_title: str  # with {first} and {last}, days
    note_on_page: str  # what a note's number leads to, for screen readers; with {number}


def words_for(environment: Environment, *langs: str) -> Words:
    """Return the theme's words in the first of the languages it has, else in English.

    Args:
        environment: Holds the template ``email/words.jinja``, which sets ``words``: name → text.
        langs: BCP 47 tags, most wanted first. A tag also finds its primary language ("de-CH" finds "de").

    Raises:
        RenderingError: The theme has no words, or some are missing, unknown or not text.
    """
    lang = Catalogue.of(environment).choose(*langs)
    try:
        words = getattr(environment.get_template(TEMPLATE).make_module({"speaks": lang}), "words", None)
    except TemplateNotFound:
        words = None
    if words is None:
        raise RenderingError(f"the theme has no words for letters ({TEMPLATE})", advice="set `words` there")
    return _read(lang, words)


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
    names = {field.name for field in fields(Words)} - {"lang", "and_"} | {"and"}
    given = {str(key) for key in entry}
    for what, odd in (("missing", names - given), ("unknown", given - names)):
        if odd:
            raise RenderingError(f"{place}: {what}: {', '.join(sorted(odd))}", advice="see wording.Words")
    texts = {name: entry[name] for name in sorted(names)}
    wrong = [name for name, text in texts.items() if not isinstance(text, str) or not text.strip()]
    wrong += [
        name for name, blanks in _BLANKS.items() if name not in wrong and not _fits(texts[name], blanks)
    ]
    if wrong:
        raise RenderingError(
            f"{place}: empty, not text or with a wrong {{blank}}: {', '.join(wrong)}",
            advice="write a text in quotes",
        )
    texts["and_"] = texts.pop("and")
    return Words(lang=lang, **texts)
