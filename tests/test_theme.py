"""The theme's parts: one style sheet put together from components, one set of tokens for everything that is drawn."""

from __future__ import annotations

import re
import runpy
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.rendering.rules.contrast import ratio
from tests.site_fixture.building import ROOT

TEMPLATES = ROOT / "theme" / "templates"
COMPONENTS = sorted((TEMPLATES / "components").glob("*.html"))
WITHOUT_STYLE = {"linked_data", "social_card"}  # machines read them
SHEET = runpy.run_path(str(ROOT / "theme" / "stylesheet.py"))
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b")


def tokens() -> Mapping[str, object]:
    found = SHEET["tokens"]()
    assert isinstance(found, Mapping)
    return found


def colours() -> set[str]:
    groups = [value for value in tokens().values() if isinstance(value, Mapping)]
    return {colour for group in groups for colour in group.values()}


def test_the_style_sheet_is_what_the_components_say() -> None:
    assert SHEET["SHEET"].read_text(encoding="utf-8") == SHEET["text"](), "run: make style"


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_component_holds_its_markup_its_style_and_an_example(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    macros = re.findall(r"\{% macro (\w+)\(", text)
    assert set(macros) - {"style", "example"}, "no markup"
    assert macros.count("example") == 1
    assert macros.count("style") == (0 if path.stem in WITHOUT_STYLE else 1)
    assert text.startswith(("{#", "{% from")), "it does not say what it is for"


def test_no_colour_is_written_down_twice() -> None:
    shared = colours()
    for path in [*TEMPLATES.rglob("*.html"), *TEMPLATES.rglob("*.css"), *TEMPLATES.rglob("*.json")]:
        again = shared & set(COLOUR.findall(path.read_text(encoding="utf-8")))
        assert not again, f"{path.relative_to(ROOT)}: {again} has a name in tokens.jinja"


def test_the_local_mailbox_wears_the_sites_colours() -> None:
    text = (ROOT / "pipeline/web/static/mailbox.css").read_text(encoding="utf-8")
    names = re.findall(r"--([a-z]+): (#[0-9a-f]{6});", text)
    known = tokens()
    mine = {
        name: {group[name] for group in known.values() if isinstance(group, Mapping) and name in group}
        for name, _ in names
    }
    assert len(names) > 15
    assert [(name, colour) for name, colour in names if colour not in mine[name]] == []


@pytest.mark.parametrize("light", ["day", "night"])
def test_words_stand_out_from_every_ground_they_stand_on(light: str) -> None:
    group = tokens()[light]
    assert isinstance(group, Mapping)

    def parts(name: str) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(group[name][1:])
        return red, green, blue

    for word in ("text", "quiet", "link"):
        for ground in ("paper", "raised"):
            assert ratio(parts(word), parts(ground)) >= 4.5, (word, ground)
    assert ratio(parts("dusk"), parts("paper")) >= 3  # the focus ring, WCAG 2.2 1.4.11
