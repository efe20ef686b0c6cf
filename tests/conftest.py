"""What all tests share."""

from __future__ import annotations

import locale
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests.layers import require
from tests.postgres import Server

pytest.register_assert_rewrite("tests.providers.contract", "tests.store.books", "tests.mail.servers")

_CHROMIUM = "/usr/bin/chromium"
_AXE = Path(__file__).parents[1] / "node_modules" / "axe-core" / "axe.min.js"

# The machine decides how fast an example runs, so time is no reason to fail.
# The same examples each time, so that the same code gets the same answer; `make soak` looks for new ones.
settings.register_profile(
    "belonging",
    deadline=None,
    derandomize="BELONGING_SOAK" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("belonging")


_LOCALE = locale.setlocale(locale.LC_CTYPE)


def pytest_runtest_setup() -> None:
    """Give each test the locale of this run: Pelican sets a site's own for the whole process."""
    locale.setlocale(locale.LC_CTYPE, _LOCALE)


def pytest_runtest_call() -> None:
    """Do so again when the fixtures have built their sites."""
    locale.setlocale(locale.LC_CTYPE, _LOCALE)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A real PostgreSQL server of this run's own; the layer is skipped by name where there is none."""
    with Server.running() as server:
        yield server


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; every test opens a context of its own.

    It ends with the module: while it is driven an event loop runs in this process, and two cannot run side by side.
    """
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
