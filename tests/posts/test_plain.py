"""The words of a text, and whether they are the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.posts import plain


def fingerprint(html: str) -> str:
    return plain.fingerprint(plain.from_html(html))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>It&#8217;s  <em>here</em>&nbsp;&amp; now</p>", "It’s here & now"),
        ("<h2>Head</h2><p>One</p><p>two<br>three</p>", "Head One two three"),
        ("un<b>believ</b>able", "unbelievable"),
        ("I <3 you, a < b > c", "I <3 you, a < b > c"),
        ("<!-- not this <p> --><p>this</p>", "this"),
        ("<style>p {}</style><SCRIPT>x < y</SCRIPT>this", "this"),
        ('<img alt="a > b" src="x">', 'b" src="x">'),  # an attribute that Markdown would never write so
        ("<ul><li>a</li><li>b</li></ul>", "a b"),
        ("&lt;b&gt; stays", "<b> stays"),
        ("", ""),
    ],
)
def test_html_becomes_its_words(html: str, text: str) -> None:
    assert plain.from_html(html) == text


@given(st.text())
def test_words_are_one_line_of_text_whatever_they_came_from(html: str) -> None:
    text = plain.from_html(html)
    assert text == " ".join(text.split())


def test_the_same_words_have_the_same_fingerprint_however_they_are_dressed() -> None:
    one = fingerprint("<p>It&rsquo;s  <em>Here</em></p>\n<p>caf\u00e9</p>")
    assert one == fingerprint("<div>It’s HERE</div> cafe\u0301")
    assert re.fullmatch("[0-9a-f]{32}", one)


def test_other_words_have_another() -> None:
    texts = ["It's here", "Its here", "It's her e", "here It's", "It's here.", ""]
    assert len({fingerprint(f"<p>{text}</p>") for text in texts}) == len(texts)


def test_the_fingerprint_stays_what_it_was_since_it_is_remembered_for_years() -> None:
    # printf 'it’s here.' | sha256sum | cut -c1-32
    assert fingerprint("<p>It&rsquo;s <b>here</b>.</p>") == "25ca1cdc4b20691372159cc8c875dcb0"
