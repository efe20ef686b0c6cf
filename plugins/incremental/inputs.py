"""What a build was made of besides content: code, settings, the environment; and every file that it opened.

Python reports each file that is opened and each folder that is listed (``sys.addaudithook``), so nobody has to know
of all the places where a site, a theme or a plugin may read something.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from .codec import Encoder, Opaque, Plain, digest
from .front import ALWAYS_NEW
from .stamps import RACY, Stamp, fingerprint, same, stamp

__all__ = ["Recorder", "code", "environment", "environment_same", "settings_digest", "unchanged"]

_ALWAYS = frozenset(
    {
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "LC_TIME",
        "LC_CTYPE",
        "LC_COLLATE",
        "TZ",
        "SOURCE_DATE_EPOCH",
        "PYTHONPATH",
    }
)
_NAME = re.compile(r"""["']([A-Z][A-Z0-9_]{1,60})["']""")
_INSTALLED = re.compile(r"[/\\](?:site-packages|dist-packages|lib[/\\]python3)[/\\.]")
_NO_FILE = re.compile(r"/(?:proc|sys|dev/(?!shm/))")
_NOT_KEPT = frozenset({"OUTPUT_PATH"})


class Recorder:
    """Every file that was read and every one that was written while it listens, with the stamp it had before."""

    def __init__(self) -> None:
        self.read: dict[str, Stamp] = {}
        self.written: set[str] = set()
        self._part: dict[str, Stamp] | None = None
        self._on = self._busy = self._hooked = False

    def start(self) -> None:
        """Listen. A hook cannot be taken away again; it does nothing once it is told to stop."""
        if not self._hooked:
            sys.addaudithook(self._hear)
        self._on = self._hooked = True

    def stop(self) -> None:
        """Listen no more."""
        self._on = False

    @contextmanager
    def part(self) -> Iterator[dict[str, Stamp]]:
        """Tell as well what is read until the end of the block."""
        before, self._part = self._part, {}
        try:
            yield self._part
        finally:
            self._part = before

    @property
    def opened(self) -> Mapping[str, Stamp]:
        """Give what was read in the part that is going on."""
        return self._part or {}

    def heard(self, opened: Mapping[str, Stamp]) -> None:
        """Note what another process opened."""
        for path, known in opened.items():
            self.read.setdefault(path, known)
            if self._part is not None:
                self._part.setdefault(path, known)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self._on or self._busy:
            return
        if event == "open":
            path, mode, flags = args
            if not isinstance(path, (str, bytes, os.PathLike)):
                return
            writes = (
                bool(flags & (os.O_WRONLY | os.O_RDWR)) if isinstance(flags, int) else "r" not in str(mode)
            )
            self._note(os.fsdecode(path), writes=writes)
        elif event in {"os.listdir", "os.scandir"} and not isinstance(args[0], int):
            self._note(os.fsdecode(args[0] or "."), writes=False)
        elif event == "os.rename":
            self._note(os.fsdecode(args[1]), writes=True)

    def _note(self, path: str, *, writes: bool) -> None:
        self._busy = True
        try:
            full = os.path.abspath(path)
            if writes:
                self.written.add(full)
            elif not full.endswith(".pyc") and not _NO_FILE.match(full):
                known = stamp(full)
                self.read.setdefault(full, known)
                if self._part is not None:
                    self._part.setdefault(full, known)
        finally:
            self._busy = False


def code(recorder: Recorder, taken: int) -> Plain:
    """Take the stamps of every Python file that is loaded, and of every one that was read, as settings are."""
    files = {
        str(file)
        for module in list(sys.modules.values())
        if (file := getattr(module, "__file__", None)) and not str(file).endswith(".pyc")
    }
    files |= {path for path in recorder.read if path.endswith(".py")}
    return (taken, _machine(), tuple(_known(path, taken) for path in sorted(files)))


_Known = tuple[str, Stamp, bytes]
_code: dict[str, _Known] = {}  # what was found to be so, by this process


def _known(path: str, taken: int) -> _Known:
    now = stamp(path)
    was = _code.get(path)
    if was is None or was[1] != now or not now or max(now[1], now[2]) >= taken - RACY:
        was = _code[path] = (path, now, fingerprint(path))
    return was


def _machine() -> str:
    return f"{sys.version} {time.tzname} {time.timezone} {time.altzone}"


def unchanged(known: Plain) -> bool:
    """Tell whether the code is what it was."""
    taken, version, files = known
    if version != _machine() or not all(same(path, was, content, taken) for path, was, content in files):
        return False
    _code.update((one[0], one) for one in files)
    return True


def settings_digest(settings: Mapping[str, Any], encode: Encoder) -> bytes:
    """Give what stands for the settings.

    Functions stand for themselves by name: their code is compared as code, and what they may know besides is
    looked at when a template calls them.
    """
    return digest(
        tuple((key, _plain(settings[key], encode)) for key in sorted(settings) if key not in _NOT_KEPT)
    )


def _plain(value: object, encode: Encoder) -> Plain:
    try:
        return encode(value)
    except Opaque:
        if isinstance(value, Mapping):
            return tuple((str(key), _plain(value[key], encode)) for key in value)
        if isinstance(value, (list, tuple)):
            return tuple(_plain(one, encode) for one in value)
        name = getattr(value, "__qualname__", type(value).__qualname__)
        return (str(getattr(value, "__module__", "")), name)


def environment() -> Plain:
    """Take the variables whose names occur in the site's own code, as they are."""
    names = set(_ALWAYS)
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and not _INSTALLED.search(str(file)):
            names |= _named((str(file), stamp(str(file))))
    return tuple((name, _hidden(name)) for name in sorted(names - ALWAYS_NEW))


def environment_same(known: Plain) -> bool:
    """Tell whether these variables are what they were."""
    return all(_hidden(name) == was for name, was in known)


@cache
def _named(file: tuple[str, Stamp]) -> frozenset[str]:
    """Give the names, in a file of code as it was then, that could be those of variables."""
    try:
        with open(file[0], encoding="utf-8") as source:
            return frozenset(_NAME.findall(source.read()))
    except (OSError, ValueError):
        return frozenset()


def _hidden(name: str) -> bytes:
    """Give what stands for a variable, which may be a secret."""
    return digest(os.environ.get(name))
