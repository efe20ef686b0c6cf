"""The fixture site, built and served to a real Chromium."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.site_fixture.building import build, build_own


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A built site behind a web server on this machine."""

    url: str  # without a slash at the end
    output: Path

    def addresses(self) -> list[str]:
        """List the whole address of each of its pages, but of pages that are alike only one."""
        names = {str(path.relative_to(self.output)) for path in self.output.rglob("*.html")}
        alike = {f"short-{number:02}/index.html" for number in range(2, 11)}
        tags = sorted(name for name in names if name.startswith("tags/") and "/page/" not in name)[2:]
        return [f"{self.url}/{name.removesuffix('index.html')}" for name in sorted(names - alike - {*tags})]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _serve(output: Path, builder: Callable[..., Path] = build, **settings: object) -> Iterator[Served]:
    handler = functools.partial(_Quiet, directory=str(output))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        builder(output, SITEURL=url, **settings)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Served(url=url, output=output)
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def served(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The fixture site as it is without a list service."""
    yield from _serve(tmp_path_factory.mktemp("served") / "output")


@pytest.fixture(scope="session")
def served_with_form(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The fixture site with a sign-up form."""
    yield from _serve(tmp_path_factory.mktemp("form") / "output", SUBSCRIBE_URL="/list/subscribe")


@pytest.fixture(scope="session")
def served_own(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The project's own content."""
    yield from _serve(tmp_path_factory.mktemp("own") / "output", build_own)
