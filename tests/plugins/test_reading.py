"""What a page says of a post besides its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.reading import Reading, describe
from plugins.reading.care import names_suicide
from plugins.reading.edition import among_others
from plugins.reading.outline import Heading, Source, contents, sources
from plugins.reading.related import Text, related
from plugins.reading.series import places


@dataclass
class Tag:
    name: str


@dataclass
class Post:
    slug: str
    date: datetime
    content: str = "<p>Words.</p>"
    title: str = "Title"
    summary: str = ""
    lang: str = "en"
    tags: list[Tag] = field(default_factory=list)
    series: str = ""
    reading: Reading = field(init=False)


def posts(*numbers: int, lang: str = "en") -> list[Post]:
    return [
        Post(slug=f"p{number}", date=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number), lang=lang)
        for number in numbers
    ]


def test_a_short_text_takes_a_minute_and_a_long_one_as_long_as_it_has_words() -> None:
    short, long = posts(1, 2)
    long.content = f"<p>{'word ' * 2200}</p>"
    describe([short, long])
    assert (short.reading.minutes, long.reading.minutes) == (1, 10)
    assert long.reading.words == 2200


def test_neighbours_are_those_before_and_after_in_time_whatever_order_they_come_in() -> None:
    first, second, third = posts(1, 2, 3)
    describe([second, third, first])
    assert (second.reading.earlier, second.reading.later) == (first, third)
    assert (first.reading.earlier, third.reading.later) == (None, None)


def test_the_parts_of_a_series_are_numbered_in_the_order_they_were_written() -> None:
    newest, other, middle, first = places(["Grief", "", "grief", "GRIEF"])
    assert other is None
    assert newest and middle and first
    assert [place.part for place in (first, middle, newest)] == [1, 2, 3]
    assert {place.parts for place in (first, middle, newest)} == {3}
    assert {place.name for place in (first, middle, newest)} == {"GRIEF"}  # as the first part writes it
    assert [(place.before, place.after) for place in (first, middle, newest)] == [
        (None, 2),
        (3, 0),
        (2, None),
    ]


def test_what_a_series_leads_to_is_not_related_besides() -> None:
    group = posts(1, 2, 3, 4, 5)
    for post in group:
        post.tags = [Tag("same")]
    group[0].series = group[3].series = "Steps"
    group[4].tags = [Tag("other")]
    describe(group)
    assert group[0].reading.series is not None
    assert group[0].reading.series.after is group[3]
    assert group[3] not in group[0].reading.related
    assert group[2] in group[0].reading.related


def test_a_post_leads_to_posts_in_its_own_language_only() -> None:
    english, spanish = posts(1, 3), posts(2, 4, lang="es")
    for post in [*english, *spanish]:
        post.tags = [Tag("patience")]
    describe([*english, *spanish])
    assert english[0].reading.later is english[1]
    assert spanish[0].reading.later is spanish[1]
    assert english[0].reading.related == ()  # its only relation is its neighbour, which is named already


def test_related_posts_share_tags_and_are_no_neighbours() -> None:
    row = posts(*range(8))
    for post in (row[0], row[4], row[6]):
        post.tags = [Tag("silence")]
    describe(row)
    assert row[0].reading.related == (row[6], row[4])
    assert row[1].reading.related == ()


@pytest.mark.parametrize(("headings", "listed"), [(4, 0), (5, 5)])
def test_contents_are_listed_from_five_headings_on(headings: int, listed: int) -> None:
    html = "".join(f'<h2 id="h{n}">Part &amp; <em>{n}</em></h2><p>…</p>' for n in range(headings))
    assert len(contents(html)) == listed
    assert contents(html)[:1] == (Heading(level=2, id="h0", text="Part & 0"),)[:listed]


def test_sources_are_the_list_below_their_heading_and_not_the_footnotes_after_it() -> None:
    html = (
        '<ul><li>No source.</li></ul><h2 id="sources">Sources</h2>\n<ol>\n'
        '<li>Example (2020). <em>Journal &amp; more</em>. <a href="https://doi.org/10.1/x">link</a></li>\n'
        "<li>A book.</li></ol>"
        '<div class="footnote"><ol><li>A note.</li></ol></div>'
    )
    assert sources(html) == (
        Source(text="Example (2020). Journal & more. link", url="https://doi.org/10.1/x"),
        Source(text="A book.", url=""),
    )
    assert sources("<p>None.</p>") == ()


@pytest.mark.parametrize(
    "text",
    [
        "Thoughts of suicide.",
        "She was suicidal",
        "self-harm and",
        "self harm",
        "He wanted to kill himself.",
        "about harming themselves",
        "to take her own life",
        "ended his life",
        "Pensaba en el suicidio.",
    ],
)
def test_texts_that_name_suicide_or_self_harm_are_known(text: str) -> None:
    assert names_suicide("", text)


@pytest.mark.parametrize(
    "text",
    ["We kill time.", "The harm that others did", "the end of my life as a clerk", "take your time for life"],
)
def test_other_texts_are_left_alone(text: str) -> None:
    assert not names_suicide(text)


def test_words_that_are_telling_in_both_bring_posts_together_without_any_tag() -> None:
    texts = [
        Text(tags=frozenset(), words=f"{word} {word} {word} nothing else here")
        for word in ("harbour", "kitchen", "harbour", "kitchen", "meadow")
    ]
    assert related(texts, 3) == ((2,), (3,), (0,), (1,), ())


@given(
    st.lists(
        st.tuples(st.frozensets(st.sampled_from("abcd")), st.lists(st.sampled_from(["harbour", "kitchen"]))),
        max_size=12,
    )
)
def test_no_post_is_related_to_itself_or_twice_to_another(
    made: list[tuple[frozenset[str], list[str]]],
) -> None:
    texts = [Text(tags=tags, words=" ".join(words)) for tags, words in made]
    for position, others in enumerate(related(texts, 3)):
        assert position not in others
        assert len(set(others)) == len(others) <= 3


def test_of_a_tag_that_hundreds_share_the_nearest_in_time_are_compared_and_the_work_stays_small() -> None:
    texts = [Text(tags=frozenset({"all"}), words="") for _ in range(500)]
    texts[250] = Text(tags=frozenset({"all", "rare"}), words="")
    texts[255] = Text(tags=frozenset({"all", "rare"}), words="")
    found = related(texts, 3)
    assert found[250][0] == 255
    assert all(abs(other - position) <= 60 for position, others in enumerate(found) for other in others)


def test_posts_on_one_page_keep_their_ids_and_links_to_themselves() -> None:
    html = (
        '<h2 id="a">A &lt;h2></h2><p><a href="#a">a</a> <a href="https://example.org/#a">b</a>'
        ' <a href="#">top</a></p><table><th id="b" class="id"></th><td headers="b"></td></table>'
        '<img src="/x.png" loading="lazy">'
    )
    assert among_others(html, "post") == (
        '<h3 id="post-a">A &lt;h2></h3><p><a href="#post-a">a</a> <a href="https://example.org/#a">b</a> '
        '<a href="#">top</a></p><table><th id="post-b" class="id"></th><td headers="post-b"></td></table>'
        '<img src="/x.png">'
    )
