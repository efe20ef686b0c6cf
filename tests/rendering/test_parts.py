"""The pieces a letter is put together from, each by itself."""

from __future__ import annotations

import re

import pytest

from pipeline.rendering.wording import words_for
from tests.rendering.making import LINKS, PUBLICATION, ROOT, SITE, post, theme

PARTS = ROOT / "theme" / "templates" / "email" / "parts"
CONTEXT = {
    "post": post(content_note="It names a hospital."),
    "site": SITE,
    "publication": PUBLICATION,
    "title": "It is Monday",
    "links": LINKS,
    "words": words_for(theme(), "en"),
    "dir": "rtl",
    "words_dir": "ltr",
    "byline": "By Mara",
    "date": "1 June 2026",
}
SAYS = {
    "button.html": [],  # a macro: see below
    "footer.html": [
        PUBLICATION.why,
        LINKS.unsubscribe,
        LINKS.preferences,
        PUBLICATION.help_url,
        "Sampletown",
    ],
    "head.html": ["<title>It is Monday</title>", 'name="color-scheme"', "data-css-inline"],
    "header.html": ["<h1>It is Monday</h1>", "By Mara", "1 June 2026", PUBLICATION.description],
    "note.html": ["It names a hospital.", "Not today?", 'border="0"', 'class="rtl"'],
    "ribbon.html": ['role="presentation"'],
    "top.html": [LINKS.unsubscribe, "https://belonging.example.org/monday/"],
}


def test_every_part_is_looked_at() -> None:
    assert {file.name for file in PARTS.iterdir()} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_a_part_needs_only_what_it_says_it_asks_for(name: str) -> None:
    source = (PARTS / name).read_text(encoding="utf-8")
    asked = re.search(r"Asks for:? ([a-z_, ]+?)(?: in the context)?\. ?#", source)
    names = re.findall(r"[a-z_]+", asked[1].replace(" and ", " ")) if asked else []
    made = (
        theme()
        .get_template(f"email/parts/{name}")
        .render({"speaks": "en", **{key: CONTEXT[key] for key in names}})
    )
    for words in SAYS[name]:
        assert words in made
    for key in names:
        assert re.search(rf"\b{key}\b", source.partition("#}")[2]), (
            f"{name} asks for {key} and does not use it"
        )


def test_a_button_leads_somewhere_and_escapes_what_it_is_given() -> None:
    button = theme().get_template("email/parts/button.html").make_module(CONTEXT).button
    made = str(button("https://example.org/?a=1&b=2", "Read <on>"))
    assert '<a href="https://example.org/?a=1&amp;b=2" lang="en" dir="ltr">Read &lt;on&gt;</a>' in made


def test_every_style_has_something_to_style() -> None:
    """A rule for nothing is bytes in every letter and a riddle to whoever reads the style sheet."""
    folder = PARTS.parent
    markup = "\n".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.html"))
    made = "\n".join(
        (ROOT / "pipeline" / "rendering" / f"{name}.py").read_text(encoding="utf-8")
        for name in ("blocks", "direction", "pictures", "vocabulary")
    )
    for file in folder.glob("*.css"):
        for name in re.findall(
            r"\.([a-z][a-z-]*)(?=[\s,.{:])",
            re.sub(
                r"/\*.*?\*/|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|url\(.*?\)",
                "",
                file.read_text(encoding="utf-8"),
                flags=re.DOTALL,
            ),
        ):
            assert (
                re.search(rf"class=\"[^\"]*\b{name}\b", markup) or f'"{name}"' in made or f' {name}"' in made
            ), name
