"""Pelican's readers, with a memory: what was read and has not changed is not read again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol

from pelican.contents import Content, SkipStub, Static
from pelican.plugins import signals
from pelican.readers import MarkdownReader as PelicanMarkdown
from pelican.readers import Readers, _filter_discardable_metadata
from pelican.utils import file_suffix, posixize_path

from .contents import tracked
from .markdown import MarkdownReader, forgets
from .session import Session, is_code
from .stamps import Stamp, fingerprint, stamp

__all__ = ["IncrementalReaders", "followed"]

_AT_EVERY_READ = (
    signals.article_generator_preread,
    signals.article_generator_context,
    signals.page_generator_preread,
    signals.page_generator_context,
    signals.content_object_init,
)


def followed() -> str:
    """Name who wants to see every post as it is read; "" if nobody does, so that posts may come from the store."""
    for signal in _AT_EVERY_READ:
        for receiver in signal.receivers_for(None):
            if not getattr(getattr(receiver, "__func__", receiver), "reads_what_it_is_given", False):
                return str(getattr(receiver, "__module__", "") or type(receiver).__module__)
    return ""


class Answers(Protocol):
    """What other processes read."""

    def take(self, file: str) -> tuple[str, dict[str, Any], dict[str, Stamp]] | None:
        """Wait for what was read of a file; None if it has to be read here."""


class IncrementalReaders(Readers):  # type: ignore[misc] # Pelican has no types
    """What a generator reads its files with."""

    def __init__(self, settings: Mapping[str, Any], session: Session) -> None:
        super().__init__(settings)
        self.session = session
        self.thaws = not followed()
        self._before: Mapping[str, tuple[Stamp, bytes]] = {}  # what stood for the file before it was opened
        self.waiting: Answers | None = None  # what other processes read
        for ending, reader in self.readers.items():
            if type(reader) is PelicanMarkdown and forgets(settings["MARKDOWN"]):
                if session.markdown is None or session.markdown.settings is not reader.settings:
                    session.markdown = MarkdownReader(settings)
                self.readers[ending] = session.markdown

    def knows(self, path: str, kind: type[Content]) -> bool:
        """Tell whether a file need not be read."""
        return self.thaws and self.session.has(posixize_path(path), tracked(kind))

    def parse(self, file: str) -> tuple[str, dict[str, Any]]:
        """Read the text and the metadata of a file, and make nothing of them."""
        content, metadata = self.readers[file_suffix(file)].read(file)
        return content, _filter_discardable_metadata(metadata)

    def get_cached_data(self, path: str, default: Any = None) -> Any:
        """Give what another process has read; Pelican asks for it before it reads."""
        if not self.thaws:
            return self.session.parsed(path) or default
        answer = self.waiting and self.waiting.take(path)
        if not answer:
            return default
        content, metadata, opened = answer
        self.session.recorder.heard(opened)
        return content, metadata

    def cache_data(self, filename: str, data: Any) -> None:
        """Keep what was read, where posts themselves cannot be kept; Pelican offers it after it has read."""
        content, metadata = data
        if not self.thaws and isinstance(content, str):
            self.session.keep_parsed(filename, content, metadata, self._before)

    def read_file(
        self,
        base_path: str,
        path: str,
        content_class: type[Content] = Content,
        fmt: str | None = None,
        context: dict[str, Any] | None = None,
        **signals_: Any,
    ) -> Content:
        """Give the content of a file."""
        kind = tracked(content_class)
        full = os.path.abspath(os.path.join(base_path, path))
        relative = posixize_path(path)
        if relative.startswith(".") or ".." in relative:
            relative = posixize_path(os.path.relpath(full, base_path))
        kept = self.thaws and not issubclass(kind, Static) and context is not None
        if kept and (content := self.session.thaw(relative, kind, context or {})) is not None:
            return content
        known = {full: (stamp(full), fingerprint(full))} if fmt != "static" else {}
        self._before = known
        with self.session.recorder.part() as opened:
            content = super().read_file(
                base_path=base_path, path=path, content_class=kind, fmt=fmt, context=context, **signals_
            )
        if isinstance(content, SkipStub):
            return content
        self.session.adopt(content, relative)
        if kept and content.is_valid():
            made_with = {str(file): stamp(str(file)) for file in getattr(content, "made_with", ())}
            known |= {
                file: (was, fingerprint(file))
                for file, was in (opened | made_with).items()
                if file != full and not is_code(file)
            }
            self.session.keep(content, relative, known)
        return content
