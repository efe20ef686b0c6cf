"""Cards beside shared links: drawn at build, the same each time, and silent about whoever shares."""

from __future__ import annotations

import io
from pathlib import Path

import lxml.html
import pytest
from PIL import Image, ImageChops

from plugins.cards import drawing
from plugins.cards.wording import tells
from tests.site_fixture.building import SITEURL, build, build_own

COLOURS = {"paper": "#fbf8f2", "text": "#1f2a37", "clay": "#b5533c", "raised": "#efe6d8", "dusk": "#5b6c8f"}


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")


def inked(data: bytes, box: tuple[int, int, int, int]) -> bool:
    """Say whether there is writing in a part of a card."""
    part = opened(data).crop(box).convert("L")
    return (part.getextrema()[0] or 0) < 100


def test_a_card_has_the_size_that_is_asked_for_and_the_colours_of_the_theme() -> None:
    data = drawing.card("Belonging", "You don’t have to earn your seat", COLOURS)
    image = opened(data)
    assert image.size == drawing.CARD == (1200, 630)
    ground, paper = image.getpixel((600, 625)), image.getpixel((1190, 10))
    for seen, colour in ((ground, COLOURS["raised"]), (paper, COLOURS["paper"])):
        assert isinstance(seen, tuple)
        assert max(abs(a - b) for a, b in zip(seen, bytes.fromhex(colour[1:]), strict=True)) <= 4
    assert len(data) < 40 * 1024
    assert opened(drawing.still(COLOURS)).size == drawing.STILL


def test_the_same_words_give_the_same_bytes_and_others_give_others() -> None:
    first = drawing.card("Belonging", "One", COLOURS)
    assert first == drawing.card("Belonging", "One", COLOURS)
    assert ImageChops.difference(opened(first), opened(drawing.card("Belonging", "Two", COLOURS))).getbbox()


@pytest.mark.parametrize(
    "line", ["Short", "word " * 12, "Donaudampfschifffahrtsgesellschaft " * 3, "long " * 400, "x" * 300]
)
def test_a_title_of_any_length_stays_on_its_card(line: str) -> None:
    data = drawing.card("Belonging", line.strip(), COLOURS)
    assert inked(data, (90, 212, 1110, 518))
    assert not inked(data, (0, 530, 1200, 630)), "on the ground"
    assert not inked(data, (1112, 200, 1200, 530)), "in the margin"


@pytest.mark.parametrize(
    ("text", "can"), [("Ñandú “él” — ½ Łódź", True), ("سلام", False), ("字", False), ("🌱", False)]
)
def test_what_the_typeface_has_no_sign_for_is_known(text: str, can: bool) -> None:
    assert drawing.can_write(text) is can


@pytest.mark.parametrize(
    "title",
    [
        "A year sober",
        "When my brother relapsed",
        "After the overdose",
        "Living with PTSD",
        "Grief, again",
        "La recaída no borra nada",
    ],
)
def test_a_title_that_tells_something_about_its_reader_is_known(title: str) -> None:
    assert tells(title)


@pytest.mark.parametrize(
    "title", ["You don’t have to earn your seat", "Pass is a whole sentence", "How many chairs"]
)
def test_a_title_that_tells_nothing_may_stand_there(title: str) -> None:
    assert not tells(title)


def shared(output: Path, name: str) -> dict[str, str]:
    html = lxml.html.parse(output / name)
    found = html.xpath("//meta[starts-with(@property, 'og:image')]")
    return {meta.get("property"): meta.get("content") for meta in found}


def test_every_page_names_a_card_that_is_there_and_says_what_stands_on_it(tmp_path: Path) -> None:
    output = build_own(tmp_path / "output")
    for path in sorted(output.rglob("*.html")):
        if path.name == "404.html":
            continue
        card = shared(output, str(path.relative_to(output)))
        file = output / card["og:image"].removeprefix(f"{SITEURL}/")
        with Image.open(file) as image:
            assert (str(image.width), str(image.height)) == (card["og:image:width"], card["og:image:height"])
        assert card["og:image:alt"].startswith("Belonging")
    post = shared(output, "insight-alone/index.html")
    assert post["og:image"] == f"{SITEURL}/insight-alone/card.png"
    assert post["og:image:alt"] == "Belonging: Understanding it didn’t stop it"


def test_a_telling_title_is_left_out_unless_the_writer_gives_another_line(tmp_path: Path) -> None:
    posts = tmp_path / "content" / "posts"
    posts.mkdir(parents=True)
    for name, title, more in (
        ("a", "Four years sober", ""),
        ("b", "My first relapse", "card: A letter for a friend\n"),
        ("c", "أهلا", ""),
    ):
        (posts / f"{name}.md").write_text(
            f"---\ntitle: {title}\ndate: 2026-01-02\nslug: {name}\n{more}---\n\nText.\n", encoding="utf-8"
        )
    output = build(tmp_path / "out" / "output", content=tmp_path / "content")
    for name in ("a", "c"):
        assert shared(output, f"{name}/index.html")["og:image"] == f"{SITEURL}/card.png"
        assert shared(output, f"{name}/index.html")["og:image:alt"] == "Belonging"
        assert not (output / name / "card.png").exists()
    assert shared(output, "b/index.html")["og:image:alt"] == "Belonging: A letter for a friend"
