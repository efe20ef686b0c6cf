"""A line of text → a card with it, as it stands beside a link that somebody shares; and the still of a film.

Pure: the same words in the same colours give the same bytes, with the same Pillow. The typeface is Source Serif,
which comes as a package of its own; nothing of the machine's is used.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import combinations

from PIL import Image, ImageColor, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

__all__ = ["CARD", "COLOURS", "RECIPE", "STILL", "can_write", "card", "still"]

RECIPE = "1"  # raise it when the same words are to give another card
COLOURS = ("paper", "text", "clay", "raised", "dusk")  # of the theme's tokens
CARD = (1200, 630)  # pixels; what those who show links ask for
STILL = (1280, 720)
_MARGIN = 90
_SIZES = (82, 72, 62, 52, 44)  # pixels: the largest in which the title has room
_LEADING = 1.16
_TOP, _ROOM = 212, 306  # where the title may stand
_FINE = 4  # drawn so many times larger and made smaller, edges are smooth
_FONT = files("font_source_serif_pro") / "files" / "SourceSerifPro-Regular.ttf"


def can_write(text: str) -> bool:
    """Say whether the typeface has a sign for every character, and writes them in the order they are read."""
    font = _font(40)
    missing = bytes(font.getmask("\uffff"))
    return all(character.isspace() or bytes(font.getmask(character)) != missing for character in text)


def card(name: str, line: str, colours: Mapping[str, str]) -> bytes:
    """Draw a card: the site's mark and name, a line below them, and the ground that every page stands on.

    Args:
        name: The site's.
        line: What ``can_write`` says yes to; "" for a card with the name alone.
        colours: One for each of ``COLOURS``, as ``#rrggbb``.

    Returns:
        A PNG of 1200 by 630 pixels.
    """
    known = tuple(sorted(colours.items()))
    if not line:
        return _png(_sheet(name, known, alone=True), known)
    image = _sheet(name, known, alone=False).copy()
    draw = ImageDraw.Draw(image)
    font, lines = _set(line)
    height = round(font.size * _LEADING)
    top = _TOP + (_ROOM - height * len(lines)) // 2
    for number, words in enumerate(lines):
        draw.text((_MARGIN, top + number * height), words, font=font, fill=colours["text"])
    return _png(image, known)


def still(colours: Mapping[str, str]) -> bytes:
    """Draw what stands for a film of which its writer gives no picture: a door, and a sign that something begins.

    Args:
        colours: as of ``card``.

    Returns:
        A PNG of 1280 by 720 pixels.
    """
    image = Image.new("RGB", STILL, colours["raised"])
    door = Image.new("L", (480 * _FINE, 620 * _FINE))
    draw = ImageDraw.Draw(door)
    draw.ellipse((0, 0, 480 * _FINE, 480 * _FINE), fill=255)
    draw.rectangle((0, 240 * _FINE, 480 * _FINE, 620 * _FINE), fill=255)
    draw.polygon([(190 * _FINE, 190 * _FINE), (190 * _FINE, 370 * _FINE), (340 * _FINE, 280 * _FINE)], fill=0)
    image.paste(colours["dusk"], (400, 100), door.resize((480, 620), Image.Resampling.BOX))
    _arches(image, colours["paper"])
    return _png(image, tuple(sorted(colours.items())))


@cache
def _sheet(name: str, colours: tuple[tuple[str, str], ...], *, alone: bool) -> Image.Image:
    """Draw what all cards of a site have in common."""
    known = dict(colours)
    image = Image.new("RGB", CARD, known["paper"])
    _arches(image, known["raised"])
    draw = ImageDraw.Draw(image)
    size, top = (150, 190) if alone else (92, 74)
    _mark(image, (_MARGIN, top), size, known)
    font = _font(round(size * 0.55))
    draw.text(
        (_MARGIN + round(size * 1.3), top + size // 2), name, font=font, fill=known["text"], anchor="lm"
    )
    return image


@cache
def _font(size: int) -> FreeTypeFont:
    # BASIC: the other engine is not in every build of Pillow, and what needs it is not drawn.
    with _FONT.open("rb") as file:
        return ImageFont.truetype(io.BytesIO(file.read()), size, layout_engine=ImageFont.Layout.BASIC)


def _arches(image: Image.Image, colour: str) -> None:
    """Draw the ground: a row of arches, side by side."""
    tile = Image.new("L", (120 * _FINE, 60 * _FINE))
    ImageDraw.Draw(tile).ellipse((5 * _FINE, 5 * _FINE, 115 * _FINE, 115 * _FINE), fill=255)
    arch = tile.resize((120, 60), Image.Resampling.BOX)
    for left in range(-(-image.width % 120) // 2, image.width, 120):
        image.paste(colour, (left, image.height - 100), arch)
    image.paste(colour, (0, image.height - 41, image.width, image.height))


def _mark(image: Image.Image, at: tuple[int, int], size: int, colours: Mapping[str, str]) -> None:
    """Draw two arches, shoulder to shoulder on one ground, as in components/mark.html."""
    unit = size * _FINE / 32
    for colour, strokes in (
        (colours["text"], ("far", "floor")),
        (colours["clay"], ("near",)),
    ):
        shape = Image.new("L", (size * _FINE, size * _FINE))
        draw = ImageDraw.Draw(shape)
        thick = round(2.2 * unit)
        for stroke in strokes:
            if stroke == "floor":
                draw.line([(unit, 27 * unit), (31 * unit, 27 * unit)], fill=255, width=thick)
                continue
            left, right, middle = (3, 20, 14.5) if stroke == "far" else (14, 27, 20.5)
            half = (right - left) / 2
            box = (
                (left - 1.1) * unit,
                (middle - half - 1.1) * unit,
                (right + 1.1) * unit,
                (middle + half + 1.1) * unit,
            )
            draw.arc(box, 180, 357 if stroke == "far" else 360, fill=255, width=thick)
            draw.line([(left * unit, middle * unit), (left * unit, 27 * unit)], fill=255, width=thick)
            if stroke == "near":
                draw.line([(right * unit, middle * unit), (right * unit, 27 * unit)], fill=255, width=thick)
        image.paste(colour, at, shape.resize((size, size), Image.Resampling.BOX))


def _set(line: str) -> tuple[FreeTypeFont, Sequence[str]]:
    """Choose a size and break a line in it, each about as long as the next; cut what is longer than any card."""
    width = CARD[0] - 2 * _MARGIN
    for size in _SIZES:
        font = _font(size)
        lines = _broken(line, font, width)
        if len(lines) * round(size * _LEADING) <= _ROOM and all(_wide(each, font) <= width for each in lines):
            narrow = width
            while narrow > 200 and len(_broken(line, font, narrow - 20)) == len(lines):
                narrow -= 20
            return font, _broken(line, font, narrow)
    font = _font(_SIZES[-1])
    most = _ROOM // round(_SIZES[-1] * _LEADING)
    lines = _broken(line, font, width)
    last = f"{lines[most - 1].rstrip(' ,;:.–—')}…" if len(lines) > most else ""
    return font, [
        _cut(each, font, width) for each in [*lines[: most - 1], last or "".join(lines[most - 1 : most])]
    ]


def _wide(text: str, font: FreeTypeFont) -> float:
    return font.getbbox(text)[2]  # as it is drawn: getlength() leaves out what rounding adds


def _cut(line: str, font: FreeTypeFont, width: int) -> str:
    if _wide(line, font) <= width:
        return line
    while _wide(f"{line}…", font) > width:
        line = line[:-1]
    return f"{line}…"


def _broken(line: str, font: FreeTypeFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in line.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _wide(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _png(image: Image.Image, colours: tuple[tuple[str, str], ...]) -> bytes:
    target = io.BytesIO()
    image.quantize(palette=_palette(colours), dither=Image.Dither.NONE).save(target, "PNG", compress_level=9)
    return target.getvalue()


@cache
def _palette(colours: tuple[tuple[str, str], ...]) -> Image.Image:
    """Give the colours that a card is drawn in, and the steps from each to the others that smooth edges need."""
    known = [ImageColor.getrgb(colour)[:3] for _, colour in colours]
    steps = dict.fromkeys(
        tuple(round(a + (b - a) * step / 14) for a, b in zip(one, other, strict=True))
        for one, other in combinations(known, 2)
        for step in range(15)
    )
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in steps for part in colour])
    return palette
