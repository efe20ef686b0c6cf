"""What a letter says around the post's own words, and what it does when it cannot be made."""

from __future__ import annotations

import quopri
import shutil
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined
from lxml import html as lxml_html

from pipeline.errors import RenderingError
from pipeline.letters import LetterLinks
from pipeline.rendering import Publication, encoded_size, environment, render
from tests.rendering.making import LINKS, PUBLICATION, ROOT, SITE, everything, hebrew, letter, post, theme


def test_equal_arguments_give_equal_letters() -> None:
    assert letter(everything()) == letter(everything())


def test_the_subject_is_the_posts_own_else_its_title() -> None:
    assert letter(post(subject="Counting from one")).subject == "Counting from one"
    assert letter(post()).subject == "It is Monday"


def test_an_apostrophe_in_a_title_stays_an_apostrophe_everywhere() -> None:
    made = letter(post(title="It isn't Monday & it's not 'over'"))
    assert made.subject == "It isn't Monday & it's not 'over'"
    assert "It isn't Monday & it's not 'over'\n===" in made.text
    assert lxml_html.fromstring(made.html).findtext(".//h1") == made.subject
    assert "&amp;#39;" not in made.html


@pytest.mark.parametrize(
    "title",
    [
        "Monday\r\nBcc: x",
        "Mon\nday",
        "Mon\x00day",
        "Mon\x85day",
        "Mon\u2028day",
        "Mon\u202eyad",
        "Mon\u2066day",
        "  ",
    ],
)
def test_a_title_that_is_unsafe_in_a_header_is_refused_by_name(title: str) -> None:
    with pytest.raises(RenderingError, match=r"posts/monday\.md: the subject") as refused:
        letter(post(title=title))
    assert refused.value.advice


def test_the_preheader_is_the_posts_own_else_its_summary_else_its_first_paragraph() -> None:
    assert letter(post(preheader="Own words.")).preheader == "Own words."
    assert letter(post(summary="One line\nand another.")).preheader == "One line and another."
    assert (
        letter(post("<h2>No</h2><p>First <em>words</em>.</p><p>x</p>", summary="")).preheader
        == "First words."
    )


def test_the_preheader_stands_first_in_the_html_and_is_cut_between_words() -> None:
    made = letter(post(summary="word " * 60))
    assert made.preheader == "word " * 26 + "word word…"[:4] + " word…"
    body = lxml_html.fromstring(made.html).find("body")
    assert body is not None
    first = " ".join(body.text_content().replace("\u034f", "").replace("\u200c", "").split())
    assert first.startswith(made.preheader)


