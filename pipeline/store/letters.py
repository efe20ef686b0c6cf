"""The editions of a letter as one cell of the store."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.letters import Edition, EmbeddedImage, Guise, Letter

__all__ = ["pack", "unpack"]


def pack(editions: Sequence[Edition]) -> bytes:
    """Turn the editions of a letter into bytes: JSON, compressed."""
    return zlib.compress(
        json.dumps(
            [{"guise": edition.guise, "letter": _written(edition.letter)} for edition in editions]
        ).encode()
    )


def unpack(packed: bytes) -> tuple[Edition, ...]:
    """Turn the bytes of ``pack`` into the same editions again."""
    kept = json.loads(zlib.decompress(packed))
    if isinstance(kept, dict):  # from a time when a letter was the same for everybody
        return (Edition(guise=Guise.OPEN, letter=_read(kept)),)
    return tuple(Edition(guise=Guise(one["guise"]), letter=_read(one["letter"])) for one in kept)


def _written(letter: Letter) -> dict[str, object]:
    images = [{**asdict(image), "data": base64.b64encode(image.data).decode()} for image in letter.images]
    return {**asdict(letter), "images": images}


def _read(data: dict[str, Any]) -> Letter:
    images = tuple(
        EmbeddedImage(**{**image, "data": base64.b64decode(image["data"])}) for image in data.pop("images")
    )
    return Letter(**data, images=images)
