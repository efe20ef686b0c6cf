"""Reading many files with all cores: children read ahead, the parent takes what they read in its own order.

A child answers only what it read without a word. What it could not read, or would have warned about, the parent
reads itself, so messages come once, in order, and name the file. If the parent dies, the children's pipes break and
they end.
"""

from __future__ import annotations

import gc
import logging
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from pelican.contents import Content

from .codec import Opaque, pack, unpack
from .reading import IncrementalReaders
from .stamps import Stamp

__all__ = ["ahead"]

_WORTH = 300  # files to read, below which children cost more than they bring
_PIPE = 1 << 20


@contextmanager
def ahead(
    readers: IncrementalReaders, root: str, paths: Sequence[str], kind: type[Content]
) -> Iterator[None]:
    """Have children read the files that are not known, until the end of the block.

    Args:
        readers: which will be asked for the same files in the same order.
        root: the content folder.
        paths: below it.
        kind: of content.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if not readers.thaws:
        cores = 1
    missing = [path for path in paths if not readers.knows(path, kind)] if cores > 1 else []
    if len(missing) < _WORTH:
        yield
        return
    files = [os.path.abspath(os.path.join(root, path)) for path in missing]
    gc.collect()
    gc.freeze()
    pipes: list[BinaryIO] = []
    children: list[int] = []
    for number in range(cores):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            _child(readers, files[number::cores], write, [read, *(pipe.fileno() for pipe in pipes)])
        os.close(write)
        with suppress(ImportError, OSError, AttributeError):
            import fcntl  # noqa: PLC0415 - not everywhere

            fcntl.fcntl(read, fcntl.F_SETPIPE_SZ, _PIPE)
        pipes.append(os.fdopen(read, "rb", _PIPE))
        children.append(child)
    gc.unfreeze()
    answers = {file: pipes[at % cores] for at, file in enumerate(files)}
    readers.waiting = _Answers(answers, readers)
    try:
        yield
    finally:
        readers.waiting = None
        for pipe in pipes:
            pipe.close()
        for child in children:
            os.waitpid(child, 0)


class _Answers:
    """What the children read."""

    def __init__(self, pipes: dict[str, BinaryIO], readers: IncrementalReaders) -> None:
        self._pipes = pipes
        self._readers = readers

    def take(self, file: str) -> tuple[str, dict[str, Any], dict[str, Stamp]] | None:
        """Wait for what a child read of a file; None if it has to be read here."""
        pipe = self._pipes.pop(file, None)
        if pipe is None:
            return None
        head = pipe.read(4)
        size = struct.unpack("<I", head)[0] if len(head) == 4 else 0
        data = pipe.read(size)
        if not size or len(data) < size:
            return None
        content, metadata, opened = unpack(data)
        decode = self._readers.session.decode
        return content, {name: decode(value) for name, value in metadata}, dict(opened)


def _child(readers: IncrementalReaders, files: Sequence[str], write: int, others: Sequence[int]) -> None:
    try:
        for descriptor in others:
            os.close(descriptor)
        gc.set_threshold(20_000, 50, 1000)
        heard = _Silence()
        for name in ["", *logging.root.manager.loggerDict]:
            logging.getLogger(name or None).handlers = []
            logging.getLogger(name or None).filters = []
        logging.getLogger().addHandler(heard)
        with os.fdopen(write, "wb", 1 << 16) as pipe:
            for file in files:
                answer = _read(readers, file, heard)
                pipe.write(struct.pack("<I", len(answer)) + answer)
    except BaseException:  # noqa: BLE001, S110 - the parent reads what did not come
        pass
    finally:
        os._exit(0)


def _read(readers: IncrementalReaders, file: str, heard: _Silence) -> bytes:
    heard.words = 0
    encode = readers.session.encode
    try:
        with readers.session.recorder.part() as opened:
            content, metadata = readers.parse(file)
        if heard.words:
            return b""
        plain = tuple((name, encode(value)) for name, value in metadata.items())
        for _, value in plain:
            readers.session.decode(value)
        return pack((content, plain, tuple(opened.items())))
    except (Exception, SystemExit, Opaque):  # noqa: BLE001 - the parent meets it again, and says so
        return b""


class _Silence(logging.Handler):
    """Counts what would have been said."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words = 0

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002
        self.words += 1
