"""What of a page's HTML reaches a letter, and in what shape."""

from __future__ import annotations

import pytest

from pipeline.rendering.document import read
from pipeline.rendering.markup import serialise
from pipeline.rendering.wording import words_for
from tests.rendering.making import post, theme

PAGE = "https://belonging.example.org/monday/"


def clean(body: str, **changes: object) -> str:
    return serialise(read(post(body, **changes), words_for(theme(), "en")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # What runs, asks or plays is gone; the words of what is merely unknown stay.
        ("<p>a<script>x</script><style>p{}</style><noscript>n</noscript>b</p>", "<p>ab</p>"),
        ("<p onclick=x style='color:red' id=i data-x=y>a</p>", "<p>a</p>"),
        ("<p><blink>a</blink> <font color=red>b</font></p>", "<p>a b</p>"),
        ("<!-- no --><p>a<!-- no -->b</p>", "<p>ab</p>"),
        ("<p>a</p><p hidden>no</p><p style='display: none'>no</p>", "<p>a</p>"),
        ("<p>a<button>Press</button><input value=x><select><option>o</select></p>", "<p>a</p>"),
        # Wrappers of the page are not the letter's.
        ("<section><article><p>a</p></article></section>", "<p>a</p>"),
        ("<div>a</div>", "<p>a</p>"),
        ("a <b>b</b><p>c</p>d", "<p>a <b>b</b></p>\n<p>c</p>\n<p>d</p>"),
        ("<p>a<section>b</section>c</p>", "<p>a</p>\n<p>b</p>\n<p>c</p>"),
        ("<h2>a<div>b</div></h2>", "<h2>a b </h2>"),
        ("<p></p><p> </p><p>a</p><em></em>", "<p>a</p>"),
        ("<aside>a</aside>", '<div class="aside">a</div>'),
        ("<details><summary>a</summary><p>b</p></details>", "<p><strong>a</strong></p>\n<p>b</p>"),
        # Signs that only work on the page.
        ('<h2 id=x>a<a class="headerlink" href="#x">¶</a></h2>', "<h2>a</h2>"),
        ('<div class="toc"><ul><li><a href="#x">a</a></li></ul></div><p>b</p>', "<p>b</p>"),
        # One h1 is the letter's own.
        ("<h1>a</h1><h2>b</h2><h6>c</h6>", "<h2>a</h2>\n<h3>b</h3>\n<h6>c</h6>"),
        ("<h2>a</h2><h3>b</h3>", "<h2>a</h2>\n<h3>b</h3>"),
        # Elements without an end, which the parser takes for ones with.
        ("<p>a<wbr>b<source src=x>c</p><track>d", "<p>a\u200bbc</p>\n<p>d</p>"),
        # … and what HTML closes by itself.
        ("<dl><dt>a<dt>b<dd>c<dd>d</dl>", "<dl><dt>a</dt><dt>b</dt><dd>c</dd><dd>d</dd></dl>"),
        # Lists keep how they count.
        (
            '<ol start="3" reversed type="a" class="x"><li value="7">a</li></ol>',
            '<ol start="3" type="a" reversed="reversed"><li value="7">a</li></ol>',
        ),
        # A class that the letter has a look for, also where Markdown hung it on the paragraph inside.
        ('<blockquote><p class="pull">a</p></blockquote>', '<blockquote class="pull"><p>a</p></blockquote>'),
        ('<blockquote class="pull-quote x">a</blockquote>', '<blockquote class="pull"><p>a</p></blockquote>'),
        # A picture of many sizes is one picture.
        (
            '<picture><source srcset="/b.avif"><img src="/b.png" alt=" a\n b " width="20" height=9></picture>',
            f'<p><img src="{PAGE[:-8]}/b.png" alt="a b" width="20" height="9"></p>',
        ),
        ("<p><svg><title>A drawing</title><path d=x /></svg></p>", '<p><img src="" alt="A drawing"></p>'),
    ],
)
def test_only_what_every_mail_program_shows_is_carried_over(body: str, expected: str) -> None:
    assert clean(body) == expected


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://example.org/?a=1&amp;b=%2f#c", "https://example.org/?a=1&amp;b=%2f#c"),
        ("HTTPS://Example.org/../x?", "HTTPS://Example.org/../x?"),
        ("https://bücher.example/é?q=ü", "https://bücher.example/é?q=ü"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tel:+1-555-0100", "tel:+1-555-0100"),
        ("sms:+15550100", "sms:+15550100"),
        ("#sources", f"{PAGE}#sources"),
        ("/other/", "https://belonging.example.org/other/"),
        ("../other/?x=1", "https://belonging.example.org/other/?x=1"),
        ("//example.org/x", "https://example.org/x"),
    ],
)
def test_links_are_absolute_and_otherwise_as_they_were_written(href: str, expected: str) -> None:
    assert clean(f'<p><a href="{href}">a</a></p>') == f'<p><a href="{expected}">a</a></p>'


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "https://",
        "https://[broken/",
        "",
    ],
)
def test_links_to_where_a_letter_must_not_lead_leave_only_their_words(href: str) -> None:
    assert clean(f'<p>a <a href="{href}">b</a> c</p>') == "<p>a b c</p>"


