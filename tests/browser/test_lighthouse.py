"""Lighthouse, as a phone: what does not depend on the machine is 100, and nothing of ours holds a page up."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import lighthouse
from tests.browser.serving import Served
from tests.layers import require


@pytest.fixture(autouse=True)
def installed() -> None:
    require("Lighthouse", found=lighthouse.PROGRAM.exists(), install="npm ci")


@pytest.mark.parametrize("name", lighthouse.PAGES)
def test_accessibility_practices_and_findability_are_100(serving: Callable[[str], Served], name: str) -> None:
    url = f"{serving('own').url}/{lighthouse.PAGES[name]}"
    report = lighthouse.look(url, only="accessibility,best-practices,seo")
    assert report.scores == {"accessibility": 100, "best-practices": 100, "seo": 100}, report.lost


def test_nothing_jumps_and_little_is_sent(serving: Callable[[str], Served]) -> None:
    """What is measured in milliseconds of this machine is left to `make lighthouse`."""
    report = lighthouse.look(f"{serving('own').url}/{lighthouse.PAGES['post']}", only="performance")
    assert report.figures["cumulative-layout-shift"] < 0.01
    assert report.figures["total-byte-weight"] < 60 * 1024  # with its picture
    assert report.scores["performance"] > 50  # a page that was not shown at all has 0
