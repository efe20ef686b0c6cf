"""The plain-text part: what it makes of each kind of block and of what stands in a line."""

from __future__ import annotations

from textwrap import dedent

import pytest

from pipeline.rendering.columns import COLUMNS, width
from pipeline.rendering.document import read
from pipeline.rendering.plaintext import PlainText
from pipeline.rendering.wording import words_for
from tests.rendering.making import everything, letter, post, theme

LONG = "https://archive.example.org/" + "a-path/" * 20


def text(body: str) -> str:
    words = words_for(theme(), "en")
    return "\n".join(PlainText(words).lines(read(post(body), words)))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a <strong>b</strong> <em>c</em> <b><i>d</i></b> <cite>e</cite>", "a *b* _c_ *d* _e_"),
        ("a<strong> b </strong>c", "a *b* c"),
        ("a<br>b<br/>\n c", "a\nb\nc"),
        ("H<sub>2</sub>O, M<sup>me</sup>, x<sup>(10)</sup>", "H₂O, Mme, x⁽¹⁰⁾"),
        ("<q>a</q> <del>b</del> <code>c</code> <kbd>d</kbd>", "“a” ~b~ c d"),
        (
            '<abbr title="World Wide Web">WWW</abbr> and <abbr title="World Wide Web">WWW</abbr>',
            "WWW (World Wide Web) and WWW",
        ),
        ('a <img src="/x.png" alt="A cup.">', "a [Picture: A cup.]"),
        ("a &nbsp; b", "a   b"),
        ("  a \n\n b  ", "a b"),
    ],
)
def test_what_stands_in_a_line(body: str, expected: str) -> None:
    assert text(f"<p>{body}</p>") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<p>a</p><h2>b <em>c</em></h2><p>d</p><h3>e</h3><h4>f</h4><p>g</p>",
            """
            a


            b c
            ---

            d

            e
            .

            f

            g
            """,
        ),
        (
            "<blockquote><p>a</p><blockquote>b</blockquote><ul><li>c</ul></blockquote>",
            """
            > a
            >
            > > b
            >
            > - c
            """,
        ),
        (
            "<ul><li>a<ul><li>b<ol><li>c</ol></ul><li>d</ul>",
            """
            - a
              - b
                1. c
            - d
            """,
        ),
        (
            "<ol start=9><li><p>a</p><p>b</p></li><li><p>c</p></li></ol>",
            """
            9.  a

                b

            10. c
            """,
        ),
        (
            "<ol reversed><li>a<li>b</ol><ol start=3><li>c<li value=7>d<li>e</ol>",
            """
            2. a
            1. b

            3. c
            7. d
            8. e
            """,
        ),
        (
            "<dl><dt>a</dt><dt>b</dt><dd>c</dd><dd>d</dd><dt>e</dt><dd><p>f</p><p>g</p></dd></dl>",
            """
            a
            b
                c
                d

            e
                f

                g
            """,
        ),
        (
            "<figure><img src=/a.png alt=a><figcaption>b</figcaption></figure>",
            """
            [Picture: a]
            b
            """,
        ),
        (
            "<table><tr><th>Who<th>How many<tr><td><em>Mara</em><td align=right>6<tr><td>Tomas<td>12</table>",
            """
            Who      How many
            ------   --------
            _Mara_          6
            Tomas          12
            """,
        ),
        (
            "<table><caption>A caption</caption><tr><td>a<td>b<tr><td>c</table>",
            """
            A caption

            a   b
            c
            """,
        ),
    ],
)
def test_blocks(body: str, expected: str) -> None:
    assert text(body) == dedent(expected).strip("\n")


def test_code_is_set_in_and_left_as_it_is() -> None:
    made = text("<p>x</p><pre><code>if a:\n\tb  \n\n  c\n</code></pre>")
    assert made == "x\n\n    if a:\n        b\n\n      c"


def test_a_rule_stands_in_the_middle() -> None:
    assert text("<p>a</p><hr><p>b</p>") == f"a\n\n{' ' * 33}* * *\n\nb"


def test_a_long_cell_of_a_row_told_as_a_list_loses_no_word() -> None:
    words = " ".join(f"word{n}" for n in range(60))
    made = text(f"<table><tr>{'<th>h' * 5}<tr><td>{words}{'<td>some more words here' * 4}</table>")
    assert f"- h: {words}" in " ".join(made.split())
    assert max(map(width, made.split("\n"))) <= COLUMNS


