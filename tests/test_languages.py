"""Languages: nothing that people read stands in a template unmarked, and nothing marked is left untranslated."""

from __future__ import annotations

import ast
import datetime as dt
import re
import runpy
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import Environment, nodes

from pipeline.posts.languages import Catalogue, own_name
from pipeline.rendering import environment
from pipeline.settings import LetterSettings, ServiceSettings
from tests.site_fixture.building import ROOT

THEME = ROOT / "theme"
TEMPLATES = THEME / "templates"
WORDING = runpy.run_path(str(THEME / "wording.py"))
LANGUAGES = sorted(WORDING["TRANSLATIONS"].glob("*.po"))
# For machines: nobody reads these.
MACHINES = {"robots.txt", "webmanifest.json", "tokens.jinja", "components/linked_data.html"}
PAGES = sorted(
    path
    for suffix in ("html", "txt", "xml", "jinja")
    for path in TEMPLATES.rglob(f"*.{suffix}")
    if path.relative_to(TEMPLATES).as_posix() not in MACHINES
)
SEEN = {"alt", "title", "aria-label", "aria-roledescription", "placeholder", "label", "summary"}
BLANK = re.compile(r"%\(\w+\)s|\{\w*\}")
TAG = re.compile(r"</?\w+")
LETTER = re.compile(r"[^\W\d_]")
SENTENCE = re.compile(r"^[A-Z][a-z]+(?:[ .,:?!]|$)|[a-z,] [a-zA-Z]")
ATTRIBUTES = re.compile(r"^(?:\s+[\w-]+=\"0\")+\s*$")  # put together in a block of their own
EXAMPLE = re.compile(r"\{% macro (?:example|style)\(\) %\}.*?\{% endmacro %\}", re.DOTALL)


def name(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.fixture(scope="module")
def jinja() -> Environment:
    return environment(THEME)


@pytest.fixture(scope="module")
def strings() -> Catalog:
    found = WORDING["strings"]()
    assert isinstance(found, Catalog)
    assert len(found) > 200
    return found


# --- templates --------------------------------------------------------------------------------------------------


class _Shown(HTMLParser):
    """Collect what a person sees or hears of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        known = dict(attrs)
        described = known.get("name") == "description" or (known.get("property") or "").startswith("og:title")
        self.texts += [
            value or ""
            for key, value in attrs
            if key in SEEN or key.startswith("data-said") or (described and key == "content")
        ]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def outside(jinja: Environment, source: str) -> str:
    """What a template says without asking the catalogue; a digit stands for each of its expressions."""
    said: list[str] = []
    translated = False
    tokens = [token for token in jinja.lex(source) if token[1] != "whitespace"]
    for (_, kind, value), after in zip(tokens, [*tokens[1:], (0, "", "")], strict=True):
        if kind == "block_begin":
            translated = {"trans": True, "endtrans": False}.get(after[2], translated)
        elif kind == "data" and not translated:
            said.append(value)
        elif kind == "variable_begin" and not translated:
            said.append("0")
    return "".join(said)


def constants(node: nodes.Node) -> Iterator[str]:
    """The strings of a template's expressions that do not go through the catalogue."""
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Call) and getattr(child.node, "name", "") in ("_", "gettext", "ngettext"):
            continue
        if isinstance(child, nodes.Const) and isinstance(child.value, str):
            yield child.value
        yield from constants(child)


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_template_says_nothing_that_cannot_be_translated(path: Path, jinja: Environment) -> None:
    source = EXAMPLE.sub("", path.read_text(encoding="utf-8"))
    text = outside(jinja, source)
    if path.suffix == ".html":
        shown = _Shown()
        shown.feed(text)
        texts = shown.texts
    else:
        texts = [re.sub(r"<[^>]*>", "", text)] if path.suffix != ".jinja" else []
    texts = [ATTRIBUTES.sub("", text).strip() for text in texts]
    assert [text for text in texts if LETTER.search(text)] == []
    assert [text for text in constants(jinja.parse(source)) if SENTENCE.search(text)] == []


