"""How wide text is and where it breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.rendering.columns import pad, width, wrap


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("安全", 4),
        ("ｶﾅ", 2),
        ("🫖", 2),
        ("👩‍👩‍👧", 2),
        ("👍🏽", 2),
        ("❤️", 2),
        ("☎", 1),
        ("a\u200bb", 2),
        ("שלום", 4),
        ("שָׁלוֹם", 4),
    ],
)
def test_width_is_what_a_terminal_gives_it(text: str, columns: int) -> None:
    assert width(text) == columns


def test_padding_counts_columns_and_not_characters() -> None:
    assert pad("安", 4) == "安  "
    assert pad("安", 4, "right") == "  安"
    assert pad("ab", 5, "center") == " ab  "
    assert pad("abc", 2) == "abc"


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one two three", 6, ["one", "two", "three"]),
        ("a\nb c", 72, ["a", "b c"]),
        ("incomprehensible it is", 5, ["incomprehensible", "it is"]),
        ("see https://example.org/long/path now", 10, ["see", "https://example.org/long/path", "now"]),
        ("a\u00a0b c\u00a0d", 4, ["a b", "c d"]),
        ("安全に感じる", 6, ["安全に", "感じる"]),
        ("安全、感じ", 4, ["安", "全、", "感じ"]),
        ("か\u3099き", 2, ["か\u3099", "き"]),
        ("安「全」感", 4, ["安", "「全」", "感"]),
        ("", 10, [""]),
    ],
)
def test_lines_break_where_a_reader_would(text: str, columns: int, lines: list[str]) -> None:
    assert wrap(text, columns) == lines


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])), st.integers(4, 80))
def test_wrapping_loses_nothing_and_keeps_to_its_room(text: str, columns: int) -> None:
    lines = wrap(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert width(line) <= columns or len(line.split(" ")) == 1 or "\u00a0" in text
