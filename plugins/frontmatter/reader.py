"""Pelican's Markdown reader, its metadata read by this project's schema."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from markdown import Markdown
from pelican import readers
from pelican.utils import get_date

from pipeline.posts import frontmatter, judging, keys, provided
from pipeline.posts.frontmatter import Document, Style
from pipeline.posts.layout import date_in_name
from pipeline.posts.located import Plain, plain
from pipeline.posts.mistakes import errors
from pipeline.posts.schema import FrontMatter, Kind, Status

from .scheduling import shows_drafts

__all__ = ["MarkdownReader", "install"]

# What only this project's templates and letters ask for; Pelican hands it through.
_OWN = ("id", "subject", "preheader", "content_note", "image", "image_alt", "mail_at", "series", "card")


class Readers(Protocol):
    """What is changed of Pelican's registry."""

    reader_classes: MutableMapping[str, object]


def install(registry: Readers) -> None:
    """Take the place of Pelican's Markdown reader wherever that one would read."""
    for suffix, reader in registry.reader_classes.items():
        if reader is readers.MarkdownReader:
            registry.reader_classes[suffix] = MarkdownReader


class MarkdownReader(readers.MarkdownReader):  # type: ignore[misc] # Pelican has no types
    """Read YAML front matter; leave files with Pelican's own headers to Pelican.

    It has the name of the reader it replaces, which Pelican hands to templates as the post's ``reader``.
    """

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """Read one file.

        Returns:
            The body as HTML, and the metadata as Pelican's own reader would give it, with the typed values of the
            keys that are this project's own.

        Raises:
            ValueError: The file holds mistakes; it was changed since all files were checked.
        """
        document = frontmatter.read(Path(source_path))
        zone = ZoneInfo(str(self.settings.get("TIMEZONE", "UTC")))
        checked = judging.validate(document, kind=Kind.PAGE, zone=zone)  # the kind of which least is asked
        if wrong := errors(checked.mistakes):
            raise ValueError(str(wrong[0]))
        if document.style is Style.HEADERS:
            content, metadata = super().read(source_path)
        else:
            content, metadata = self._read_fenced(document)
        metadata.update(self._typed(checked.front_matter))
        if shows_drafts(self.settings):
            _publish(metadata, Path(source_path))
        return content, metadata

    def _read_fenced(self, document: Document) -> tuple[str, dict[str, Any]]:
        self._md = Markdown(**self.settings["MARKDOWN"])
        # Else "Note: …" at the start of a body would be taken for a key.
        self._md.preprocessors.deregister("meta")
        content = self._md.convert(
            provided.only(document.body, str(self.settings.get("LIST_PROVIDER", "embedded")))
        )
        metadata: dict[str, Any] = {}
        for key, field in document.fields.items():
            value = plain(field.value)
            if key in keys.TYPED and key not in {"save_as", "url"} and value in ("", []):
                continue  # a key with nothing behind it says nothing
            if isinstance(value, str):
                value = value.strip()
            if key in self.settings["FORMATTED_FIELDS"]:
                value = self._formatted(value)
            metadata[key] = value if key in _OWN else self.process_metadata(key, value)
        return content, metadata

    def _formatted(self, value: Plain) -> str:
        lines = [value] if isinstance(value, str) else [line for line in value if isinstance(line, str)]
        self._md.reset()
        return str(self._md.convert("\n".join(lines)))

    def _typed(self, front: FrontMatter) -> dict[str, Any]:
        values: dict[str, Any] = {key: getattr(front, key) for key in _OWN if getattr(front, key)}
        values["mail"] = front.mail
        for key, names in (("tags", front.tags), ("authors", front.authors)):
            if names:
                values[key] = self.process_metadata(key, list(names))
        default = str(self.settings["DEFAULT_LANG"]).lower()
        if front.lang.lower() == default:  # Pelican compares with the folded one
            values["lang"] = default
        return values


def _publish(metadata: dict[str, Any], path: Path) -> None:
    """Make a draft look published; one without a date yet has that of its file."""
    if metadata.get("status", "").lower() == Status.DRAFT:
        metadata["status"] = Status.PUBLISHED.value
        if not date_in_name(path.name):
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            metadata.setdefault("date", get_date(changed.isoformat()))
