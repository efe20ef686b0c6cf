"""Lines that go into the head of a message."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import RenderingError
from pipeline.rendering.lines import PREHEADER_LENGTH, clip, offence, one_line


@pytest.mark.parametrize(
    "text",
    [
        "It isn't over",
        "שלום\u200f עולם",
        "\u2068שלום\u2069 and more",
        "\u2067a \u2068b\u2069 c\u2069",
        "👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "a\u00a0b",
    ],
)
def test_what_people_write_is_safe(text: str) -> None:
    assert offence(text) is None
    assert one_line(f"  {text} ", what="subject", post="p") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\nb", "a line break"),
        ("a\rb", "a line break"),
        ("a\u2028b", "a line break"),
        ("a\u2029b", "a line break"),
        ("a\tb", "U\\+0009"),
        ("a\x00b", "U\\+0000"),
        ("a\x7fb", "U\\+007F"),
        ("a\x9bb", "U\\+009B"),
        ("a\ud800b", "U\\+D800"),
        ("a\u202eb", "U\\+202E"),
        ("a\u202ab\u202c", "U\\+202A"),
        ("a\u2067b", "never closed"),
        ("a\u2069b\u2067", "closes what nothing opened"),
    ],
)
def test_what_a_head_must_not_hold_is_named(text: str, said: str) -> None:
    with pytest.raises(RenderingError, match=said) as refused:
        one_line(text, what="preheader", post="posts/a.md")
    assert refused.value.message.startswith("posts/a.md: the preheader holds ")
    assert text not in str(refused.value)


@given(st.text(st.characters(codec=None, categories=None)))
@example("\u2066\u2069")
def test_whatever_passes_is_one_line_of_text(text: str) -> None:
    try:
        line = one_line(text, what="subject", post="p")
    except RenderingError:
        return
    assert line
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in line)
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e")
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "length", "clipped"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two three", 8, "one two…"),
        ("one, two three", 6, "one…"),
        ("  one\n two ", 20, "one two"),
        ("incomprehensible", 8, "incompr…"),
        ("xxe\u0301e\u0301", 4, "xx…"),
        ("xx👩‍👩‍👧", 5, "xx…"),
        ("a \u2067bcdef\u2069 g", 7, "a…"),
        ("\u2067bcdef gh ij\u2069", 9, "\u2067bcdef…\u2069"),
    ],
)
def test_prose_is_cut_between_words(text: str, length: int, clipped: str) -> None:
    assert clip(text, length=length) == clipped


@given(st.text(max_size=400))
def test_clipped_prose_is_short_enough(text: str) -> None:
    made = clip(text)
    assert len(made.rstrip("\u2069")) <= PREHEADER_LENGTH
    if made.rstrip("\u2069").endswith("…") and "…" not in text:
        assert " ".join(text.split()).startswith(made.rstrip("\u2069").removesuffix("…"))
