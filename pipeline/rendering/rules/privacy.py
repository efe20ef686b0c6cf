"""Rules about what a letter gives away: nothing is fetched from elsewhere, and no copy differs from another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from pipeline.letters import Letter, LetterLinks
from pipeline.posts import Site
from pipeline.rendering.links import MAIL_SCHEMES, same_host
from pipeline.rendering.markup import Element
from pipeline.rendering.rules.findings import Finding, error, warning
from pipeline.rendering.rules.page import Page, declarations, words_of

__all__ = ["check"]

_FETCHED = (
    "src",
    "background",
    "poster",
    "data",
    "srcset",
    "lowsrc",
    "dynsrc",
    "{http://www.w3.org/1999/xlink}href",
)
_URL = re.compile(r"url\(\s*[\"']?([^\"')]*)", re.IGNORECASE)
_FONT = re.compile(r"@font-face|@import", re.IGNORECASE)
_SMALLEST = 4  # CSS pixels; a picture that is smaller shows nothing to anybody
_PIXELS = re.compile(r"(\d+)(\.\d+)?(px)?\Z")

# What list services replace by something of the reader's: *|TAG|*, {{ tag }}, {% tag %}, <% tag %>, %%tag%%, [[tag]].
_MERGED = re.compile(r"\*\|[^|\n]{1,80}\|\*")
_PLACEHOLDER = re.compile(
    r"\*\|[^|\n]{1,80}\|\*|\{\{[^}\n]{1,80}\}\}|\{%[^%\n]{1,80}%\}|<%[^%\n]{1,80}%>|%%[\w.-]{1,80}%%|\[\[[\w.-]{1,80}\]\]"
    r"|@@[\w.-]{1,80}@@|%recipient[\w.]*%"
)
# Query parameters by which senders tell their readers apart.
_PERSONAL = frozenset(
    {
        "__s",
        "_hsenc",
        "bsft_uid",
        "ck_subscriber_id",
        "ml_subscriber",
        "mc_eid",
        "mkt_tok",
        "oly_anon_id",
        "oly_enc_id",
    }
    | {"recipient_id", "sc_uid", "subscriber_id", "vero_conv", "vero_id", "wickedid"}
)
# … and by which they count where a click came from.
_COUNTING = frozenset({"_hsmi", "dclid", "fbclid", "gclid", "igshid", "mc_cid", "msclkid", "twclid", "yclid"})


def check(letter: Letter, page: Page, *, links: LetterLinks, site: Site) -> Iterator[Finding]:
    """Yield what could tell somebody about a reader."""
    yield from _fetched(letter, page, site)
    yield from _pixels(page)
    yield from _links(page, links)
    yield from _placeholders(letter, page.root, links)


def _fetched(letter: Letter, page: Page, site: Site) -> Iterator[Finding]:
    carried = {f"cid:{image.content_id}" for image in letter.images}
    named: set[str] = set()
    for node in page.everything():
        found = [node.get(name, "") for name in _FETCHED if node.get(name)]
        found += _URL.findall(node.get("style", ""))
        for address in found:
            if address.startswith("cid:"):
                named.add(address)
                if address not in carried:
                    yield error("embedded", f"{address} is not carried in the letter")
            elif not same_host(address, site.url):
                yield error("remote", f"<{node.tag}> fetches {address[:120]}, which is not on {site.url}")
    for address in _URL.findall(page.css):
        if not same_host(address, site.url):
            yield error("remote", f"a style fetches {address[:120]}, which is not on {site.url}")
    if _FONT.search(page.css):
        yield error("remote", "a style loads a font or another style (@font-face, @import)")
    for address in sorted(carried - named):
        yield error("embedded", f"{address} is carried in the letter and never shown")


def _pixels(page: Page) -> Iterator[Finding]:
    for node in page.everything():
        if node.tag != "img":
            continue
        style = declarations(node)
        for name in ("width", "height"):
            for value in (node.get(name, ""), style.get(name, ""), style.get(f"max-{name}", "")):
                size = _PIXELS.match(value.strip())
                if size and int(size[1]) < _SMALLEST:
                    yield error(
                        "pixel",
                        f"the picture {node.get('src', '')[:120]} is {value} {name}: nobody can see it",
                    )


def _links(page: Page, links: LetterLinks) -> Iterator[Finding]:
    own = {links.unsubscribe, links.preferences} - {""}
    for node in page.everything():
        address = node.get("href")
        if address is None or address in own:
            continue
        try:
            parts = urlsplit(address)
        except ValueError:
            yield error("link", f"{address[:120]} is not an address")
            continue
        if parts.scheme not in MAIL_SCHEMES or (parts.scheme in ("http", "https") and not parts.hostname):
            yield error("link", f"a mail program cannot follow {address[:120]!r}")
            continue
        names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
        for name in sorted(names & _PERSONAL):
            yield error("tracking", f"{name}= in {address[:120]} tells readers apart")
        for name in sorted(name for name in names if name in _COUNTING or name.startswith("utm_")):
            yield warning("tracking", f"{name}= in {address[:120]} counts clicks")


def _placeholders(letter: Letter, root: Element, links: LetterLinks) -> Iterator[Finding]:
    given = [links.unsubscribe, links.preferences, *links.postal_address]
    for node in root.iter("a", "img"):
        for address in (node.get("href", ""), node.get("src", "")):
            if address not in given and _PLACEHOLDER.search(address):
                yield error("personal", f"{address[:120]} would differ from reader to reader")
    for where, words in (
        ("the subject", letter.subject),
        ("the preheader", letter.preheader),
        ("the text", letter.text),
        ("the HTML", words_of(root)),
    ):
        for text in given:
            words = words.replace(text, "") if text else words  # noqa: PLW2901 - what is left is looked at
        found = _PLACEHOLDER.search(words)
        if found:
            say = error if _MERGED.search(words) else warning
            yield say(
                "personal",
                f"{where} holds {found[0]}, which a list service may replace by something of the reader's",
            )
