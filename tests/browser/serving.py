"""Built sites behind web servers on this machine, which send what the site's own file ``_headers`` says."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import io
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Served", "headers_for", "serve"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A built site behind a web server."""

    url: str  # without a slash at the end
    output: Path

    def addresses(self, *, every: bool = False) -> list[str]:
        """List the whole address of each of its pages, but of pages that are alike only one or two, if not every."""
        names = {str(path.relative_to(self.output)) for path in self.output.rglob("*.html")}
        alike = {name for name in names if re.fullmatch(r"short-(?!01|02|06|07)\d\d/index.html", name)}
        for folder in ("editions", "tags", "topics", "authors"):
            below = sorted(n for n in names if n.startswith(f"{folder}/") and n.count("/") == 2)
            alike |= {*below[2:]}
        shown = names if every else names - alike
        return [f"{self.url}/{name.removesuffix('index.html')}" for name in sorted(shown)]


def headers_for(path: str, file: str) -> dict[str, str]:
    """Read which headers a file ``_headers`` names for a path: those of every block that matches."""
    found: dict[str, str] = {}
    matches = False
    for line in file.splitlines():
        if line.startswith(" "):
            name, _, value = line.strip().partition(": ")
            if matches:
                found[name] = value
        else:
            matches = line == path or (line.endswith("*") and path.startswith(line[:-1]))
    return found


_TEXT = ("text/", "application/json", "application/javascript", "application/xml", "image/svg")


class _Handler(http.server.SimpleHTTPRequestHandler):
    _compressed = False

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Compress what is text, as every host does."""
        found = super().send_head()
        if found is None or not self._compressed:
            return found
        with found:
            return io.BytesIO(gzip.compress(found.read()))

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Content-type":
            self._compressed = value.startswith(_TEXT) and "gzip" in self.headers.get("Accept-Encoding", "")
            if self._compressed:
                super().send_header("Content-Encoding", "gzip")
        if keyword != "Content-Length" or not self._compressed:  # then it ends with the connection
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        file = Path(self.directory, "_headers").read_text(encoding="utf-8")
        for name, value in headers_for(self.path.partition("?")[0], file).items():
            self.send_header(name, value)
        super().end_headers()


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Callable[[str, Callable[..., Path], Mapping[str, object]], Served]]:
    """Give a function that builds a site for an address of this machine and serves it there."""
    with contextlib.ExitStack() as stack:

        def start(name: str, builder: Callable[..., Path], settings: Mapping[str, object]) -> Served:
            output = folder / name / "output"
            output.parent.mkdir()
            handler = functools.partial(_Handler, directory=str(output))
            server = stack.enter_context(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))
            url = f"http://127.0.0.1:{server.server_port}"
            builder(output, SITEURL=url, **settings)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return Served(url=url, output=output)

        yield start