def test_the_look_at_templates_finds_what_it_is_for(jinja: Environment) -> None:
    bad = (
        '{# Fine #}<p title="Bad">{% trans %}Fine{% endtrans %}{{ "Fine"|length }} bad</p><style>p {}</style>'
    )
    shown = _Shown()
    shown.feed(outside(jinja, bad))
    assert [text.strip() for text in shown.texts if LETTER.search(text)] == ["Bad", "0 bad"]
    assert list(constants(jinja.parse('{{ _("fine") }}{% set a = "Bad one" if b else c("d") %}'))) == [
        "Bad one",
        "d",
    ]


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_macro_that_speaks_is_told_the_language_of_the_page(path: Path, jinja: Environment) -> None:
    for found in jinja.parse(path.read_text(encoding="utf-8")).find_all((nodes.FromImport, nodes.Import)):
        assert isinstance(found.template, nodes.Const)
        source = (TEMPLATES / found.template.value).read_text(encoding="utf-8")
        speaks = re.search(r"_\(|\{% trans|\||tongue\(|spoken\(|import", EXAMPLE.sub("", source))
        assert found.with_context or not speaks, f"import {found.template.value} with context"


def test_what_settings_say_by_themselves_is_translated(strings: Catalog) -> None:
    conf = ast.parse((ROOT / "pelicanconf.py").read_text(encoding="utf-8"))
    values = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in conf.body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id
        in {"MENUITEMS", "FOOTERITEMS", "EXIT_NAME", "SITESUBTITLE", "DEFAULT_CATEGORY"}
    }
    said = [label for items in ("MENUITEMS", "FOOTERITEMS") for label, _ in values[items]]
    said += [values["EXIT_NAME"], values["SITESUBTITLE"], values["DEFAULT_CATEGORY"]]
    said += [LetterSettings().why, ServiceSettings().consent]
    assert [text for text in said if text not in strings] == []


# --- catalogues -------------------------------------------------------------------------------------------------


def test_there_is_another_language() -> None:
    assert "es" in {path.stem for path in LANGUAGES}


def shapes(message: Message) -> list[tuple[str, str]]:
    """Each translation beside what it is a translation of."""
    if isinstance(message.id, str):
        return [(message.id, str(message.string))]
    return [(message.id[-1], text) for text in message.string]


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_a_language_says_everything_and_nothing_else(path: Path, strings: Catalog) -> None:
    written = WORDING["written"](path)
    wanted = {message.id for message in strings if message.id}
    there = {message.id for message in written if message.id}
    assert wanted - there == set(), "run: make words"
    assert there - wanted == set(), "run: make words"
    assert not written.obsolete
    for message in written:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        assert len(shapes(message)) == (1 if isinstance(message.id, str) else written.num_plurals)
        for said, translated in shapes(message):
            assert translated.strip(), f"not translated: {said}"
            assert translated == translated.strip()
            assert Counter(BLANK.findall(said)) == Counter(BLANK.findall(translated)), said
            assert Counter(TAG.findall(said)) == Counter(TAG.findall(translated)), said


def test_a_catalogue_finds_the_nearest_language_it_has() -> None:
    spoken = Catalogue.read(THEME / "translations")
    assert spoken.choose("es-MX") == spoken.choose("ES") == spoken.choose("xx", "es") == "es"
    assert spoken.choose("xx", "en-GB") == spoken.choose() == "en"


def test_dates_counts_and_countries_are_written_as_the_language_does(jinja: Environment) -> None:
    spoken = Catalogue.of(jinja)
    day = dt.date(2026, 11, 3)
    assert (spoken.day("en", day), spoken.day("es", day)) == ("3 November 2026", "3 de noviembre de 2026")
    assert spoken.day("es", "2026-11-03") == "3 de noviembre de 2026"
    assert (spoken.day("es", 2026), spoken.day("es", "spring")) == ("2026", "spring")
    count = jinja.from_string(
        "{% trans count=n %}{{ count }} post{% pluralize %}{{ count }} posts{% endtrans %}"
    )
    assert [count.render(n=n, speaks="es") for n in (0, 1, 2)] == ["0 textos", "1 texto", "2 textos"]
    assert [count.render(n=n, speaks="en") for n in (0, 1, 2)] == ["0 posts", "1 post", "2 posts"]
    place = jinja.from_string("{{ {'code': 'DE', 'country': 'Germany'}|territory }}")
    assert (place.render(speaks="en"), place.render(speaks="es")) == ("Germany", "Alemania")


def test_a_language_is_called_what_its_speakers_call_it() -> None:
    assert [own_name(tag) for tag in ("es", "en", "he", "pt-BR", "qqq")] == [
        "Español",
        "English",
        "עברית",
        "Português (Brasil)",
        "Qqq",
    ]
