"""Links made whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html as lxml_html

from plugins.manifest.absolute import absolute

BASE = "https://site.example.org/blog/post/"


@pytest.mark.parametrize(
    ("fragment", "expected"),
    [
        ('<a href="#n">x</a>', '<a href="https://site.example.org/blog/post/#n">x</a>'),
        ('<a href="/x">x</a>', '<a href="https://site.example.org/x">x</a>'),
        ('<a href="../y?a=1&amp;b=2">x</a>', '<a href="https://site.example.org/blog/y?a=1&amp;b=2">x</a>'),
        ("<IMG ALT='a \"b\"' SRC=i.png>", '<img alt="a &quot;b&quot;" src="https://site.example.org/blog/post/i.png">'),
        ('<img src="i.png" />', '<img src="https://site.example.org/blog/post/i.png" />'),
        ('<a href="//other.example.com/x">x</a>', '<a href="https://other.example.com/x">x</a>'),
        ('<a href="">x</a>', '<a href="https://site.example.org/blog/post/">x</a>'),
        ('<q cite="c"><video poster="p"><source src="s"></video></q>',
         f'<q cite="{BASE}c"><video poster="{BASE}p"><source src="{BASE}s"></video></q>'),
        ('<img srcset="a.png 1x, /b.png 2x" src="https://site.example.org/c.png">',
         f'<img srcset="{BASE}a.png 1x, https://site.example.org/b.png 2x" src="https://site.example.org/c.png">'),
        ('<img srcset="a.png,b.png 640w">', f'<img srcset="{BASE}a.png,b.png 640w">'),
        ('<img srcset="a.png, b.png 640w,">', f'<img srcset="{BASE}a.png, {BASE}b.png 640w">'),
    ],
)  # fmt: skip
def test_every_kind_of_link_becomes_whole(fragment: str, expected: str) -> None:
    assert absolute(fragment, BASE) == expected


@pytest.mark.parametrize(
    "fragment",
    [
        '<a href="https://example.com/?a&b">AT&T &copy &nope; &amp;</a>',
        "<a HREF='mailto:a@example.org'  title=x>y</a>",
        '<a href="tel:+1">1</a><img src="data:image/png;base64,AA==">',
        "<p>a < b & c <!-- <a href='x'> --> <![CDATA[ <a href='x'> ]]></p>\n\n<pre>  x  </pre>",
        "<br><br/><input disabled>",
        '<a href="http://[">broken</a>',
        "<p title='it''s'",
        "",
    ],
)
def test_everything_else_stays_byte_for_byte(fragment: str) -> None:
    assert absolute(fragment, BASE) == fragment


@given(st.text(alphabet="<>ahref=\"' /#.x&;!-\n", max_size=80))
def test_it_never_fails_and_doing_it_again_changes_nothing(fragment: str) -> None:
    once = absolute(fragment, BASE)
    assert absolute(once, BASE) == once


@given(
    st.lists(
        st.sampled_from(
            ['<a href="x&amp;y">é</a>', "<p>\n", "text & more", '<img src="/i" alt="1 &lt; 2">', "🌱"]
        )
    )
)
def test_the_document_stays_the_same_but_for_its_links(parts: list[str]) -> None:
    fragment = f"<div>{''.join(parts)}</div>"
    before, after = lxml_html.fromstring(fragment), lxml_html.fromstring(absolute(fragment, BASE))
    before.make_links_absolute(BASE)
    assert lxml_html.tostring(after) == lxml_html.tostring(before)
