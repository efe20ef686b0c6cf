"""Pictures: what the camera wrote into them stays at home, and pages offer them in every size."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from pipeline.rendering.rules.contrast import ratio
from plugins.pictures import encoding
from plugins.pictures.markup import Offer, Source, pictured
from plugins.pictures.shelf import Shelf
from tests.site_fixture.building import SITEURL, build

SECRETS = (b"Canon", b"Mara Lindqvist", b"2026:05:04 10:11:12", b"Exif", b"exif", b"adobe.com/xap", b"GPS")
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><by>Mara Lindqvist</by></x:xmpmeta>'


def photograph(width: int = 300, height: int = 200) -> Image.Image:
    """Draw something whose four corners differ."""
    image = Image.linear_gradient("L").resize((width, height))
    return Image.merge("RGB", (image, image.transpose(Image.Transpose.ROTATE_180), image.point(lambda _: 90)))


def written_by_a_phone(orientation: int = 1) -> Image.Exif:
    """Say where, when, with what and by whom, as a phone does."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Artist] = "Mara Lindqvist"
    exif[ExifTags.Base.DateTime] = "2026:05:04 10:11:12"
    exif[ExifTags.Base.Orientation] = orientation
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return exif


def file(kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    photograph().save(target, kind, **options)
    return target.getvalue()


def saved(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "PNG")
    return target.getvalue()


def pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size, image.convert("RGB").tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_where_when_and_by_whom_a_picture_was_taken_is_taken_out(kind: str) -> None:
    taken = file(kind, exif=written_by_a_phone())
    assert any(secret in taken for secret in SECRETS)
    shown = encoding.cleaned(taken)
    with Image.open(io.BytesIO(shown)) as image:
        assert image.format == kind
        assert dict(image.getexif()) == {}
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo) == {}
    assert [secret for secret in SECRETS if secret in shown] == []


def test_xmp_comments_and_text_are_taken_out() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Mara Lindqvist")
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    for taken in (
        file("PNG", pnginfo=text),
        file("JPEG", comment=b"Mara Lindqvist"),
        file("JPEG", xmp=XMP),
        file("WEBP", xmp=XMP),
        file("GIF", comment=b"Mara Lindqvist"),
    ):
        assert b"Mara Lindqvist" in taken
        assert b"Mara Lindqvist" not in encoding.cleaned(taken)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_what_hangs_on_after_a_pictures_end_is_cut_off(kind: str) -> None:
    assert b"a film with voices" not in encoding.cleaned(file(kind) + b"a film with voices")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
def test_a_picture_that_tells_nothing_stays_as_it_is_byte_for_byte(kind: str) -> None:
    assert encoding.cleaned(file(kind)) == file(kind)


def test_cleaning_twice_is_cleaning_once_and_a_png_keeps_every_pixel() -> None:
    taken = file("PNG", exif=written_by_a_phone())
    once = encoding.cleaned(taken)
    assert encoding.cleaned(once) == once
    assert pixels(once) == pixels(taken)


def test_a_picture_taken_sideways_stands_upright() -> None:
    shown = encoding.cleaned(file("PNG", exif=written_by_a_phone(orientation=6)))
    upright = photograph().transpose(Image.Transpose.ROTATE_270)
    assert pixels(shown) == (upright.size, upright.tobytes())


def test_a_colour_profile_stays() -> None:
    profile = b"\0" * 36 + b"acsp" + b"\0" * 88
    shown = encoding.cleaned(file("JPEG", icc_profile=profile, exif=written_by_a_phone()))
    with Image.open(io.BytesIO(shown)) as image:
        assert image.info["icc_profile"] == profile


def test_a_picture_larger_than_any_column_is_made_smaller() -> None:
    target = io.BytesIO()
    photograph(3000, 1000).save(target, "JPEG")
    assert encoding.size(encoding.cleaned(target.getvalue())) == (2000, 667)


@pytest.mark.parametrize("suffix", ["avif", "webp"])
def test_a_variant_is_as_wide_as_asked_tells_nothing_and_is_the_same_each_time(suffix: str) -> None:
    made = encoding.in_format(file("JPEG", exif=written_by_a_phone()), suffix, 150)
    assert encoding.size(made) == (150, 100)
    assert [secret for secret in SECRETS if secret in made] == []
    assert encoding.in_format(file("JPEG", exif=written_by_a_phone()), suffix, 150) == made


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(encoding.Unreadable):
        encoding.cleaned(data)


