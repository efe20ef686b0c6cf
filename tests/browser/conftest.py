"""Sites served to a real Chromium with the headers they are published with."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.browser.serving import Served, serve
from tests.site_fixture.building import build, build_own


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Served]]:
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
