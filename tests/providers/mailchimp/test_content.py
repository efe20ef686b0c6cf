"""What a campaign says: our tags and no other, whatever a writer writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import rendering
from pipeline.errors import CheckFailed
from pipeline.letters import EmbeddedImage, Letter
from pipeline.posts import Post, Site
from pipeline.providers.mailchimp.content import (
    LINKS,
    PREVIEW_LIMIT,
    SUBJECT_LIMIT,
    content_of,
    essence,
    fingerprint,
    neutralised,
)
from pipeline.providers.mailchimp.remote import Content
from pipeline.rendering import Publication, Severity, check_letter
from tests.builders import post
from tests.providers.mailchimp.running import letter_of

ROOT = Path(__file__).parents[3]
SITE = Site(name="Belonging", url="https://belonging.example.org", lang="en", timezone="UTC")
THEME = rendering.environment(ROOT / "theme")


def rendered(written: Post) -> Letter:
    """Render as wiring does it: neutralised first."""
    return rendering.render(
        neutralised(written),
        SITE,
        publication=Publication(name="Belonging", why="You asked for it."),
        links=LINKS,
        environment=THEME,
    )


def without_our_tags(text: str) -> str:
    for tag in (LINKS.unsubscribe, LINKS.preferences, *LINKS.postal_address, "*|HTML:LIST_ADDRESS_HTML|*"):
        text = text.replace(tag, "")
    return text


NASTY = "*|FNAME|* and *|UNSUB|* and |*x*| *|IF:A|*yes*|END:IF|*"
BODY = (
    f"<p>{NASTY}</p><p><strong>|FNAME|</strong> <em>|UNSUB|</em> *<b>|X|</b>*</p><pre><code>*|EMAIL|*</code></pre>"
    '<p><a href="https://example.org/?q=*|EMAIL|*" title="*|T|*">*|LINK|*</a> &#42;&#124;FNAME&#124;&#42;</p>'
    "<table><tr><th>*|A|*</th></tr><tr><td>|*b*|</td></tr></table>"
    '<img src="https://belonging.example.org/i.png" alt="*|ALT|*">'
)


def test_tags_in_a_posts_own_words_mean_nothing_to_mailchimp_and_the_same_to_readers() -> None:
    written = post(
        title="Of *|FNAME|*",
        subject="To *|FNAME|*",
        preheader="*|MC_PREVIEW_TEXT|*",
        summary="*|A|*",
        content_note="*|NOTE|*",
        authors=("*|WHO|*",),
        body=BODY,
    )
    letter = rendered(written)
    content = content_of(letter)
    for text in (
        letter.subject,
        letter.preheader,
        without_our_tags(content.html),
        without_our_tags(content.text),
    ):
        assert "*|" not in text
        assert "|*" not in text
    assert content.html.count("*|UNSUB|*") == rendered(post()).html.count("*|UNSUB|*")
    assert content.text.count("*|UNSUB|*") == rendered(post()).text.count("*|UNSUB|*")
    assert letter.subject.replace("\u2060", "") == "To *|FNAME|*"
    assert "*|EMAIL|*" in content.text.replace("\u2060", "")
    errors = [f for f in check_letter(letter, links=LINKS, site=SITE) if f.severity is Severity.ERROR]
    assert not errors


@given(
    words=st.text(alphabet="*|FN <>b/&", max_size=30), title=st.text(alphabet="*|A ", min_size=1, max_size=9)
)
def test_no_combination_of_asterisks_and_bars_gets_through(words: str, title: str) -> None:
    body = f"<p>x {words} x</p><p>*<b>{words}</b>*</p><p>|<i>{words}</i>|</p>"
    made = neutralised(post(title=f"a{title}", body=body))
    assert "*|" not in made.title
    assert "|*" not in made.title
    assert made.body is not None
    flat = "".join(essence(made.body))
    assert "*|" not in flat
    assert "|*" not in flat
    content_of(rendered(post(title=f"a{title}", body=body)))


def test_a_post_without_bars_is_left_as_it_is() -> None:
    written = post(body="<p>Plain &amp; simple, *starred*.</p>")
    assert neutralised(written) == written


def test_our_own_tags_stand_where_mailchimp_needs_them() -> None:
    content = content_of(rendered(post()))
    assert content.html.count('href="*|UNSUB|*"') >= 2
    assert 'href="*|UPDATE_PROFILE|*"' in content.html
    assert "*|HTML:LIST_ADDRESS_HTML|*" in content.html
    assert "*|LIST:ADDRESSLINE|*" in content.text
    assert "*|UNSUB|*" in content.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "x" * (SUBJECT_LIMIT + 1)}, "151 characters"),
        ({"preheader": "x" * (PREVIEW_LIMIT + 1)}, "151 characters"),
        ({"subject": "Hello *|FNAME|*"}, "the subject holds"),
        ({"preheader": "|*"}, "the preheader holds"),
        ({"text": "*|UNSUB|* *|LIST:ADDRESSLINE|* *|FNAME|*"}, "the text holds"),
        ({"html": "*|UNSUB|* *|LIST:ADDRESSLINE|* *|FNAME|*"}, "the HTML holds"),
        ({"html": "*|LIST:ADDRESSLINE|*"}, "the HTML has no link to unsubscribe"),
        ({"text": "*|UNSUB|*"}, "the text has no postal address"),
        (
            {"images": (EmbeddedImage(content_id="a", media_type="image/png", data=b""),)},
            "no pictures inside",
        ),
    ],
)
def test_what_mailchimp_could_not_carry_is_refused_with_the_reason(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(CheckFailed, match=said):
        content_of(replace(letter_of(post()), **changes))  # type: ignore[arg-type]


def test_the_longest_subject_goes_through() -> None:
    content_of(replace(letter_of(post()), subject="x" * SUBJECT_LIMIT, preheader="y" * PREVIEW_LIMIT))


# --- the same, or not --------------------------------------------------------------------------------------------

PAGE = (
    '<html><head><title>t</title></head><body><p>One <a href="https://a.example/">two</a></p></body></html>'
)


@pytest.mark.parametrize(
    "same",
    [
        PAGE.replace("<p>", "<p >").replace("</p>", "</p>\r\n\n"),
        PAGE.replace('"', "'"),
        PAGE.replace("<body>", '<body class="x">'),
    ],
)
def test_how_a_page_is_written_down_does_not_matter(same: str) -> None:
    assert essence(same) == essence(PAGE)


@pytest.mark.parametrize(
    "other",
    [
        PAGE.replace("two", "three"),
        PAGE.replace("https://a.example/", "https://track.example/?u=a"),
        PAGE.replace("</body>", '<img src="https://track.example/open.gif"></body>'),
        PAGE.replace("</body>", "<script>x</script></body>"),
        PAGE.replace("<p>", '<p style="background:url(https://track.example/)">'),
        PAGE.replace("</head>", "<style>p{background:url(https://track.example/)}</style></head>"),
        PAGE.replace("</body>", "<p>A footer</p></body>"),
        PAGE.replace("</head>", '<base href="https://track.example/"></head>'),
        "",
    ],
)
def test_what_a_reader_gets_or_gives_away_does(other: str) -> None:
    assert essence(other) != essence(PAGE)
    one, two = Content(html=PAGE, text="x"), Content(html=other, text="x")
    assert fingerprint(one, "s") != fingerprint(two, "s")


def test_a_fingerprint_names_settings_and_text_too() -> None:
    content = Content(html=PAGE, text="x")
    assert fingerprint(content, "a", "b") != fingerprint(content, "a", "c")
    assert fingerprint(content, "a") != fingerprint(replace(content, text="y"), "a")
    assert fingerprint(content, "a") == fingerprint(replace(content, text=" x\r\n"), "a")
