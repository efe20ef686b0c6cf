"""Languages: what the theme says, in the language of whoever reads it.

English stands in the templates themselves. Every other language has a file of GNU gettext's in the theme's folder
``translations``, named by its tag: ``es.po``, ``pt-BR.po``. It is read as it is; nothing is compiled beforehand, so
nothing can be out of date. The site and the letters read the same files.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from pipeline.errors import RenderingError

__all__ = ["SOURCE", "Catalogue", "Direction", "direction", "initial", "own_name"]

SOURCE = "en"  # the language that stands in the templates

Direction = Literal["ltr", "rtl"]

_RTL_LANGUAGES = frozenset(
    {"ar", "arc", "arz", "ckb", "dv", "fa", "he", "iw", "ji", "ks", "mzn", "nqo", "pnb", "ps", "sd", "syr"}
    | {"ug", "ur", "yi"}
)
_RTL_SCRIPTS = frozenset(
    {"adlm", "arab", "aran", "hebr", "mand", "mend", "nkoo", "rohg", "samr", "syrc", "thaa"}
)
_YEAR = re.compile(r"\d{1,4}")
_GLOBAL = "catalogue"  # under which an environment knows its catalogue


def direction(lang: str) -> Direction:
    """Return the direction a language is written in.

    Args:
        lang: A BCP 47 tag. A script subtag decides; without one the language's usual script does.
    """
    parts = lang.lower().replace("_", "-").split("-")
    script = next((part for part in parts[1:] if len(part) == 4 and part.isalpha()), None)
    if script is not None:
        return "rtl" if script in _RTL_SCRIPTS else "ltr"
    return "rtl" if parts[0] in _RTL_LANGUAGES else "ltr"


def own_name(lang: str) -> str:
    """Name a language as its own speakers do, with a capital, as a link that leads to it: Español."""
    try:
        name = Locale.parse(lang, sep="-").get_display_name()
    except (UnknownLocaleError, ValueError):
        name = None
    return initial(name or lang)


def initial(text: str) -> str:
    """Begin a text with a capital; what follows stays as it is."""
    return text[:1].upper() + text[1:]


class Catalogue:
    """The theme's words in every language it has."""

    def __init__(self, translations: Mapping[str, NullTranslations]) -> None:
        """Take what each language but English says, by its tag."""
        self._translations = {SOURCE: NullTranslations(), **translations}
        self._by_folded = {tag.lower(): tag for tag in self._translations}

    @classmethod
    def read(cls, folder: Path) -> Catalogue:
        """Read the files of a folder; one that does not exist holds none.

        Raises:
            RenderingError: A file is not a catalogue, or is not named after a language.
        """
        return cls({file.stem: _read(file) for file in sorted(folder.glob("*.po"))})

    @classmethod
    def of(cls, environment: Environment) -> Catalogue:
        """Answer the catalogue that was installed into an environment; one of English alone where none was."""
        known = environment.globals.get(_GLOBAL)
        return known if isinstance(known, cls) else cls({})

    @property
    def languages(self) -> tuple[str, ...]:
        """Name the languages, English first."""
        return tuple(self._translations)

    def choose(self, *wanted: str) -> str:
        """Choose the first of some languages that there are words in, else English.

        Args:
            wanted: BCP 47 tags, most wanted first. A tag also finds what is less particular: "es-MX" finds "es".
        """
        for tag in wanted:
            parts = tag.lower().replace("_", "-").split("-")
            for length in range(len(parts), 0, -1):
                if (found := self._by_folded.get("-".join(parts[:length]))) is not None:
                    return found
        return SOURCE

    def say(self, lang: str, text: str) -> str:
        """Say a text of the theme, which is in English, in one of the languages."""
        return self._translations[lang].gettext(text) if text else text

    def day(self, lang: str, value: dt.date | str | int, pattern: str = "") -> str:
        """Write a date as people read it in a language; leave a bare year as it is.

        Args:
            lang: One of the languages.
            value: A date, or one in ISO 8601, or a year.
            pattern: What of it, in the letters of Unicode TS 35; "" is day, month and year.
        """
        if not isinstance(value, dt.date):
            if _YEAR.fullmatch(str(value)):
                return str(value)
            try:
                value = dt.date.fromisoformat(str(value))
            except ValueError:
                return str(value)
        chosen = pattern or self.say(lang, "d MMMM y")
        return format_date(value, chosen, locale=Locale.parse(lang, sep="-"))

    def territory(self, lang: str, code: str, *, usual: str) -> str:
        """Name a country in one of the languages; in English, as the theme's own pages usually do.

        Args:
            lang: One of the languages.
            code: ISO 3166-1, two letters.
            usual: Its name in English.
        """
        known = None if lang == SOURCE else Locale.parse(lang, sep="-").territories.get(code.upper())
        return str(known or usual)

    def install(self, environment: Environment, speaks: Callable[[Context], str]) -> None:
        """Teach templates to speak.

        They get ``_()`` and ``{% trans %}``; ``spoken()``, the language they speak; and filters: ``said``, for a text
        from elsewhere that the catalogue may know; ``day``, ``territory``, ``own_name``, ``direction``, ``initial``.

        A macro speaks the language of the page only if it is imported ``with context``.

        Args:
            environment: Whose templates.
            speaks: Answers, of what is being rendered, which of the languages it speaks.
        """

        @pass_context
        def gettext(context: Context, text: str) -> str:
            return self.say(speaks(context), text)

        @pass_context
        def ngettext(context: Context, one: str, several: str, count: int) -> str:
            return self._translations[speaks(context)].ngettext(one, several, count)

        @pass_context
        def day(context: Context, value: dt.date | str | int, pattern: str = "") -> str:
            return self.day(speaks(context), value, pattern)

        @pass_context
        def said(context: Context, text: str) -> str:
            return self.say(speaks(context), text)

        @pass_context
        def territory(context: Context, country: Mapping[str, str]) -> str:
            return self.territory(speaks(context), country["code"], usual=country["country"])

        @pass_context
        def spoken(context: Context) -> str:
            return speaks(context)

        environment.add_extension("jinja2.ext.i18n")
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        environment.globals.update({_GLOBAL: self, "spoken": spoken})
        environment.filters.update(
            day=day, said=said, territory=territory, own_name=own_name, direction=direction, initial=initial
        )


def _read(file: Path) -> GNUTranslations:
    """Read one catalogue. What is fuzzy in it is a guess, and not said."""
    try:
        Locale.parse(file.stem, sep="-")
        with file.open("rb") as opened:
            catalogue = read_po(opened, locale=file.stem.replace("-", "_"), abort_invalid=True)
    except (UnknownLocaleError, ValueError):
        raise RenderingError(
            f"{file}: there is no language “{file.stem}”", advice="name the file by its tag: es.po, pt-BR.po"
        ) from None
    except PoFileError as error:
        raise RenderingError(f"{file}:{error.lineno}: {error}", advice="see CONTRIBUTING.md") from None
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
