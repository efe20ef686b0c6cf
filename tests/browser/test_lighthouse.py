"""Lighthouse, as a phone: what does not depend on the machine is 100, and nothing of ours holds a page up.

Two pages here; `make lighthouse` scores four, performance included.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import lighthouse
from tests.browser.serving import Served
from tests.layers import require


@pytest.fixture(autouse=True)
def installed() -> None:
    require("Lighthouse", found=lighthouse.PROGRAM.exists(), install="npm ci")


def test_a_form_has_100_in_accessibility_practices_and_findability(served_with_form: Served) -> None:
    report = lighthouse.look(f"{served_with_form.url}/subscribe/", only="accessibility,best-practices,seo")
    assert report.scores == {"accessibility": 100, "best-practices": 100, "seo": 100}, report.lost


def test_a_post_has_too_and_nothing_jumps_and_little_is_sent(serving: Callable[[str], Served]) -> None:
    report = lighthouse.look(f"{serving('own').url}/{lighthouse.PAGES['post']}")
    scores = dict(report.scores)
    assert (
        scores.pop("performance") > 50
    )  # in milliseconds of this machine; one that was not shown at all has 0
    assert scores == {"accessibility": 100, "best-practices": 100, "seo": 100}, report.lost
    assert report.figures["cumulative-layout-shift"] < 0.01
    assert report.figures["total-byte-weight"] < 60 * 1024  # with its picture
