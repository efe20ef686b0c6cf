"""One picture → the same picture without what the camera wrote into it, and in other sizes and formats.

Pure but for time: bytes in, bytes out.
"""

from __future__ import annotations

import io
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile

from .telling import tells

__all__ = [
    "FORMATS",
    "RECIPE",
    "SUFFIXES",
    "WIDTHS",
    "Unreadable",
    "cleaned",
    "in_format",
    "is_still",
    "size",
    "tone",
]

RECIPE = "1"  # raise it when the same source is to give other bytes
SUFFIXES = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".webp"})
FORMATS = MappingProxyType({"avif": "image/avif", "webp": "image/webp"})  # by suffix, best first
WIDTHS = (480, 800, 1200, 1600)  # CSS pixels times density: a phone's column, a desk's, both on fine screens
_LARGEST = 2000  # pixels a side: nothing here is shown larger than a column on a fine screen


class Unreadable(Exception):
    """The bytes are no picture, or one too large to open."""


def cleaned(data: bytes) -> bytes:
    """Give a picture upright, at most 2000 pixels a side, without EXIF, XMP, IPTC, comments and text.

    One that holds none of this, and is no larger, comes back byte for byte; so does an animation, whose frames hold
    none. The colour profile stays: without it colours are wrong.

    Args:
        data: PNG, JPEG, WebP, AVIF or GIF.

    Raises:
        Unreadable: It is none of them.
    """
    with _opened(data) as image:
        if getattr(image, "is_animated", False):
            return _saved(image, image.format or "", save_all=True) if tells(data, image) else data
        if not tells(data, image) and max(image.size) <= _LARGEST:
            return data
        upright = ImageOps.exif_transpose(image)
        upright.thumbnail((_LARGEST, _LARGEST), Image.Resampling.LANCZOS)
        return _saved(upright, image.format or "", icc_profile=image.info.get("icc_profile"))


def size(data: bytes) -> tuple[int, int]:
    """Give width and height in pixels.

    Raises:
        Unreadable: It is no picture.
    """
    with _opened(data) as image:
        return image.size


def in_format(data: bytes, suffix: str, width: int) -> bytes:
    """Make a picture in one of ``FORMATS``, so many pixels wide and as high as that makes it.

    Args:
        data: A cleaned picture that stands still.
        suffix: ``avif`` or ``webp``.
        width: at most its own.
    """
    with _opened(data) as image:
        profile = image.info.get("icc_profile")
        flat = image.mode == "P"
        opaque = not image.has_transparency_data
        drawn: Image.Image = image.convert("RGB" if opaque else "RGBA")
        if width < image.width:
            drawn = drawn.resize(
                (width, max(1, round(image.height * width / image.width))), Image.Resampling.LANCZOS
            )
        if suffix == "avif":
            return _saved(drawn, "AVIF", quality=60, speed=7, max_threads=1, icc_profile=profile)
        lossy = _saved(drawn, "WEBP", quality=80, method=4, icc_profile=profile)
        if not flat or width < image.width:  # made smaller, flat areas have soft edges
            return lossy
        return min(lossy, _saved(drawn, "WEBP", lossless=True, method=4, icc_profile=profile), key=len)


def is_still(data: bytes) -> bool:
    """Say whether a picture has one frame."""
    with _opened(data) as image:
        return not getattr(image, "is_animated", False)


def tone(data: bytes) -> str:
    """Name the colour that most of a picture has, for its place while it comes.

    Returns:
        Red, green and blue as three hexadecimal digits, "efd"; "" for a picture that one can see through.
    """
    with _opened(data) as image:
        if image.has_transparency_data:
            return ""
        small = image.convert("RGB").resize((32, 32), Image.Resampling.BOX)
        few = small.quantize(6, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        counted = Counter(few.tobytes())
        palette = few.getpalette() or []
        most = min(counted, key=lambda colour: (-counted[colour], colour))
        return "".join(f"{round(part / 17):x}" for part in palette[most * 3 : most * 3 + 3])


@contextmanager
def _opened(data: bytes) -> Iterator[ImageFile]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                yield image
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise Unreadable(str(error)) from None


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    if kind in {"MPO", "JPEG"}:  # MPO: what phones call a JPEG with a second picture inside
        kind, options = (
            "JPEG",
            {"quality": 88, "optimize": True, "progressive": True, "comment": b"", **options},
        )
    if kind == "PNG":
        options = {"optimize": True, **options}
    if kind in {"WEBP", "AVIF"}:
        options = {"quality": 85, "exif": b"", "xmp": b"", **options}
    _forget(image)
    target = io.BytesIO()
    image.save(target, kind, **{name: value for name, value in options.items() if value is not None})
    return target.getvalue()


def _forget(image: Image.Image) -> None:
    """Take from an opened picture what the formats' writers would write again by themselves."""
    kept: Mapping[str | tuple[int, int], object] = image.info
    image.info = {
        key: value
        for key, value in kept.items()
        if key in {"transparency", "duration", "loop", "disposal", "background"}
    }