def test_a_table_too_wide_for_columns_becomes_a_list_for_each_row() -> None:
    heads = "".join(f"<th>{name}" for name in ("Name", "What was found there", "Doubts", "Where", "Year"))
    rows = "".join(f"<tr><td>{'several words here ' * 3}{n}" + "<td>some more words here" * 4 for n in (1, 2))
    made = text(f"<table><thead><tr>{heads}</thead>{rows}</table>")
    assert made.startswith("- Name: several words here")
    assert "\n  Where: some more words here\n" in made
    assert made.count("\n\n- Name:") == 1
    told = "Name: several words here several words here several words here 2"
    assert told in " ".join(made.split())
    assert max(map(width, made.split("\n"))) <= COLUMNS


def test_cells_of_several_lines_stay_in_their_column() -> None:
    made = text(
        f"<table><thead><tr><th>a<th>b</thead><tr><td>{'word ' * 12}<td>{'other ' * 12}<tr><td>c<td>d</table>"
    )
    lines = made.split("\n")
    column = lines[0].index("b")
    assert all(not line[column:].startswith(" ") for line in lines if len(line) > column)
    assert {line[:column].strip() and "word" in line[:column] for line in lines[2:4]} == {True}
    assert max(map(width, lines)) <= COLUMNS


def test_links_are_numbered_once_each_and_listed_at_the_end() -> None:
    made = letter(
        post(
            '<p><a href="https://example.org/1">One</a>, <a href="https://example.org/2">two</a> '
            'and <a href="https://example.org/1">one again</a>.</p>'
        )
    ).text
    assert "One [1], two [2] and one again [1]." in made
    assert "\nLinks\n-----\n[1] https://example.org/1\n[2] https://example.org/2\n" in made


def test_numbers_of_links_stand_under_each_other() -> None:
    made = letter(
        post("<p>" + " ".join(f'<a href="https://example.org/{n}">w</a>' for n in range(11)) + "</p>")
    ).text
    assert "\n [9] https://example.org/8\n[10] https://example.org/9\n" in made


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ('<a href="https://example.org/x">https://example.org/x</a>', "https://example.org/x"),
        ('<a href="mailto:a@example.org">a@example.org</a>', "a@example.org"),
        ('<a href="tel:+15550100">+1 555-0100</a>', "+1 555-0100"),
        ('<a href="https://example.org/x">example.org</a>', "example.org [1]"),
        ('<a href="mailto:a@example.org?subject=x">a@example.org</a>', "a@example.org [1]"),
        ('<a href="tel:+15550100">our line</a>', "our line [1]"),
        ('<a href="https://example.org/"><img src="/x.png" alt="A cup."></a>', "[Picture: A cup.] [1]"),
    ],
)
def test_an_address_that_is_its_own_words_is_not_listed_again(link: str, expected: str) -> None:
    assert text(f"<p>{link}</p>") == expected


def test_a_letter_without_links_has_no_list_of_links() -> None:
    assert "Links\n-----" not in letter(post()).text


def test_no_line_is_too_long_but_for_addresses_and_code() -> None:
    for line in letter(everything()).text.split("\n"):
        assert width(line) <= COLUMNS or "://" in line or line.startswith("    ")


def test_an_address_is_never_broken() -> None:
    made = letter(
        post(f'<ul><li>See <a href="{LONG}">{LONG}</a> and <a href="{LONG}x">this one too</a>.</li></ul>')
    ).text
    assert f"- See\n  {LONG}\n  and this one too [1]." in made
    assert f"[1] {LONG}x\n" in made


def test_the_number_of_a_link_stays_with_its_words() -> None:
    for words in range(8, 20):
        made = text(f'<p>{"four " * words}<a href="https://example.org/">end</a></p>')
        assert not any(line.strip() == "[1]" for line in made.split("\n"))


def test_notes_are_numbered_as_they_are_named_in_the_text() -> None:
    made = letter(everything()).text
    assert "The claim has a source.¹ So has the next.²" in made
    assert "\n\n¹ Coan et al. (2006)." in made
    assert "\n\n² A note of two paragraphs.\n\n  The second of them.\n" in made
