"""Where a letter that is too long ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree
from lxml import html as lxml_html

from pipeline.errors import RenderingError
from pipeline.rendering import SIZE_LIMIT, encoded_size
from pipeline.rendering.cutting import longest
from pipeline.rendering.markup import Element
from tests.rendering.making import LINKS, SITE, letter, long, post


def tree(shape: str) -> Element:
    """A tree of ten-letter paragraphs (p), headings (2, 3) and lines that announce something (:)."""
    root = etree.Element("body")
    for sign in shape:
        node = etree.SubElement(root, f"h{sign}" if sign.isdigit() else "p")
        node.text = "ten letter" + ":" * (sign == ":")
    return root


def at_most(count: int) -> Callable[[int], bool]:
    return lambda blocks: blocks <= count


@pytest.mark.parametrize(
    ("shape", "room", "kept"),
    [
        ("pp2pp2pp2pp", 9, 8),  # before the last chapter that would not be whole
        ("pp2pp2pp2pp", 8, 8),
        ("pp2pp2pp2pp", 7, 5),
        ("p2pp3pp3pp3pp2pp", 12, 10),  # before a section, since its chapter would keep too little
        ("2pp3pp2pp3pp", 10, 6),  # before a chapter, although one section more would fit
        ("2pp3pp2pp3pp", 7, 6),  # before a chapter
        ("2pp3pp3pp3pp3pp", 13, 12),  # one chapter only: before a section
        ("pppp", 3, 3),  # no headings: between paragraphs
        ("pp:p2p", 3, 2),  # not behind a line that announces something
        ("2pppp", 3, 3),  # a heading at the very top is no place to end
        ("p23pp", 3, 1),  # not between two headings
        ("2p", 1, 0),  # a heading alone is no letter
        ("ppp", 0, 0),
    ],
)
def test_it_ends_before_a_heading_else_between_paragraphs(shape: str, room: int, kept: int) -> None:
    assert longest(tree(shape), at_most(room)) == kept


def test_a_letter_that_fits_is_whole() -> None:
    made = letter(post())
    assert made.cut_at is None
    assert "Read the rest" not in made.html


def test_a_letter_too_long_is_cut_before_a_heading_and_says_where_the_rest_is() -> None:
    made = letter(long())
    assert encoded_size(made.html) <= SIZE_LIMIT
    page = lxml_html.fromstring(made.html)
    headings = [str(heading.text) for heading in page.iter("h2")]
    assert headings == [f"Chapter {number}" for number in range(1, len(headings) + 1)]
    assert made.cut_at == f"Chapter {len(headings) + 1}"
    (button,) = page.xpath("//table[@class='button']//a")
    assert (button.get("href"), button.text) == (
        "https://belonging.example.org/monday/",
        "Read the rest on the page",
    )
    assert page.xpath("//td[@class='foot']")
    # No chapter more would have fitted.
    assert SIZE_LIMIT - encoded_size(made.html) < 5_500


def test_the_plain_text_is_whole_however_long() -> None:
    made = letter(long())
    assert "Chapter 40\n" in made.text
    assert made.text.rstrip().endswith("Sampletown")


def test_without_headings_it_is_cut_between_paragraphs_and_named_by_the_first_words_left_out() -> None:
    made = letter(post("".join(f"<p>Number {n}: {'on and on ' * 50}.</p>" for n in range(200))))
    assert made.cut_at is not None
    number = int(made.cut_at.split()[1].rstrip(":"))
    assert f"Number {number - 1}:" in made.html
    assert f"Number {number}:" not in made.html
    assert made.cut_at.endswith("…")
    assert len(made.cut_at) <= 61


def test_one_block_that_is_too_long_leaves_its_summary_and_the_way_to_the_page() -> None:
    made = letter(post(f"<p>{'word ' * 30_000}</p>", summary="What it is about."))
    body = lxml_html.fromstring(made.html).xpath("string(//td[@class='sheet body'])")
    assert body.strip() == "What it is about."
    assert made.cut_at == "word word word word word word word word word word word word…"
    assert "Read the rest on the page" in made.html


def test_the_notes_of_a_letter_that_was_cut_are_on_its_page() -> None:
    whole = long()
    assert whole.body is not None
    noted = whole.body.replace(
        "It begins.", 'It begins.<sup><a class="footnote-ref" href="#fn:1">1</a></sup>'
    )
    made = letter(post(noted + '<div class="footnote"><ol><li id="fn:1"><p>A note.</p></li></ol></div>'))
    assert "A note." not in made.html
    assert f'href="{SITE.url}/monday/#fn:1"' in made.html


def test_a_limit_that_no_letter_can_keep_is_an_error_with_advice() -> None:
    with pytest.raises(RenderingError, match="larger than 2000 octets even without its text") as refused:
        letter(post(), size_limit=2_000)
    assert refused.value.advice


def test_a_cut_letter_still_has_its_way_out() -> None:
    assert letter(long()).html.count(LINKS.unsubscribe) == 2
