"""The bytes of a file → text that pages, feeds and letters can hold, or the place where it is not."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.posts.located import Place, Source
from pipeline.posts.mistakes import Mistake

__all__ = ["MAX_FILE", "decode", "load"]

MAX_FILE = 4 * 1024 * 1024  # bytes; a long novel's worth of text

# Neither XML 1.0 (the feeds) nor YAML can hold these, and no editor shows them.
_UNUSABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BOM = b"\xef\xbb\xbf"


def load(path: Path, *, shown: str = "") -> tuple[Source, Mistake | None]:
    """Read a file.

    Args:
        path: Where it is.
        shown: What to call it in mistakes; else the path as given.
    """
    name = shown or path.as_posix()
    if not path.is_file() and path.exists():  # a pipe would be waited for
        source = Source(name, "")
        return source, source.mistake(Place(1, 1), "is not a file", "rename it, or leave the suffix away")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        source = Source(name, "")
        reason = error.strerror or type(error).__name__
        return source, source.mistake(Place(1, 1), f"cannot be read: {reason}", "make it a readable file")
    return decode(data, path=name)


def decode(data: bytes, *, path: str) -> tuple[Source, Mistake | None]:
    r"""Turn bytes into text, its lines ended by ``\n``.

    Args:
        data: UTF-8, with or without a byte order mark, lines ending in any of the three ways.
        path: What to call the file in mistakes.

    Returns:
        The text, empty when it cannot be read, and what is wrong with it.
    """
    nothing = Source(path, "")
    if len(data) > MAX_FILE:
        message = f"the file is larger than {MAX_FILE // 1024 // 1024} MB"
        return nothing, nothing.mistake(Place(1, 1), message, "split it; pictures have files of their own")
    try:
        text = _lines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        start = error.start + (len(_BOM) if data.startswith(_BOM) else 0)  # which the decoder does not count
        before = _lines(data[:start].decode("utf-8-sig", errors="replace"))
        message = f"is not UTF-8 from here on (byte 0x{data[start]:02X})"
        place = Source(path, before).place(len(before))
        return nothing, nothing.mistake(place, message, "save the file as UTF-8")
    source = Source(path, text)
    if unusable := _UNUSABLE.search(text):
        what = "a NUL byte" if unusable[0] == "\0" else f"the control character U+{ord(unusable[0]):04X}"
        return nothing, source.mistake(source.place(unusable.start()), f"{what} stands here", "delete it")
    return source, None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
