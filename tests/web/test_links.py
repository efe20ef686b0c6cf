"""Links of a page that is shown somewhere else than where it lives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.web.links import letter_page, site_page

SITE = "https://belonging.example.org"

# Pieces of pages, as they are written and as they are to be shown. A page is any of them in any order.
PIECES = [
    ("<!doctype html><html lang=en>", None),
    (f"plain words about {SITE}/about/ & more", None),
    (f'<a href="{SITE}/about/">', '<a href="/about/">'),
    (f"<a class=x href='{SITE}/about/#people' >", '<a class=x href="/about/#people" >'),
    (f"<a href={SITE}/about/>", '<a href="/about/">'),
    (f'<A\n\tHREF = "{SITE}">', '<A\n\tHREF = "/">'),
    (f'<a href="{SITE}?page=2&amp;x=&quot;">', '<a href="/?page=2&amp;x=&quot;">'),
    (f'<a href="{SITE.replace("/", "&#x2F;")}/about/">', '<a href="/about/">'),
    ('<a href=" HTTPS://Belonging.Example.ORG/About ">', '<a href="/About">'),
    ('<a href="http://belonging.example.org/about/">', '<a href="/about/">'),
    ('<a href="//belonging.example.org/about/">', '<a href="/about/">'),
    (f'<img alt="5 > 4" src="{SITE}/images/a.png"/>', '<img alt="5 > 4" src="/images/a.png"/>'),
    (
        f'<img srcset="{SITE}/a.png 1x, {SITE}/b.png, https://example.com/c.png 3x">',
        '<img srcset="/a.png 1x, /b.png, https://example.com/c.png 3x">',
    ),
    (
        f'<link rel="alternate stylesheet" href="{SITE}/a.css">',
        '<link rel="alternate stylesheet" href="/a.css">',
    ),
    (f'<link rel="canonical" href="{SITE}/about/">', None),
    (f'<link href="{SITE}/about/" rel="me CANONICAL">', None),
    (f'<meta property="og:url" content="{SITE}/about/">', None),
    (f'<form action="{SITE}/list/">', None),
    (f'<a data-href="{SITE}/about/" title="{SITE}/">', None),
    (f'<a href="{SITE}.example.com/">', None),
    (f'<a href="{SITE}:8443/">', None),
    (f'<a href="{SITE}@example.com/">', None),
    ('<a href="https://example.com/?from=https://belonging.example.org/">', None),
    (f'<a href="{SITE}//example.com/">', None),
    (f'<a href="{SITE}/\\example.com/">', None),
    ('<a href="/about/"><a href=about/><a href="#x"><a href>', None),
    (f"</a href='{SITE}/'>", None),
    (f'</p <a href="{SITE}/">', None),
    (f'<!-- <a href="{SITE}/"> -->', None),
    (f'<!--><a href="{SITE}/"><!---><!-- -->', '<!--><a href="/"><!---><!-- -->'),
    (f'<!--[if mso]><a href="{SITE}/"><![endif]-->', None),
    (f'<script>"<a href=\\"{SITE}/\\">"</script>', None),
    (
        f'<script src="{SITE}/a.js">"<a href=\'{SITE}/\'>"</SCRIPT >',
        f'<script src="/a.js">"<a href=\'{SITE}/\'>"</SCRIPT >',
    ),
    (f'<style>/*<a href="{SITE}/">*/</style>', None),
    (f'<title><a href="{SITE}/"></titles></title>', None),
    (f'<textarea><a href="{SITE}/"></textarea>', None),
    ("1 < 2 <3 < ", None),
    ("<p lang='en' hidden>Ünïcödé 🌱 \udcff</p>", None),
]


@given(st.lists(st.sampled_from(PIECES)))
def test_exactly_the_links_to_the_own_site_lead_here(pieces: list[tuple[str, str | None]]) -> None:
    source = "".join(piece for piece, _ in pieces)
    shown = "".join(piece if changed is None else changed for piece, changed in pieces)
    assert site_page(source, site_url=SITE) == shown


@pytest.mark.parametrize("piece", PIECES, ids=range(len(PIECES)))
def test_each_piece_by_itself(piece: tuple[str, str | None]) -> None:
    source, changed = piece
    assert site_page(source, site_url=f"{SITE}/") == (source if changed is None else changed)


@given(st.text(alphabet="<>/!-='\" ahrefscitlp:.#&\n", max_size=200))
def test_any_text_at_all_comes_through_unchanged_where_it_holds_no_such_link(text: str) -> None:
    assert site_page(text, site_url=SITE) == text


@pytest.mark.parametrize(
    "piece",
    ["<", "<a ", '<a href="', "<a href='x", "<!--", "<script>", "<a =", "<a x= ", "<title", "</", "<a\t/"],
)
def test_hostile_pages_of_a_megabyte_are_read_in_one_go(piece: str) -> None:
    page = piece * (1_000_000 // len(piece))
    assert site_page(page, site_url=SITE) == page


def test_a_site_below_a_path_is_shown_at_the_root() -> None:
    page = '<a href="https://example.org/blog/a/"><a href="https://example.org/blog"><a href="https://example.org/b">'
    assert (
        site_page(page, site_url="https://example.org/blog")
        == '<a href="/a/"><a href="/"><a href="https://example.org/b">'
    )


def test_a_letters_own_images_are_found_by_their_content_id() -> None:
    letter = '<p><img src="cid:tree%40example.org"><img src="CID:tree@example.org"><img src="cid:other">'
    shown = letter_page(letter, site_url=SITE, images={"tree@example.org": "/images/0"})
    assert shown.endswith('<p><img src="/images/0"><img src="/images/0"><img src="cid:other">')


@pytest.mark.parametrize(
    ("letter", "shown"),
    [
        ("<!doctype html><html><head><title>", '<!doctype html><html><head><base target="_blank"><title>'),
        ("<!doctype html><title>", '<!doctype html><base target="_blank"><title>'),
        ('<html><base href="x">', '<html><base target="_blank"><base href="x">'),
        ("no tags at all", "no tags at all"),
    ],
)
def test_links_of_a_letter_open_beside_it(letter: str, shown: str) -> None:
    assert letter_page(letter, site_url=SITE, images={}) == shown
