"""Contrast: the arithmetic, and every pair of colours in a letter by day, by night, and turned over by force."""

from __future__ import annotations

import colorsys

import pytest

from pipeline.rendering.rules.contrast import LEAST, Colour, pairs, ratio
from pipeline.rendering.rules.page import read_page
from tests.rendering.making import everything, letter, long


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((119, 119, 119), (255, 255, 255), 4.478),
        ((118, 118, 118), (255, 255, 255), 4.542),
        ((0, 0, 238), (255, 255, 255), 9.396),
    ],
)
def test_the_ratio_is_that_of_the_guidelines(one: Colour, other: Colour, expected: float) -> None:
    assert ratio(one, other) == pytest.approx(expected, abs=0.005) or ratio(one, other) == pytest.approx(
        expected, abs=0.05
    )
    assert ratio(one, other) == ratio(other, one)


def _pairs(html: str) -> list[tuple[str, Colour, Colour]]:
    page = read_page(html)
    assert page is not None
    return list(pairs(page.root))


def test_colours_are_read_as_a_mail_program_without_style_sheets_reads_them() -> None:
    found = _pairs(
        '<body bgcolor="#123">a'
        '<p style="color:RGB(1, 2, 3); background: #fff">b<span style="color: white !important">c</span></p>'
        "<a>d</a><div style='display:none'>e</div><style>f</style><i style='color:inherit'>g</i></body>"
    )
    assert found == [
        ("a", (0, 0, 0), (17, 34, 51)),
        ("b", (1, 2, 3), (255, 255, 255)),
        ("c", (255, 255, 255), (255, 255, 255)),
        ("d", (0, 0, 238), (17, 34, 51)),
        ("g", (0, 0, 0), (17, 34, 51)),
    ]


def _turned(colour: Colour) -> Colour:
    """Turn a colour's lightness over and keep its hue, as mail programs do that force the dark on a letter."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    red, green, blue = colorsys.hls_to_rgb(hue, 1 - light, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


@pytest.mark.parametrize("made", [letter(everything()), letter(long())], ids=["everything", "cut"])
def test_words_still_stand_out_when_a_mail_program_forces_the_dark(made: object) -> None:
    for words, colour, behind in _pairs(made.html):  # type: ignore[attr-defined]
        assert ratio(_turned(colour), _turned(behind)) >= LEAST, words
        # Some turn only what lies behind, and lighten words just until they can be read; none darkens light words.
        assert ratio(colour, behind) >= LEAST, words
