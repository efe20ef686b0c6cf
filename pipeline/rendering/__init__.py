"""Rendering: a post becomes a letter. Values in, values out: no clock, no disk, no network.

    letter = render(post, site, publication=…, links=…, environment=environment(Path("theme")))
    findings = check_letter(letter, links=…, site=…)

``render`` is called once for a campaign, ``check_letter`` before each sending.
"""

from __future__ import annotations

from pipeline.rendering.composition import render
from pipeline.rendering.cutting import SIZE_LIMIT, encoded_size
from pipeline.rendering.digest import digest_post
from pipeline.rendering.publication import Publication
from pipeline.rendering.rules import Finding, Severity, check_letter
from pipeline.rendering.templates import environment, load

__all__ = [
    "SIZE_LIMIT",
    "Finding",
    "Publication",
    "Severity",
    "check_letter",
    "digest_post",
    "encoded_size",
    "environment",
    "load",
    "render",
]
