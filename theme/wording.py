"""Bring the catalogues of translations up to date with what the theme says.

    make words                 translations/*.po: what is new is added, without a translation; what is gone is dropped
    make words LANGUAGE=fr     the same, after beginning one for French

The strings stand in templates/, in ``_("…")`` and ``{% trans %}``; besides, the list of help lines holds words that
readers see (its hours and notes), and posts in another language name topics and tags, which have their names in the
site's. A test fails while a string has no translation.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

__all__ = ["TRANSLATIONS", "strings", "written"]

_THEME = Path(__file__).resolve().parent
_CONTENT = _THEME.parent / "content"
TRANSLATIONS = _THEME / "translations"
_OPTIONS = {"**": {"trimmed": "true", "silent": "false"}}
_METHODS = [("**.html", "jinja2"), ("**.txt", "jinja2"), ("**.xml", "jinja2"), ("**.jinja", "jinja2")]
_WORDS = re.compile(r"(?<![\w’'.@])[a-z]{2,}(?![\w.@])")  # a word that is no name and no address
_SITE_LANGUAGE = "en"


def strings() -> Catalog:
    """Collect what is to be translated, with where it stands."""
    found = Catalog(charset="utf-8")
    for file, _line, message, comments, context in extract_from_dir(
        _THEME / "templates", _METHODS, _OPTIONS, strip_comment_tags=True
    ):
        found.add(message, locations=[(f"templates/{file}", 0)], auto_comments=comments, context=context)
    for text in _helplines():
        found.add(text, locations=[("content/helplines.toml", 0)])
    for text in _topics():
        found.add(text, locations=[("content/posts", 0)])
    return found


def _helplines() -> Iterator[str]:
    data = tomllib.loads((_CONTENT / "helplines.toml").read_text(encoding="utf-8"))
    for country in data["countries"]:
        for line in country["lines"]:
            yield from (text for text in (line["hours"], line["note"]) if text)
            yield from (text for text in (line["name"], line["text"], line["phone"]) if _WORDS.search(text))


def _topics() -> Iterator[str]:
    for file in sorted((_CONTENT / "posts").rglob("*.md")):
        head = file.read_text(encoding="utf-8").split("\n---\n")[0]
        fields = dict(re.findall(r"^(lang|category|tags): *(.+)$", head, re.MULTILINE))
        if fields.get("lang", _SITE_LANGUAGE) != _SITE_LANGUAGE:
            names = [fields.get("category", ""), *fields.get("tags", "").strip("[]").split(",")]
            yield from (name.strip() for name in names if name.strip())


def written(file: Path) -> Catalog:
    """Read one language's file; an empty catalogue where there is none yet."""
    if not file.exists():
        return Catalog(locale=file.stem.replace("-", "_"), charset="utf-8")
    with file.open("rb") as opened:
        return read_po(opened, locale=file.stem.replace("-", "_"))


def _bring_up_to_date(file: Path) -> None:
    catalogue = written(file)
    catalogue.update(strings(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with file.open("wb") as opened:
        write_po(opened, catalogue, width=110, include_lineno=False, omit_header=False, sort_by_file=True)
    text = file.read_text(encoding="utf-8")
    # What only says who ran which program when would be changed each time.
    text = re.sub(
        r'^#.*?(?=\nmsgid "")',
        f"# {catalogue.locale.english_name}, for this theme.",
        text,
        count=1,
        flags=re.DOTALL,
    )
    kept = ("Language:", "Plural-Forms:", "MIME-Version:", "Content-Type:", "Content-Transfer-Encoding:")
    head, _, rest = text.partition("\n\n")
    lines = [
        line
        for line in head.split("\n")
        if not re.match(r'"[A-Z]', line) or line.startswith(tuple(f'"{key}' for key in kept))
    ]
    file.write_text("\n".join(lines) + "\n\n" + rest, encoding="utf-8")


if __name__ == "__main__":
    for tag in sys.argv[1:]:
        (TRANSLATIONS / f"{tag}.po").touch()
    for path in sorted(TRANSLATIONS.glob("*.po")):
        _bring_up_to_date(path)
