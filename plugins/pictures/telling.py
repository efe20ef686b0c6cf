"""Whether a picture file holds more than the picture: where and when it was taken, with what, by whom.

What is not known to be harmless counts as telling: then the file is written anew from its pixels.
"""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

__all__ = ["tells"]

_PNG_SIGNATURE = 8  # bytes before the first chunk
_PNG_CHUNKS = (
    frozenset(  # image data, colour, size, animation (PNG 3rd edition §11); no text, no time, no eXIf
        {
            b"IHDR",
            b"PLTE",
            b"IDAT",
            b"IEND",
            b"tRNS",
            b"cHRM",
            b"gAMA",
            b"iCCP",
            b"sBIT",
            b"sRGB",
            b"cICP",
            b"bKGD",
        }
        | {b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT"}
    )
)
_JPEG_APPS = (b"JFIF", b"ICC_PROFILE", b"Adobe")
_JPEG_END = b"\xff\xd9"
_KEYS = frozenset(  # what Pillow reads of WebP, AVIF and GIF
    {"background", "duration", "icc_profile", "loop", "timestamp", "transparency", "version", "extension"}
)


def tells(data: bytes, image: Image.Image) -> bool:
    """Say whether a file holds anything besides a picture.

    Args:
        data: the file.
        image: the same, opened and loaded.
    """
    if image.getexif() or image.info.get("comment") or image.info.get("xmp"):
        return True
    match image.format:
        case "PNG":
            return not _PNG_CHUNKS.issuperset(_png_chunks(data))
        case "JPEG":
            segments: list[tuple[str, bytes]] = getattr(image, "applist", [])
            known = all(marker.startswith("APP") and body.startswith(_JPEG_APPS) for marker, body in segments)
            return not known or not data.endswith(_JPEG_END)  # some phones put a film after the picture's end
        case "GIF":
            extension = image.info.get("extension")
            return isinstance(extension, tuple) and extension[0] != b"NETSCAPE2.0"
        case "WEBP" | "AVIF":
            return not _KEYS.issuperset(image.info)
        case _:  # MPO: two pictures in one
            return True


def _png_chunks(data: bytes) -> Iterator[bytes]:
    position = _PNG_SIGNATURE
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        name = data[position + 4 : position + 8]
        yield name
        position += length + 12
        if name == b"IEND" and position < len(data):
            yield b"trailing"
            return
