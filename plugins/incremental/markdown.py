"""One Markdown parser for many files, where it is known to forget one before it reads the next."""

from __future__ import annotations

from typing import Any

from markdown import Markdown
from pelican import readers
from pelican.utils import pelican_open

__all__ = ["MarkdownReader", "forgets"]

_FORGET = frozenset(  # they keep nothing from one document to the next, or say goodbye to it in reset()
    f"markdown.extensions.{name}"
    for name in (
        *("abbr", "attr_list", "codehilite", "def_list", "extra", "fenced_code", "footnotes", "md_in_html"),
        *("meta", "nl2br", "sane_lists", "smarty", "tables", "toc"),
    )
)


def forgets(settings: dict[str, Any]) -> bool:
    """Tell whether a parser with these settings may be used for more than one document."""
    return set(settings) <= {"extensions", "extension_configs", "output_format", "tab_length"} and all(
        extension in _FORGET for extension in settings.get("extensions", ())
    )


class MarkdownReader(readers.MarkdownReader):  # type: ignore[misc] # Pelican has no types
    """Pelican's reader, under its name, which templates see as the post's ``reader``."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._whole = Markdown(**self.settings["MARKDOWN"])
        self._fields = Markdown(**self.settings["MARKDOWN"])
        self._meta = self._fields.preprocessors["meta"]

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """Read one file."""
        self._source_path = source_path
        self._whole.reset()
        with pelican_open(source_path) as text:
            content = self._whole.convert(text)
        self._fields.preprocessors.register(self._meta, "meta", 27)  # for Pelican to take away
        self._fields.reset()
        self._md = self._fields
        return content, self._parse_metadata(self._whole.Meta)  # type: ignore[attr-defined] # set by an extension