def test_what_was_made_once_is_taken_from_the_shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(file("JPEG", exif=written_by_a_phone()))
    shelf = Shelf(tmp_path / "shelf")
    made = shelf.variant(shelf.clean(source), "webp", 150)

    def never(*_: object) -> bytes:
        raise AssertionError("made again")

    monkeypatch.setattr(encoding, "cleaned", never)
    monkeypatch.setattr(encoding, "in_format", never)
    assert Shelf(tmp_path / "shelf").variant(shelf.clean(source), "webp", 150) == made
    assert made.stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "shelf").stat().st_mode & 0o777 == 0o700


OFFER = Offer(
    width=300,
    height=200,
    sources=[Source(type="image/avif", candidates=[("/a.png.150.avif", 150), ("/a.png.300.avif", 300)])],
)


@pytest.mark.parametrize(
    ("colour", "name"), [((250, 235, 220), "fed"), ((0, 0, 0), "000"), ((17, 34, 255), "12f")]
)
def test_the_colour_that_most_of_a_picture_has_is_named(colour: tuple[int, int, int], name: str) -> None:
    image = Image.new("RGB", (300, 200), colour)
    image.paste((255, 0, 0), (0, 0, 100, 100))
    assert encoding.tone(saved(image)) == name


def test_what_one_can_see_through_has_no_colour_behind_it() -> None:
    assert encoding.tone(saved(Image.new("RGBA", (30, 20), (255, 0, 0, 128)))) == ""


def test_the_place_of_a_picture_has_its_colour_and_words_stand_out_from_every_one() -> None:
    offers = {
        f"{number:03x}": Offer(width=3, height=2, sources=[], tone=f"{number:03x}")
        for number in range(0, 4096, 7)
    }
    for tone, offer in offers.items():
        made = pictured('<img class="arch" src="a" alt="">', lambda _, offer=offer: offer)  # type: ignore[misc]
        red, green, blue = (int(digit, 16) for digit in tone)
        assert f'class="arch tint r{red} g{green} b{blue}' in made
        words = (255, 255, 255) if "deep" in made else (0, 0, 0)
        assert ratio(words, (red * 17, green * 17, blue * 17)) >= 4.5, tone


def test_an_image_is_offered_in_its_forms_with_its_size_and_comes_when_it_is_near() -> None:
    html = pictured('<p>A <img alt="&lt;x&gt; &amp; y" src="/a.png"> b</p>', {"/a.png": OFFER}.get)
    assert html == (
        '<p>A <picture><source type="image/avif" srcset="/a.png.150.avif 150w, /a.png.300.avif 300w"'
        ' sizes="(min-width: 46rem) 42rem, calc(100vw - 2.5rem)">'
        '<img alt="&lt;x&gt; &amp; y" src="/a.png" width="300" height="200" loading="lazy" decoding="async">'
        "</picture> b</p>"
    )


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://elsewhere.example.com/a.png">',
        "<img>",
        '<picture><img src="/a.png"></picture>',
        "a &lt;img>",
    ],
)
def test_what_is_not_ours_to_change_stays_as_it_is(html: str) -> None:
    assert pictured(html, {"/a.png": OFFER}.get) == html


def test_a_writer_decides_on_size_and_loading() -> None:
    html = pictured('<img src="/a.png" width="20" loading="eager">', {"/a.png": OFFER}.get)
    assert 'width="20" loading="eager" decoding="async">' in html
    assert "height" not in html


def test_the_site_publishes_no_picture_as_the_camera_left_it(tmp_path: Path) -> None:
    content = tmp_path / "content"
    (content / "posts").mkdir(parents=True)
    (content / "images").mkdir()
    taken = file("JPEG", exif=written_by_a_phone(orientation=6))
    (content / "images" / "at-home.jpg").write_bytes(taken)
    (content / "posts" / "a.md").write_text(
        "---\ntitle: A\ndate: 2026-01-01\nimage: images/at-home.jpg\nimage_alt: A room.\n---\n"
        "![Again]({static}/images/at-home.jpg)\n",
        encoding="utf-8",
    )
    output = build(tmp_path / "output", content=content, PICTURES_CACHE=str(tmp_path / "shelf"))
    published = sorted(path.name for path in (output / "images").iterdir())
    assert published == ["at-home.jpg", "at-home.jpg.200.avif", "at-home.jpg.200.webp"]
    for path in (output / "images").iterdir():
        assert [secret for secret in SECRETS if secret in path.read_bytes()] == [], path
    html = (output / "a" / "index.html").read_text(encoding="utf-8")
    assert html.count(f"{SITEURL}/images/at-home.jpg.200.avif 200w") == 2
    assert html.count('width="200" height="300"') == 2
    assert (content / "images" / "at-home.jpg").read_bytes() == taken  # what was committed stays
