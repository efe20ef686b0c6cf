"""Where a letter's pictures come from, and what stands there when they do not."""

from __future__ import annotations

import hashlib

import pytest
from lxml import html as lxml_html

from pipeline.errors import RenderingError
from pipeline.letters import ImagePolicy
from tests.rendering.making import SITE, letter, long, png, post

OWN = f"{SITE.url}/images/a.png"


def images(html: str) -> list[dict[str, str]]:
    return [
        {str(k): str(v) for k, v in node.attrib.items()} for node in lxml_html.fromstring(html).iter("img")
    ]


def shown(body: str, **options: object) -> str:
    return letter(post(body), **options).html


def test_a_picture_of_the_sites_own_is_linked_as_it_is() -> None:
    (image,) = images(shown(f'<p><img src="{OWN}?v=1" alt="A cup."></p>'))
    assert image["src"] == f"{OWN}?v=1"
    assert image["alt"] == "A cup."


@pytest.mark.parametrize(
    "source",
    [
        "https://pictures.example.com/a.png",
        "https://belonging.example.org.evil.example/a.png",
        "https://belonging.example.org:8443/a.png",
        "https://belonging.example.org@evil.example/a.png",
        "data:image/png;base64,AAAA",
        "cid:a@b",
        f"{SITE.url}/images/a.svg",
        f"{SITE.url}/images/a.AVIF?x=1",
        "",
    ],
)
def test_any_other_picture_is_told_in_words(source: str) -> None:
    html = shown(f'<p>Look: <img src="{source}" alt="A cup &amp; a hand."></p>')
    assert images(html) == []
    assert "Picture: A cup &amp; a hand.</span>" in html
    assert "evil" not in html


def test_a_picture_without_words_from_elsewhere_leaves_no_trace() -> None:
    html = shown(
        '<p>a</p><p><a href="https://example.org/big"><img src="https://x.example.com/a.png" alt=""></a></p>'
        '<p>b <img src="https://x.example.com/a.png" alt=""> c</p>'
    )
    assert images(html) == []
    assert "example.org/big" not in html
    assert "b  c" in html
    assert "></p>" not in html.partition("sheet body")[2].partition("</td>")[0]


def test_left_out_pictures_are_told_in_words() -> None:
    with_lead = post(
        f'<p><img src="{OWN}" alt="A cup."></p>', image=f"{SITE.url}/images/b.png", image_alt="A hand."
    )
    made = letter(with_lead, images=ImagePolicy.OMIT)
    assert images(made.html) == []
    assert made.html.index("Picture: A hand.") < made.html.index("Picture: A cup.")
    assert "[Picture: A cup.]" in made.text


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("", ("552", None)),
        ('width="1200" height="700"', ("552", "322")),
        ('width="1200"', ("552", None)),
        ('width="300" height="200"', ("300", "200")),
        ('height="200"', ("552", None)),
        ('width="50%" height="0"', ("552", None)),
    ],
)
def test_no_picture_is_wider_than_the_letter(given: str, wanted: tuple[str, str | None]) -> None:
    (image,) = images(shown(f'<p><img src="{OWN}" alt="A." {given}></p>'))
    assert (image["width"], image.get("height")) == wanted
    assert "max-width:100%" in image["style"]


@pytest.mark.parametrize("size", ['width="1" height="1"', 'width="9999" height="1"', 'height="3" width="40"'])
def test_a_picture_too_small_to_be_seen_is_not_fetched(size: str) -> None:
    assert images(shown(f'<p>a<img src="{OWN}" alt="" {size}></p>')) == []


def test_a_small_picture_in_a_line_is_not_blown_up() -> None:
    (image,) = images(shown(f'<p>A <img src="{OWN}" alt="sun"> day.</p>'))
    assert "width" not in image
    assert "display:block" not in image["style"]


def test_an_embedded_picture_travels_once_and_is_asked_for_by_its_address() -> None:
    asked: list[str] = []

    def picture(address: str) -> bytes:
        asked.append(address)
        return png()

    foreign = '<p><img src="https://x.example/b.png" alt="B."></p>'
    body = f'<p><img src="{OWN}" alt="A."></p><p><img src="{OWN}" alt="Again."></p>{foreign}'
    made = letter(post(body), images=ImagePolicy.EMBED, picture=picture)
    (image,) = made.images
    assert asked == [OWN, OWN]
    assert image.data == png()
    assert image.media_type == "image/png"
    assert image.content_id == f"{hashlib.sha256(png()).hexdigest()[:32]}@belonging.example.org"
    assert [found["src"] for found in images(made.html)] == [f"cid:{image.content_id}"] * 2


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\xff\xd8\xff\xe0x", "image/jpeg"),
        (b"GIF89ax", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_the_kind_of_an_embedded_picture_is_read_from_its_bytes(data: bytes, kind: str) -> None:
    made = letter(post(f'<img src="{OWN}" alt="A.">'), images=ImagePolicy.EMBED, picture=lambda _: data)
    assert [image.media_type for image in made.images] == [kind]


@pytest.mark.parametrize("data", [None, b"", b"<svg/>", b"RIFF\0\0\0\0WAVE"])
def test_a_picture_that_cannot_be_embedded_is_named(data: bytes | None) -> None:
    with pytest.raises(
        RenderingError, match=r"posts/monday\.md: the picture https://belonging.*a\.png"
    ) as refused:
        letter(post(f'<img src="{OWN}" alt="A.">'), images=ImagePolicy.EMBED, picture=lambda _: data)
    assert refused.value.advice


def test_pictures_behind_the_cut_do_not_travel() -> None:
    whole = long()
    assert whole.body is not None
    tail = post(whole.body + f'<p><img src="{OWN}" alt="A."></p>')
    made = letter(tail, images=ImagePolicy.EMBED, picture=lambda _: png())
    assert made.cut_at
    assert made.images == ()
