"""Where pictures are kept once they are made, by the content of their source: a build makes only what is new."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from PIL import __version__ as _pillow

from . import encoding

__all__ = ["Picture", "Shelf"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A source, cleaned."""

    file: Path  # on the shelf
    width: int
    height: int
    still: bool
    tone: str  # as of encoding.tone


class Shelf:
    """A folder of pictures. It may be deleted at any time; several builds may use it at once."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; it is made when something is put into it."""
        self._folder = folder

    def clean(self, source: Path) -> Picture:
        """Give a source without what its camera wrote into it.

        Raises:
            Unreadable: It is no picture.
        """
        data = source.read_bytes()
        file = self.keep(data, f"clean{source.suffix.lower()}", lambda: encoding.cleaned(data))
        shown = file.read_bytes()
        width, height = encoding.size(shown)
        tone = self.keep(shown, "tone.txt", lambda: encoding.tone(shown).encode("ascii"))
        return Picture(
            file=file,
            width=width,
            height=height,
            still=encoding.is_still(shown),
            tone=tone.read_text(encoding="ascii"),
        )

    def variant(self, picture: Picture, suffix: str, width: int) -> Path:
        """Give a picture in one of the formats, in one width.

        Raises:
            Unreadable: It cannot be opened any more.
        """
        data = picture.file.read_bytes()
        return self.keep(data, f"{width}.{suffix}", lambda: encoding.in_format(data, suffix, width))

    def keep(self, source: bytes, name: str, make: Callable[[], bytes]) -> Path:
        """Give what was made of a source, made now if it is not there.

        Args:
            source: All that it depends on, besides Pillow.
            name: What it is of the source.
            make: Makes it.
        """
        key = hashlib.sha256(b"\0".join([encoding.RECIPE.encode(), _pillow.encode(), source])).hexdigest()[
            :32
        ]
        file = self._folder / key / name
        if not file.exists():
            made = make()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.parent.mkdir(mode=0o700, exist_ok=True)
            with NamedTemporaryFile(dir=file.parent, delete=False) as written:
                written.write(made)
            Path(written.name).chmod(0o644)  # a copy of it lies on the web server
            os.replace(written.name, file)  # noqa: PTH105 - whole or not at all
        return file