def test_a_link_without_words_goes_and_a_link_in_a_link_is_one_link() -> None:
    assert clean('<p>a<a href="https://example.org/"> </a>b</p>') == "<p>a b</p>"
    nested = clean(
        '<p><a href="https://example.org/1">a <object><a href="https://example.org/2">b</a></object></a></p>'
    )
    assert nested.count("<a ") == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '<video src="/v.mp4" title="A film"></video>',
            (f"{PAGE[:-8]}/v.mp4", "Watch the video on belonging.example.org: A film"),
        ),
        (
            '<video><source src="https://v.example.org/v"></video>',
            ("https://v.example.org/v", "Watch the video on v.example.org"),
        ),
        (
            '<audio src="https://v.example.org/a"></audio>',
            ("https://v.example.org/a", "Listen on v.example.org"),
        ),
        (
            '<iframe src="https://m.example.org/?a=1"></iframe>',
            ("https://m.example.org/?a=1", "Open the part that a letter cannot hold, on m.example.org"),
        ),
        (
            '<embed src="https://m.example.org/e">',
            ("https://m.example.org/e", "Open the part that a letter cannot hold, on m.example.org"),
        ),
        (
            '<object data="https://m.example.org/o"></object>',
            ("https://m.example.org/o", "Open the part that a letter cannot hold, on m.example.org"),
        ),
        (
            '<iframe src="javascript:x"></iframe>',
            (PAGE, "Open the part that a letter cannot hold, on belonging.example.org"),
        ),
        (
            '<form action="https://evil.example/"><input><p>x</p></form>',
            (PAGE, "Fill in the form on the page"),
        ),
    ],
)
def test_what_a_letter_cannot_hold_becomes_a_link_that_says_where_it_leads(
    body: str, expected: tuple[str, str]
) -> None:
    address, words = expected
    link = f'<p><a href="{address}">{words}</a></p>'
    assert clean(f"{body}<p>b</p>") == f"{link}\n<p>b</p>"
    assert clean(f"<p>a {body} b</p>") == f"<p>a </p>\n{link}\n<p> b</p>"


def test_footnotes_lead_to_the_page_and_their_way_back_is_gone() -> None:
    body = (
        '<p>a<sup id="fnref:1"><a class="footnote-ref" href="#fn:1">1</a></sup></p>'
        '<div class="footnote"><hr><ol><li id="fn:1"><p>b&#160;'
        '<a class="footnote-backref" href="#fnref:1">↩</a></p></li></ol></div>'
    )
    assert clean(body) == (
        f'<p>a<sup><a href="{PAGE}#fn:1" class="noteref" aria-label="Note 1, on the page">1</a></sup></p>\n'
        '<div class="notes"><ol><li><p>b</p></li></ol></div>'
    )


def test_a_table_says_what_its_headings_head_and_may_scroll_by_itself() -> None:
    body = (
        "<table><thead><tr><th>a</th><th style='text-align: right;'>b</th></tr></thead>"
        "<tbody><tr><th>c</th><td style='text-align: right;' colspan=2>d</td></tr></tbody></table>"
    )
    assert clean(body) == (
        '<div class="scroll" role="region" tabindex="0" aria-label="Table"><table class="data">'
        '<thead><tr><th scope="col">a</th><th class="right" scope="col">b</th></tr></thead>'
        '<tbody><tr><th scope="row">c</th><td class="right" colspan="2">d</td></tr></tbody></table></div>'
    )
    assert 'role="table"' in clean("<table><tr><td>a</td></tr></table>")
    assert 'aria-label="Who"' in clean("<table><caption>Who</caption><tr><th>a</th></tr></table>")


def test_a_block_written_the_other_way_says_so_and_is_styled_so() -> None:
    assert clean("<blockquote><p>שלום</p></blockquote>") == (
        '<blockquote dir="rtl" class="rtl"><p>שלום</p></blockquote>'
    )
    assert clean("<ul><li>שלום</li></ul>") == '<ul dir="rtl" class="rtl"><li>שלום</li></ul>'
    assert clean("<p>a שלום b</p>") == "<p>a שלום b</p>"
    assert clean('<p lang="ar">x</p>') == '<p lang="ar" dir="rtl">x</p>'
    assert clean('<p lang="x y" dir="up">x</p>') == "<p>x</p>"
    assert clean("<p>שלום</p><ul><li>שלום</li></ul><p>Hello</p>", lang="he") == (
        '<p>שלום</p>\n<ul class="rtl"><li>שלום</li></ul>\n<p dir="ltr">Hello</p>'
    )


def test_characters_that_are_not_text_or_turn_text_around_are_gone() -> None:
    assert (
        clean("<p>a\x00b\x0bc\ud800d\u202ee\u2066f\u2069\ufeffg&#8238;h</p>") == "<p>abcde\u2066f\u2069gh</p>"
    )
    assert clean("<p>a\u2028b</p>") == "<p>a\nb</p>"


def test_text_that_looks_like_markup_stays_text() -> None:
    assert clean("<p>&lt;b&gt; &amp;amp; \"x\" 'y'</p>") == "<p>&lt;b&gt; &amp;amp; &quot;x&quot; 'y'</p>"


def test_cells_outside_of_rows_and_words_outside_of_cells_are_put_where_a_browser_shows_them() -> None:
    made = clean("<table>a<td>b</table>")
    assert made.startswith("<p>a</p>\n")
    assert made.endswith('<table class="data" role="table"><tbody><tr><td>b</td></tr></tbody></table></div>')


def test_cleaning_what_is_clean_changes_nothing() -> None:
    once = clean(
        "<h1>a</h1><section>b<p>c<div>d</div></section><blockquote class=pull>e<ul><li>f</ul></blockquote><wbr>"
        '<p><a class="footnote-ref" href="#fn:1">1</a></p><div class="footnote"><hr><p>g</div><figure>h</figure>'
    )
    assert clean(once) == once
