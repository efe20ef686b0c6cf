"""What front matter means, and everything that can be wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pelican.contents import Article
from pelican.settings import DEFAULT_CONFIG

from pipeline.posts import frontmatter, judging, keys
from pipeline.posts.judging import Checked
from pipeline.posts.mistakes import Mistake, Severity, errors, listing
from pipeline.posts.schema import FrontMatter, Kind, Status
from pipeline.posts.values import canonical_language, short

WHOLE = """\
title: "Why healing alone feels safer"
date: 2026-03-02 07:30
modified: 2026-03-05
id: 2026-03-02-healing-alone
slug: healing-alone
status: Published
lang: en
translation: false
category: Circles
tags: [loneliness, trauma, loneliness]
authors: Mara Lindqvist; Okafor, Tomas
summary: |
  Two lines,
  both kept.
image: "{static}/images/lit-window.png"
image_alt: >-
  A row of dark houses
  at night.
content_note: Mentions a hospital.
subject: A kitchen before midnight 🌱
preheader: It isn't what you think.
mail: no
mail_at: 2026-03-03 08:00+02:00
template: article
timezone: Europe/Madrid
sources:
  - author: Example
    year: 2020
"""


def judged(yaml_text: str, kind: Kind = Kind.POST, **options: object) -> Checked:
    document = frontmatter.parse(f"---\n{yaml_text}\n---\nBody".encode(), path="x.md")
    return judging.validate(document, kind=kind, **options)  # type: ignore[arg-type]


def said(yaml_text: str, kind: Kind = Kind.POST) -> list[str]:
    return [str(mistake) for mistake in judged(yaml_text, kind).mistakes]


def about(yaml_text: str) -> list[str]:
    """What is said of a post that is otherwise well."""
    return said(f"title: A\ndate: 2026-01-01\n{yaml_text}")


def test_every_key_gets_its_type() -> None:
    checked = judged(WHOLE)
    assert checked.mistakes == ()
    madrid = ZoneInfo("Europe/Madrid")
    assert checked.front_matter == FrontMatter.model_construct(
        title="Why healing alone feels safer",
        date=datetime(2026, 3, 2, 7, 30, tzinfo=madrid),
        modified=datetime(2026, 3, 5, tzinfo=madrid),
        mail_at=datetime(2026, 3, 3, 6, 0, tzinfo=UTC),
        timezone="Europe/Madrid",
        id="2026-03-02-healing-alone",
        slug="healing-alone",
        status=Status.PUBLISHED,
        lang="en",
        translation="false",
        category="Circles",
        tags=("loneliness", "trauma"),
        authors=("Mara Lindqvist", "Okafor, Tomas"),
        summary="Two lines,\nboth kept.",
        image="images/lit-window.png",
        image_alt="A row of dark houses at night.",
        content_note="Mentions a hospital.",
        subject="A kitchen before midnight 🌱",
        preheader="It isn't what you think.",
        mail=False,
        template="article",
    )
    assert checked.extra == {"sources": [{"author": "Example", "year": "2020"}]}


def test_a_post_that_says_only_what_it_must_is_published_and_mailed() -> None:
    checked = judged("title: A\ndate: 2026-01-01\nsubject:\ntags: []\nslug: ''\nmail:\nstatus:")
    assert checked.mistakes == ()
    assert checked.front_matter == FrontMatter.model_construct(
        title="A", date=datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert checked.front_matter.mail is True
    assert checked.front_matter.status is Status.PUBLISHED


def test_a_date_without_a_zone_is_in_the_sites() -> None:
    checked = judged("title: A\ndate: 2026-07-01 09:00", zone=ZoneInfo("Europe/Madrid"))
    assert checked.front_matter.date == datetime(2026, 7, 1, 7, 0, tzinfo=UTC)


def test_all_mistakes_come_at_once_in_the_order_of_their_places() -> None:
    lines = said(
        "titel: A\ndate: 2026-02-30\nmail: perhaps\nslug: ../x\ntags: [ok, '!!', ok, {a: b}]\nlang: en_US"
    )
    assert lines == [
        'x.md:1:1: there is no title — write title: "…"',
        "x.md:2:1: warning: the key “titel” is not known; it is kept for templates — did you mean title?",
        "x.md:3:7: date: there is no such date as 2026-02-30 — write it as 2026-11-23 or 2026-11-23 09:30",
        "x.md:4:7: mail: “perhaps” is neither true nor false — write true or false",
        "x.md:5:7: slug: “../x” cannot be part of an address — write slug: x",
        "x.md:6:12: tags: “!!” has no letter or digit to make an address of — add a word",
        "x.md:6:22: tags: one value is needed, not several — write it on one line, in quotes",
        "x.md:7:7: lang: “en_US” is no language tag — write one of BCP 47: en, es, pt-BR",
    ]


@pytest.mark.parametrize(
    ("yaml_text", "expected"),
    [
        ("date: 2026-01-01", 'x.md:1:1: there is no title — write title: "…"'),
        ("title:\ndate: 2026-01-01", "x.md:2:7: title: the title is empty"),
        ("title: '  '\ndate: 2026-01-01", "x.md:2:8: title: the title is empty"),
        ("title: [a, b]\ndate: 2026-01-01", "x.md:2:8: title: one value is needed, not several"),
        ("title: A", "x.md:1:1: there is no date — write date: 2026-11-23 09:30, or status: draft"),
        ("title: A\ndate:", "x.md:3:1: there is no date"),
        ("title: A\nstatus: hidden", "x.md:1:1: there is no date"),
    ],
)
def test_a_title_and_a_date_are_needed(yaml_text: str, expected: str) -> None:
    (line,) = said(yaml_text)
    assert line.startswith(expected)


@pytest.mark.parametrize("text", ["title: A\nstatus: draft", "title: A\nstatus: skip"])
def test_what_is_not_published_needs_no_date(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize("before", ["\n", " \n", "\t\n"])
def test_headers_after_an_empty_line_are_explained(before: str) -> None:
    document = frontmatter.parse(f"{before}Title: A\nDate: 2026-01-01\n\nText".encode(), path="x.md")
    advice = [mistake.advice for mistake in judging.validate(document).mistakes]
    assert "begin the file with them, without an empty line before" in advice


def test_a_page_needs_no_date_and_its_title_is_no_subject() -> None:
    assert said(f"title: {'long ' * 40}", Kind.PAGE) == []


def test_a_date_in_the_files_name_will_do_and_is_judged_too() -> None:
    assert judged("title: A", defaults={"date": "2026-01-01"}).mistakes == ()
    (mistake,) = judged("title: A", defaults={"date": "2026-02-30"}).mistakes
    assert str(mistake).startswith(
        "x.md:1:1: from its path or the settings, date: there is no such date as 2026-02-30"
    )


@pytest.mark.parametrize("key", ["title", "subject", "preheader", "author", "image_alt", "category"])
@pytest.mark.parametrize(
    ("escape", "reason"),
    [
        (r"\n", "broken over several lines"),
        (r"\r", "broken over several lines"),
        (r"\r\nBcc: x", "broken over several lines"),
        (r"\u2028", "broken over several lines"),
        (r"\u0085", "broken over several lines"),
        (r"\0", "the control character U+0000"),
        (r"\a", "the control character U+0007"),
        (r"\x7f", "the control character U+007F"),
        (r"\u009b", "the control character U+009B"),
        (r"\u202e", "U+202E, which makes text read in another order"),
        (r"\u2066", "U+2066, which makes text read in another order"),
    ],
)
def test_a_line_that_becomes_a_header_or_an_attribute_holds_nothing_invisible(
    key: str, escape: str, reason: str
) -> None:
    base = "date: 2026-01-01\n" if key == "title" else "date: 2026-01-01\ntitle: A\n"
    checked = judged(f'{base}{key}: "a{escape}b"')
    (mistake,) = (mistake for mistake in checked.mistakes if mistake.message.startswith(f"{key}: "))
    assert reason in mistake.message
    assert mistake.severity is Severity.ERROR
    assert getattr(checked.front_matter, key) == ""


@pytest.mark.parametrize("text", ["🌱", "👩‍👩‍👧 family", "it's “fine”", "שלום", "naïve é", "a\u200fb", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"])
def test_emoji_and_every_script_are_welcome(text: str) -> None:
    assert about(f"subject: {text}\npreheader: {text}\nauthor: A {text}") == []


def test_unknown_values_too_hold_no_character_that_breaks_a_feed() -> None:
    (line,) = (line for line in about('cover: [a, {b: "\\a"}]') if "warning" not in line)
    assert line.startswith("x.md:4:8: cover: it holds the control character U+0007")


@pytest.mark.parametrize(
    ("yaml_text", "expected"),
    [
        ("id: a b", "x.md:4:5: id: “a b” cannot be an id — use up to 100 of A-Z a-z 0-9 . _ -, as in a-b"),
        (f"id: {'a' * 101}", "x.md:4:5: id: “aaa"),
        ("id: '@'", "x.md:4:5: id: “@” cannot be an id — use up to 100 of A-Z a-z 0-9 . _ -, as in a-short-name"),
        ("slug: /etc/passwd", "x.md:4:7: slug: “/etc/passwd” cannot be part of an address — write slug: etcpasswd"),
        ("slug: ..", "x.md:4:7: slug: “..” cannot be part of an address — write a few words joined by -"),
        ("slug: a b", "x.md:4:7: slug: “a b” cannot be part of an address — write slug: a-b"),
        ("status: publish", "x.md:4:9: status: “publish” is no status — write draft, published or hidden"),
        ("mail: 2", "x.md:4:7: mail: “2” is neither true nor false"),
        ("mail: [a]", "x.md:4:7: mail: one value is needed"),
        ("tags: {a: b}", "x.md:4:7: tags: a list of names is needed — write them as [one, two]"),
        ("category: '?'", "x.md:4:11: category: “?” has no letter or digit"),
        ("template: ../secret", "x.md:4:11: template: “../secret” is no template"),
        ("save_as: ../../x", "x.md:4:10: save_as: “../../x” leads out of the site"),
        ("save_as: /etc/x", "x.md:4:10: save_as: “/etc/x” leads out of the site"),
        ("image: ../x.png\nimage_alt: a", "x.md:4:8: image: “../x.png” leads out of content/"),
        ("timezone: Mars/Base", "x.md:4:11: timezone: there is no time zone “Mars/Base”"),
        ("timezone: ../../etc/passwd", "x.md:4:11: timezone: there is no time zone"),
        ("modified: yesterday", "x.md:4:11: modified: “yesterday” is not a date"),
        ("image: images/a.png", "x.md:4:1: the image has no text for those who cannot see it — write image_alt:"),
        ("image: images/a.png\nimage_alt:", "x.md:4:1: the image has no text"),
        (f"subject: {'x' * 151}", "x.md:4:10: as a subject it has 151 characters; 150 are the most — shorten it"),
        ("content: x", "x.md:4:1: the key “content” would overwrite a part of Pelican — give it another name"),
        ("_private: x", "x.md:4:1: the key “_private” would overwrite a part of Pelican"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_an_error_with_what_to_write(yaml_text: str, expected: str) -> None:
    (line,) = about(yaml_text)
    assert line.startswith(expected)


@pytest.mark.parametrize(
    ("yaml_text", "expected"),
    [
        (f"subject: {'x' * 79}", "x.md:4:10: warning: as a subject it has 79 characters; many inboxes show 78"),
        (f"preheader: {'x' * 111}", "x.md:4:12: warning: few inboxes show more than 110 characters — shorten it"),
        ("image: https://example.org/x.png\nimage_alt: a", "x.md:4:8: warning: a picture on another host"),
        ("image: //example.org/x.png\nimage_alt: a", "x.md:4:8: warning: a picture on another host"),
        ("modified: 03/04/2026", "x.md:4:11: warning: day or month? it is read as 04 March 2026 — write 2026-03-04"),
        ("colour: red", "x.md:4:1: warning: the key “colour” is not known; it is kept for templates"),
    ],
)  # fmt: skip
def test_what_is_unwise_is_a_warning(yaml_text: str, expected: str) -> None:
    (line,) = about(yaml_text)
    assert line.startswith(expected)
    assert errors(judged(f"title: A\ndate: 2026-01-01\n{yaml_text}").mistakes) == ()


@pytest.mark.parametrize(
    "yaml_text", [f"subject: {'x' * 78}", f"subject: {'👩‍👩‍👧' * 26}", f"preheader: {'é' * 110}"]
)
def test_what_a_line_shows_is_counted_not_what_it_is_stored_as(yaml_text: str) -> None:
    assert about(yaml_text) == []


def test_a_long_title_is_a_mistake_only_where_it_becomes_the_subject() -> None:
    long = f"title: {'x' * 151}\ndate: 2026-01-01"
    (line,) = said(long)
    assert line == "x.md:2:8: as a subject it has 151 characters; 150 are the most — write a shorter subject:"
    assert said(f"{long}\nsubject: short") == []
    assert said(f"{long}\nmail: false") == []


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("titel", "title"), ("sumary", "summary"), ("catagory", "category"), ("tag", "tags"), ("autor", "author"),
        ("image-alt", "image_alt"), ("preheder", "preheader"), ("content note", "content_note"), ("x", None),
        ("weather", None),
    ],
)  # fmt: skip
def test_a_slip_is_answered_with_the_nearest_known_key(slip: str, meant: str | None) -> None:
    (line,) = about(f"{slip}: x")
    assert line.endswith(f"did you mean {meant}?" if meant else "remove it if no template uses it")


@pytest.mark.parametrize("tag", ["en", "pt-BR", "zh-Hant-TW", "de-1996", "sr-Latn-RS"])
def test_a_language_tag_has_its_customary_capitals(tag: str) -> None:
    assert {canonical_language(form) for form in (tag, tag.lower(), tag.upper())} == {tag}


@pytest.mark.parametrize("answer", ["true", "True", "YES", "on", "1"])
def test_yes_can_be_said_in_several_ways(answer: str) -> None:
    assert judged(f"title: A\ndate: 2026-01-01\nmail: {answer}").front_matter.mail is True


@pytest.mark.parametrize("answer", ["false", "No", "OFF", "0"])
def test_and_so_can_no(answer: str) -> None:
    assert judged(f"title: A\ndate: 2026-01-01\nmail: {answer}").front_matter.mail is False


@pytest.mark.parametrize("mark", ["", "/", "{static}/", "{static}", "{attach}/", "|static|/"])
def test_a_picture_is_a_path_below_content_however_it_is_marked(mark: str) -> None:
    checked = judged(f'title: A\ndate: 2026-01-01\nimage: "{mark}images/a.png"\nimage_alt: a')
    assert checked.mistakes == ()
    assert checked.front_matter.image == "images/a.png"


def test_what_is_quoted_is_short_and_stays_on_its_line() -> None:
    assert short("x" * 40) == "x" * 40
    assert short("x" * 41) == "x" * 39 + "…"
    assert short("a\nb\u202ec🌱") == "a\ufffdb\ufffdc🌱"


def test_the_typed_keys_are_the_schemas_fields() -> None:
    assert set(FrontMatter.model_fields) == keys.TYPED
    assert keys.LISTS <= keys.TYPED
    assert not keys.TYPED & keys.THEMES
    assert not keys.RESERVED & (keys.TYPED | keys.THEMES)


def test_no_other_key_can_overwrite_a_part_of_pelican() -> None:
    settings = {**DEFAULT_CONFIG, "TIMEZONE": "UTC"}
    article = Article("text", {"title": "A", "date": datetime(2026, 1, 1, tzinfo=UTC)}, settings, "a.md")
    parts = {name for name in {*dir(article), *vars(article)} if not name.startswith("_")}
    assert parts - keys.TYPED - {"date_format"} <= keys.RESERVED


def test_every_mistake_is_one_line_that_sorts_by_its_place() -> None:
    early = Mistake(path="a.md", line=2, column=10, message="wrong", advice="write right")
    late = Mistake(path="a.md", line=10, column=1, severity=Severity.WARNING, message="odd", advice="look")
    assert listing((late, early)) == "a.md:2:10: wrong — write right\na.md:10:1: warning: odd — look"
    assert errors((late, early)) == (early,)


_scalars = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffe\uffff"), max_size=30
)
_front_matter = st.dictionaries(
    st.sampled_from(sorted(keys.TYPED)) | st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
    _scalars | st.lists(_scalars | st.dictionaries(_scalars, _scalars, max_size=1), max_size=3),
    max_size=8,
)


@given(_front_matter, st.sampled_from(Kind))
def test_whatever_is_written_is_typed_or_said_to_be_wrong_at_its_place(
    data: dict[str, object], kind: Kind
) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_style='"')
    checked = judged(text, kind)
    assert isinstance(checked.front_matter, FrontMatter)
    lines = checked.document.source.text.split("\n")
    for mistake in checked.mistakes:
        assert "\n" not in str(mistake)
        assert mistake.advice
        assert 1 <= mistake.line <= len(lines)
        assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 1
