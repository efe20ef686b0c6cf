"""The built site, served from its folder as a static host does it."""

from __future__ import annotations

from collections.abc import Callable
from mimetypes import MimeTypes
from pathlib import Path
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from pipeline.web.links import site_page

__all__ = ["POLICY", "Site", "media_type"]

POLICY: Final = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of the site's own pages: the one that it is published with."""

_TYPES: Final = MimeTypes()  # only the library's own table: every machine answers the same
for _ending, _type in {
    ".atom": "application/atom+xml",
    ".avif": "image/avif",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".opus": "audio/ogg",
    ".rss": "application/rss+xml",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}.items():
    _TYPES.add_type(_type, _ending)
_ARE_TEXT: Final = frozenset({"application/json", "application/manifest+json"})
_OPEN_DOT_FOLDER: Final = ".well-known"  # RFC 8615


class Site:
    """The folder that a build writes. It may be missing, and another may take its place at any moment."""

    def __init__(self, folder: Path, url: str, shown: Callable[[str], str] = str) -> None:
        """Take the folder, the absolute address that its pages call the site by, and what is done to each page."""
        self._folder = folder
        self._url = url
        self._shown = shown

    def answer(self, request: Request) -> Response | None:
        """Answer with what lies at the path asked for, else with the site's own page for what does not exist.

        None: there is no such page either.
        """
        path = str(request.scope["path"])
        found = self._find(path)
        if found is not None and found.is_dir():
            query = bytes(request.scope["query_string"]).decode("ascii", "replace")
            return RedirectResponse(f"{quote(path)}/{query and '?'}{query}", status_code=301)
        if found is not None:
            return self._file(found, status=200)
        missing = self._find("/404.html")
        return self._file(missing, status=404) if missing is not None and missing.is_file() else None

    def _find(self, path: str) -> Path | None:
        """Find the file a path means, or the folder whose page it means but for a slash at its end."""
        names = path.removeprefix("/").split("/")
        last = names.pop()
        if not _may_be_asked_for(tuple(names) + ((last,) if last else ())):
            return None
        found = self._inside(Path(*names, last or "index.html"))
        if found is None or found.is_file():
            return found
        page = self._inside(Path(*names, last, "index.html"))
        return found if found.is_dir() and page is not None and page.is_file() else None

    def _inside(self, relative: Path) -> Path | None:
        """Follow links of the file system; answer None where that ends outside the folder, hidden or nowhere."""
        try:
            root = self._folder.resolve(strict=True)
            found = root.joinpath(relative).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):  # absent, too long, a NUL byte, links in a circle
            return None
        inside = found.is_relative_to(root) and _may_be_asked_for(found.relative_to(root).parts)
        return found if inside else None

    def _file(self, file: Path, *, status: int) -> Response:
        kind = media_type(file.name)
        if kind != "text/html":
            return FileResponse(file, status_code=status, media_type=kind, stat_result=file.stat())
        # A page in another encoding passes through unharmed, byte for byte.
        page = file.read_bytes().decode("utf-8", "surrogateescape")
        local = self._shown(site_page(page, site_url=self._url))
        return Response(local.encode("utf-8", "surrogateescape"), status_code=status, media_type=kind)


def media_type(name: str) -> str:
    """Tell the media type of a file by its name, the same on every machine."""
    kind, encoding = _TYPES.guess_type(name)
    if kind is None or encoding is not None:  # "feed.xml.gz" is handed out as it is
        return "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind in _ARE_TEXT else kind


def _may_be_asked_for(names: tuple[str, ...]) -> bool:
    """Tell whether every part of a path is the plain name of something that is not hidden."""
    return all(
        name
        and "\\" not in name
        and (not name.startswith(".") or (name == _OPEN_DOT_FOLDER and position == 0))
        for position, name in enumerate(names)
    )
