"""A letter as one cell of the store."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import asdict

from pipeline.letters import EmbeddedImage, Letter

__all__ = ["pack", "unpack"]


def pack(letter: Letter) -> bytes:
    """Turn a letter into bytes: JSON, compressed."""
    images = [{**asdict(image), "data": base64.b64encode(image.data).decode()} for image in letter.images]
    return zlib.compress(json.dumps({**asdict(letter), "images": images}).encode())


def unpack(packed: bytes) -> Letter:
    """Turn the bytes of ``pack`` into the same letter again."""
    data = json.loads(zlib.decompress(packed))
    images = tuple(
        EmbeddedImage(**{**image, "data": base64.b64decode(image["data"])}) for image in data.pop("images")
    )
    return Letter(**data, images=images)