def test_the_date_is_the_sites_own_day() -> None:
    late = post(date=datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    assert "By Mara Lindqvist · 1 January 2027\n" in letter(late).text


@pytest.mark.parametrize(
    ("authors", "line"),
    [
        ((), "\n1 June 2026\n"),
        (("A",), "\nBy A · 1 June 2026\n"),
        (("A", "B"), "\nBy A and B · 1 June 2026\n"),
        (("A", "B", "C"), "\nBy A, B and C · 1 June 2026\n"),
    ],
)
def test_authors_are_named_as_people_are(authors: tuple[str, ...], line: str) -> None:
    assert line in letter(post(authors=authors)).text


def test_a_content_note_comes_before_the_text_and_the_picture_in_both_parts() -> None:
    made = letter(
        post(content_note="It names a hospital.", image=f"{SITE.url}/images/a.png", image_alt="A bed.")
    )
    for part, picture in ((made.html, "<img"), (made.text, "[Picture: A bed.]")):
        assert part.index("It names a hospital.") < part.index(picture) < part.index("It is Monday.")
        assert part.index("Not today?") < part.index(picture)
    assert "Before you read" not in letter(post()).html + letter(post()).text


def test_the_posts_own_picture_is_not_shown_twice() -> None:
    address = f"{SITE.url}/images/a.png"
    assert letter(post(image=address, image_alt="A.")).html.count(address) == 1
    shown = post(f'<p>Look.</p><p><img src="{address}" alt="A."></p>', image=address, image_alt="A.")
    assert letter(shown).html.count(address) == 1


def test_what_the_provider_puts_in_comes_out_character_by_character() -> None:
    links = LetterLinks(
        unsubscribe="*|UNSUB|*",
        preferences='https://example.org/p?a=1&b=%40"<x>&token={{x}}',
        postal_address=("*|LIST:ADDRESSLINE|*", "Müller & Söhne"),
    )
    made = render(post(), SITE, publication=PUBLICATION, links=links, environment=theme())
    hrefs = [str(href) for href in lxml_html.fromstring(made.html).xpath("//a/@href")]
    assert hrefs.count("*|UNSUB|*") == 2
    assert hrefs.count(links.preferences) == 1
    assert 'href="*|UNSUB|*"' in made.html
    assert "*|LIST:ADDRESSLINE|*" in made.html
    assert "Müller &amp; Söhne" in made.html
    for line in ("Unsubscribe: *|UNSUB|*", links.preferences, "*|LIST:ADDRESSLINE|*\nMüller & Söhne"):
        assert line in made.text


def test_what_is_not_set_leaves_no_trace() -> None:
    bare = Publication(name="Belonging", why="You asked.")
    links = LetterLinks(unsubscribe="https://example.org/u", postal_address=("Street",))
    made = render(post(), SITE, publication=bare, links=links, environment=theme())
    for words in ("Change what you receive", "Read by feed", "people who answer", "None"):
        assert words not in made.html
        assert words not in made.text
    assert 'href=""' not in made.html


def test_only_a_letter_that_nobody_counts_says_so() -> None:
    for untracked in (True, False):
        publication = Publication(name="Belonging", why="You asked.", untracked=untracked)
        links = LetterLinks(unsubscribe="https://example.org/u", postal_address=("Street",))
        made = render(post(), SITE, publication=publication, links=links, environment=theme())
        assert ("No pixel" in made.html) is untracked
        assert ("No pixel" in made.text) is untracked


def test_titles_names_and_notes_cannot_write_html() -> None:
    hostile = "<script>x</script>\"'><b>"
    made = letter(
        post(title=hostile, authors=(hostile,), content_note=hostile, summary=hostile, image_alt=hostile)
    )
    page = lxml_html.fromstring(made.html)
    assert page.xpath("//script | //b | //*[@onload]") == []
    assert page.findtext("head/title") == page.findtext(".//h1") == hostile
    assert made.subject == hostile
    assert f"By {hostile}" in made.text


def test_a_letter_says_its_language_and_direction_where_a_webmail_keeps_it() -> None:
    page = lxml_html.fromstring(letter(hebrew()).html)
    assert (page.get("lang"), page.get("dir")) == ("he", "rtl")
    around = page.xpath("//h1/ancestor::div[@lang='he'][@dir='rtl']")
    assert around
    # What the theme has no Hebrew for is in English, and says so.
    assert page.xpath("//a[.='Unsubscribe']/ancestor::*[@lang][1]/@dir") == ["ltr", "ltr"]


def test_a_theme_speaks_the_language_of_the_post_else_of_the_site_else_english(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "theme" / "templates", tmp_path / "templates")
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / "de.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Unsubscribe"\nmsgstr "Abbestellen"\n\nmsgid "d MMMM y"\nmsgstr "d. MMMM y"\n',
        encoding="utf-8",
    )
    spoken = environment(tmp_path)

    def says(lang: str, site_lang: str) -> bool:
        site = type(SITE)(name=SITE.name, url=SITE.url, lang=site_lang, timezone=SITE.timezone)
        made = render(post(lang=lang), site, publication=PUBLICATION, links=LINKS, environment=spoken)
        assert ("1. Juni 2026" in made.text) is ("Abbestellen" in made.text)
        return "Abbestellen" in made.text

    assert says("de-CH", "en")
    assert says("fr", "de")
    assert not says("fr", "es")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("de.po", 'msgid "open', r"de\.po:"),
        ("german.po", 'msgid "a"\nmsgstr "b"\n', "no language “german”"),
    ],
)
def test_translations_that_cannot_be_read_are_named(
    tmp_path: Path, name: str, text: str, complaint: str
) -> None:
    (tmp_path / "translations").mkdir()
    (tmp_path / "translations" / name).write_text(text, encoding="utf-8")
    with pytest.raises(RenderingError, match=complaint):
        environment(tmp_path)


