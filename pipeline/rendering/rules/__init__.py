"""The message rules: what must be true of a letter before it leaves, as code.

They look at the finished letter alone and trust nothing that made it, and they run before each sending, not only in
tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.letters import Letter, LetterLinks
from pipeline.posts import Site
from pipeline.rendering.cutting import SIZE_LIMIT
from pipeline.rendering.rules import carriage, contrast, privacy, structure
from pipeline.rendering.rules.findings import Finding, Severity, error
from pipeline.rendering.rules.page import read_page

__all__ = ["Finding", "Severity", "check_letter"]


def check_letter(
    letter: Letter, *, links: LetterLinks, site: Site, size_limit: int = SIZE_LIMIT
) -> tuple[Finding, ...]:
    """Say which message rules a letter breaks, errors first; an empty tuple means none.

    Args:
        letter: The letter as it will be handed to a provider.
        links: What the provider put into it. Its addresses are the only ones that may differ between readers.
        site: Its host is the only one that anything may be fetched from.
        size_limit: Octets of the HTML part as mailed.
    """
    findings = sorted(
        _findings(letter, links, site, size_limit), key=lambda found: found.severity is not Severity.ERROR
    )
    return tuple(dict.fromkeys(findings))


def _findings(letter: Letter, links: LetterLinks, site: Site, size_limit: int) -> Iterator[Finding]:
    page = read_page(letter.html)
    if page is None:
        yield error("html", "the HTML part is empty")
        return
    if not letter.html.lower().startswith("<!doctype html>"):
        yield error("html", "the HTML part does not begin with <!doctype html>")
    yield from structure.check(letter, page)
    yield from privacy.check(letter, page, links=links, site=site)
    yield from carriage.check(letter, page, links=links, size_limit=size_limit)
    yield from contrast.check(letter.html, page)
