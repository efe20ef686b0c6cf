"""Which way languages and texts are written."""

from __future__ import annotations

import pytest

from pipeline.rendering.direction import direction, written


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "ltr"),
        ("he", "rtl"),
        ("ar-EG", "rtl"),
        ("AR", "rtl"),
        ("fa_IR", "rtl"),
        ("az", "ltr"),
        ("az-Arab", "rtl"),
        ("az-Arab-IR", "rtl"),
        ("ur-Latn", "ltr"),
        ("zh-Hant", "ltr"),
        ("arn", "ltr"),
    ],
)
def test_a_script_decides_and_else_the_language(lang: str, expected: str) -> None:
    assert direction(lang) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, 12!", "ltr"),
        ("שלום, 12!", "rtl"),
        ("الصديق", "rtl"),
        ("12, !", None),
        ("", None),
        ("Hello שלום", None),
        ("שלום Hello", None),
    ],
)
def test_only_a_text_of_one_mind_has_a_direction(text: str, expected: str | None) -> None:
    assert written(text) == expected
