"""A real Chromium, sites served to it with the headers they are published with, and axe-core."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.serving import Served, serve
from tests.layers import require
from tests.site_fixture.building import ROOT, build, build_own

_CHROMIUM = "/usr/bin/chromium"
_AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A browser, begun once; every test opens a context of its own."""
    program = _CHROMIUM if Path(_CHROMIUM).exists() else shutil.which("chromium")
    require("Chromium", found=program is not None, install="sudo apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    require("axe-core", found=_AXE.exists(), install="npm ci")
    return _AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def serving(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
    """Build and serve a site when it is first asked for.

    They are called: fixture, without a list service; form, with one; own, the project's own content.
    """
    with serve(tmp_path_factory.mktemp("sites")) as start:
        known: dict[str, Served] = {}

        def get(name: str) -> Served:
            if name not in known:
                builder = build_own if name == "own" else build
                settings = {"SUBSCRIBE_URL": "/list/subscribe"} if name == "form" else {}
                known[name] = start(name, builder, settings)
            return known[name]

        yield get


@pytest.fixture(scope="session")
def served(serving: Callable[[str], Served]) -> Served:
    """The fixture site as it is without a list service."""
    return serving("fixture")


@pytest.fixture(scope="session")
def served_with_form(serving: Callable[[str], Served]) -> Served:
    """The fixture site with a sign-up form."""
    return serving("form")
