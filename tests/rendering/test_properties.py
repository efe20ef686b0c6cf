"""What is true of every letter, whatever its post holds."""

from __future__ import annotations

import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from pipeline.errors import RenderingError
from pipeline.letters import ImagePolicy
from pipeline.rendering import SIZE_LIMIT, Severity, check_letter, encoded_size
from pipeline.rendering.rules.page import read_page, words_of
from tests.rendering.making import LINKS, SITE, letter, png, post

# Letters of every script; what stands in for nothing (combining marks alone, private use) is not a word.
WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)
WORDS = st.lists(WORD, min_size=1, max_size=6).map(" ".join)
INLINE = st.sampled_from(
    ["em", "strong", "code", "span", "small", "mark", "a href='https://example.org/'", "q", "del"]
)
BLOCK = st.sampled_from(
    [
        "p",
        "h1",
        "h2",
        "h4",
        "blockquote",
        "div",
        "section",
        "pre",
        "figure",
        "ul><li",
        "ol><li",
        "dl><dd",
        "table><td",
    ]
)


def wrapped(tag: st.SearchStrategy[str], inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def put(tags: str, content: str) -> str:
        names = [part.split()[0] for part in tags.split("><")]
        return f"<{tags}>{content}{''.join(f'</{name}>' for name in reversed(names))}"

    return st.builds(put, tag, inside)


LINE = st.recursive(
    WORDS.map(html.escape),
    lambda inner: st.lists(inner | wrapped(INLINE, inner), min_size=1, max_size=3).map(" ".join),
    max_leaves=4,
)
BODY = st.lists(wrapped(BLOCK, LINE) | wrapped(BLOCK, wrapped(BLOCK, LINE)), min_size=1, max_size=5).map(
    "".join
)

TAGS = [
    "<p>", "</p>", "<div>", "</div>", "<h1>", "<h2 id=a>", "</h2>", "<ul>", "<li>", "</ul>", "<ol start=x>",
    "<table>", "<tr>", "<td>", "<th>", "</td>", "</table>", "<caption>", "<blockquote>", "</blockquote>",
    "<pre>", "<a href='https://example.org/'>", "<a href='javascript:x'>", "<a href='#b'>", "</a>", "<em>",
    "</em>", "<dl>", "<dt>", "<dd>", "<p class=pull>", "<div class=footnote>", "<aside>", "<mark>",
    "</mark>", "<code>", "</code>", "<wbr>", "<img src='https://x.example.com/p.gif' width=1 height=1>",
    "<img src='/a.png'>", '<img alt=\'a " > b\'>', "<svg>", "</svg>",
    "<img src='/b.png' alt='A cup.' width=9999 height=1>", "<iframe src='https://x.example.com/'>",
    "</iframe>", "<br>", "<hr>", "<video src=x>", "</video>", "<embed src=y>", "<form>", "</form>",
    "<script>", "</script>", "<style>", "</style>", "<!--", "-->", "<![CDATA[", "]]>",
    "<p style='display:none'>", "<p onclick=x>", "<base href='https://x.example.com/'>",
    "<meta http-equiv=refresh>", "<math>", "<?x", "<plaintext>", "<object data=x>", "</object>", "<details>",
    "<summary>", "<p lang=he>", "<td dir=rtl>", "</body>", "</html>", "<body>", "<title>", "&#8238;", "שלום",
    "Hello, ", "word ", "安全", "❤️", "&", "<", "<frameset>", "<select>", "<option>", "<template>", "</p ",
    "</", "<a/", "<ruby>", "<rt>", "&#0;", "]>",
]  # fmt: skip
SOUP = st.lists(
    st.sampled_from(TAGS) | st.text(max_size=8),
    max_size=25,
).map("".join)

IMAGES = st.sampled_from(ImagePolicy)


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(BODY)
@settings(max_examples=120, deadline=None)
def test_no_word_of_a_post_is_lost_in_either_part(body: str) -> None:
    made = letter(post(body))
    page = read_page(made.html)
    assert page is not None
    html_words = squeezed(words_of(page.root))
    text_words = squeezed(re.sub(r"^[> ]+", "", made.text, flags=re.MULTILINE))
    for word in re.sub(r"<[^>]*>", " ", body).split():
        assert html.unescape(word) in html_words
        assert html.unescape(word) in text_words


@given(SOUP, IMAGES)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_post_its_letter_breaks_no_rule(body: str, images: ImagePolicy) -> None:
    try:
        made = letter(post(body), images=images, picture=lambda _: png())
    except RenderingError as refused:
        assert refused.advice
        return
    errors = [f for f in check_letter(made, links=LINKS, site=SITE) if f.severity is Severity.ERROR]
    assert errors == []


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_every_link_is_in_both_parts_as_it_was_written(numbers: list[int]) -> None:
    addresses = [f"https://example.org/{number}?a=%2F&b=ü#c" for number in numbers]
    made = letter(
        post("".join(f'<p><a href="{html.escape(address)}">words</a></p>' for address in addresses))
    )
    hrefs = [
        str(href) for href in lxml_html.fromstring(made.html).xpath("//td[@class='sheet body']//a/@href")
    ]
    assert hrefs == addresses
    assert re.findall(r"words \[(\d+)\]", made.text) == [
        str(list(dict.fromkeys(numbers)).index(n) + 1) for n in numbers
    ]
    listed = re.findall(r"^ *\[\d+\] (\S+)$", made.text, re.MULTILINE)
    assert listed == list(dict.fromkeys(addresses))


@given(st.text(st.characters(codec=None, categories=None), max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_title_brings_a_control_character_into_a_letter(title: str) -> None:
    try:
        made = letter(post(title=title, summary=title, authors=(title,), content_note=title, image_alt=title))
    except RenderingError:
        return
    for part in (made.subject, made.preheader):
        assert part.isprintable() or not set(part) & {chr(code) for code in (*range(32), *range(127, 160))}
    findings = check_letter(made, links=LINKS, site=SITE)
    assert "characters" not in {finding.rule for finding in findings}


@given(st.integers(1, 60), st.integers(1, 400), st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_letter_is_larger_than_a_mailbox_shows(chapters: int, words: int, headed: bool) -> None:
    heading = "<h2>A chapter</h2>" if headed else ""
    body = "".join(f"{heading}<p>{number} {'wörter ' * words}</p>" for number in range(chapters))
    made = letter(post(body))
    assert encoded_size(made.html) <= SIZE_LIMIT
    whole = f"{chapters - 1} wörter" in made.html
    assert whole == (made.cut_at is None)
