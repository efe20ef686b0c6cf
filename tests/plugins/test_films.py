"""Films that stand on YouTube or Vimeo: a still, a plain link, a word on where it leads, and nothing fetched."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from markdown import Markdown

from pipeline.posts import manifest
from pipeline.rendering import render
from plugins.films.links import film
from plugins.films.markup import AloneOnALine, Still, shown
from tests.rendering.making import LINKS, PUBLICATION, theme
from tests.site_fixture.building import SITEURL, build

TUBE = "https://www.youtube.com/watch?v=aB3_d-F--hI"


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        (TUBE, TUBE),
        ("http://m.youtube.com/watch?app=desktop&v=aB3_d-F--hI&feature=share", TUBE),
        ("https://youtu.be/aB3_d-F--hI?si=whoSharedIt", TUBE),
        ("https://youtu.be/aB3_d-F--hI?t=1m30s", f"{TUBE}&t=90"),
        ("https://www.youtube.com/watch?v=aB3_d-F--hI&t=75", f"{TUBE}&t=75"),
        ("https://www.youtube-nocookie.com/embed/aB3_d-F--hI?start=5", f"{TUBE}&t=5"),
        ("https://youtube.com/shorts/aB3_d-F--hI", TUBE),
        ("https://www.youtube.com/live/aB3_d-F--hI?feature=share", TUBE),
        ("https://vimeo.com/123456789", "https://vimeo.com/123456789"),
        ("https://vimeo.com/123456789/abcdef0123?share=copy", "https://vimeo.com/123456789/abcdef0123"),
        ("https://player.vimeo.com/video/123456789?h=abcdef0123", "https://vimeo.com/123456789/abcdef0123"),
    ],
)
def test_an_address_is_made_plain_and_loses_what_follows_a_visitor(address: str, plain: str) -> None:
    found = film(address)
    assert found is not None
    assert found.url == plain


@pytest.mark.parametrize(
    "address",
    [
        "https://www.youtube.com/",
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/playlist?list=PLabc",
        "https://www.youtube.com/watch?v=short",
        "https://www.youtube.com/watch?v=aB3_d-F--h%22",
        "https://youtube.com.example.org/watch?v=aB3_d-F--hI",
        "https://vimeo.com/about",
        "https://vimeo.com/123456789/review/2",
        "ftp://vimeo.com/123456789",
        "https://[",
        "https://example.org/watch?v=aB3_d-F--hI",
    ],
)
def test_what_is_no_film_stays_a_link(address: str) -> None:
    assert film(address) is None


def converted(text: str) -> tuple[str, list[Still]]:
    """Give what Markdown and the plugin make of a text, and what was shown."""
    found: list[Still] = []
    options = {"extensions": ["extra", "smarty", AloneOnALine()], "output_format": "html"}
    html = shown(Markdown(**options).convert(text), lambda still: found.append(still) or "<figure></figure>")
    return html, found


@pytest.mark.parametrize(
    ("text", "title", "image"),
    [
        (TUBE, "", ""),
        (f"  {TUBE}  ", "", ""),
        (f"<{TUBE}>", "", ""),
        (f'[What it is *called*, "said"]({TUBE})', "What it is called, “said”", ""),
        (
            f'[![A chair.](chair.jpg)]({TUBE} "What it is called")',
            "What it is called",
            '<img alt="A chair." src="chair.jpg"',
        ),
        (
            f'<iframe src="{TUBE.replace("watch?v=", "embed/")}" title="YouTube video player"></iframe>',
            "",
            "",
        ),
        ('<iframe src="//www.youtube-nocookie.com/embed/aB3_d-F--hI" title="A talk"></iframe>', "A talk", ""),
    ],
)
def test_a_film_on_a_line_of_its_own_is_shown(text: str, title: str, image: str) -> None:
    html, found = converted(f"Before.\n\n{text}\n\nAfter.")
    (still,) = found
    assert (still.film.url, still.title) == (TUBE, title)
    assert still.image.startswith(image)
    assert bool(still.image) == bool(image)
    assert html.replace("\n", "") == "<p>Before.</p><figure></figure><p>After.</p>"


@pytest.mark.parametrize(
    "text",
    [
        f"See {TUBE} for more.",
        f"See [this]({TUBE}).",
        f"[One]({TUBE}) and [two]({TUBE})",
        f"Words\n{TUBE}\nwords",
        f"    {TUBE}",
        f"```\n\n{TUBE}\n\n```",
        f"`{TUBE}`",
        "https://example.org/a--b",
        '<iframe src="https://example.org/embed/aB3_d-F--hI"></iframe>',
        "[A picture](https://www.youtube.com/playlist?list=PLabc)",
    ],
)
def test_what_stands_among_words_or_in_code_or_elsewhere_is_left_alone(text: str) -> None:
    with_it, found = converted(text)
    assert found == []
    assert with_it == Markdown(extensions=["extra", "smarty"], output_format="html").convert(text)


def test_page_feed_and_manifest_show_a_still_and_say_where_the_link_leads(tmp_path: Path) -> None:
    posts = tmp_path / "content" / "posts"
    posts.mkdir(parents=True)
    (posts / "film.md").write_text(
        f'---\ntitle: Seen\ndate: 2026-01-02\n---\n\nFirst.\n\n[Sitting <still> & "well"]({TUBE})\n',
        encoding="utf-8",
    )
    (posts / "pelicula.md").write_text(
        "Title: Vista\nDate: 2026-01-03\nLang: es\n\nPrimero.\n\nhttps://vimeo.com/123456789\n",
        encoding="utf-8",
    )
    output = build(tmp_path / "out" / "output", content=tmp_path / "content")
    (figure,) = lxml.html.parse(output / "seen/index.html").xpath("//figure[@class='film']")
    (link,) = figure.xpath(".//a")
    assert (link.get("href"), link.get("rel")) == (TUBE, "noreferrer")
    assert link.text_content() == "Watch “Sitting & “well”” on YouTube"
    assert "youtube.com, which belongs to Google" in figure.text_content()
    (image,) = figure.xpath(".//img")
    assert image.get("src") == f"{SITEURL}/film.png"
    assert (output / "film.png").read_bytes().startswith(b"\x89PNG")
    (spanish,) = lxml.html.parse(output / "es/vista/index.html").xpath("//figure[@class='film']")
    assert "Ver el vídeo en Vimeo" in spanish.text_content()
    for name in (output / "feed.atom", output.parent / "posts.json"):
        text = name.read_text(encoding="utf-8")
        assert "which belongs to Google" in text, name
        assert "iframe" not in text
    known = manifest.read(output.parent / "posts.json")
    (seen,) = (post for post in known.posts if post.slug == "seen")
    sent = render(seen, known.site, publication=PUBLICATION, links=LINKS, environment=theme())
    letter = lxml.html.fromstring(sent.html)
    (picture,) = letter.xpath(f"//img[@src='{SITEURL}/film.png']")
    assert int(picture.get("width")) <= 552
    assert TUBE in letter.xpath("//a/@href")
    for part in (letter.text_content(), sent.text):
        assert "Watch “Sitting & “well”” on YouTube" in part
        assert "which belongs to Google" in " ".join(part.split())