class _Over(DictLoader):
    """Some templates in place of another environment's."""

    def __init__(self, mapping: dict[str, str], below: Environment) -> None:
        super().__init__(mapping)
        self._below = below

    def get_source(self, environment: Environment, template: str):  # type: ignore[no-untyped-def]
        if template in self.mapping:
            return super().get_source(environment, template)
        assert self._below.loader is not None
        return self._below.loader.get_source(environment, template)


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("{}", "missing: .*unsubscribe"),
        ("[]", "not a mapping"),
        ("dict(good, more='x')", "unknown: more"),
        ("dict(good, links=' ')", "wrong {blank}: links"),
        ("dict(good, note_on_page='{number')", "note_on_page"),
        ("dict(good, note_on_page='{moon}')", "note_on_page"),
    ],
)
def test_words_that_are_missing_or_broken_are_named(entry: str, complaint: str) -> None:
    broken = theme().overlay(cache_size=0)
    broken.loader = _Over({"email/words.jinja": f"{{% set words = {entry} %}}"}, theme())
    good = theme().get_template("email/words.jinja").make_module({"speaks": "en"}).words  # type: ignore[attr-defined]
    broken.globals = {**broken.globals, "good": good}
    with pytest.raises(RenderingError, match=complaint) as refused:
        render(post(), SITE, publication=PUBLICATION, links=LINKS, environment=broken)
    assert "email/words.jinja" in refused.value.message


def test_a_theme_without_words_or_with_a_broken_template_is_named() -> None:
    with pytest.raises(RenderingError, match="no words for letters"):
        render(
            post(), SITE, publication=PUBLICATION, links=LINKS, environment=Environment(loader=DictLoader({}))
        )
    broken = theme().overlay(cache_size=0, undefined=StrictUndefined)
    broken.loader = _Over({"email/letter.html": "{{ moon }}"}, theme())
    with pytest.raises(RenderingError, match=r"email/letter\.html does not work: 'moon' is undefined"):
        render(post(), SITE, publication=PUBLICATION, links=LINKS, environment=broken)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (None, "not in the manifest"),
        ("", "nothing in it to mail"),
        ("<p> &nbsp; </p><script>x</script>", "nothing in it to mail"),
        ("<b>" * 100 + "x", "nested more than 64 deep"),
    ],
)
def test_a_post_that_cannot_become_a_letter_is_named_with_advice(body: str | None, complaint: str) -> None:
    with pytest.raises(RenderingError, match=complaint) as refused:
        letter(post(body))
    assert refused.value.message.startswith("posts/monday.md: ")
    assert refused.value.advice


def test_the_size_is_the_size_as_mailed() -> None:
    made = letter(everything())
    message = EmailMessage(policy=SMTP)
    message.set_content(made.html, subtype="html", cte="quoted-printable")
    sent = message.as_bytes().split(b"\r\n\r\n", 1)[1]
    assert quopri.decodestring(sent).replace(b"\r\n", b"\n").decode() == made.html
    assert abs(encoded_size(made.html) - len(sent)) <= len(sent) // 50


def test_lines_of_text_end_in_a_line_feed_and_none_ends_in_a_space() -> None:
    text = letter(everything()).text
    assert text.endswith("Sampletown\n")
    assert not any(line != line.rstrip() for line in text.split("\n"))
    assert "\r" not in text


def test_an_address_stands_beside_its_label_where_there_is_room() -> None:
    room = 72 - len("Unsubscribe: ")
    for length, between in ((room, " "), (room + 1, "\n")):
        address = "https://example.org/".ljust(length, "x")
        links = LetterLinks(unsubscribe=address, postal_address=("Street",))
        made = render(post(), SITE, publication=PUBLICATION, links=links, environment=theme())
        assert made.text.count(f"Unsubscribe:{between}{address}\n") == 2
