"""What makes a feed valid, as rules: each function lists what is wrong with one.

RFC 4287 for Atom; the RSS 2.0 specification and the RSS Advisory Board's profile, as the W3C's feed validation
service applies them; JSON Feed 1.1, whose shape is a JSON Schema here. That service is no program to install.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from xml.etree import ElementTree

import jsonschema
from lxml import html as lxml_html

__all__ = ["atom", "json_feed", "rss"]

_ATOM = "{http://www.w3.org/2005/Atom}"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_ACTIVE = {"script", "style", "form", "input", "button", "iframe", "object", "embed", "link", "meta", "base"}
_ADDRESS = {"type": "string", "pattern": "^https?://[^/]+/"}
_DATED = {"type": "string", "pattern": f"^{_DATE.pattern}$"}
_AUTHORS = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "minProperties": 1,
        "properties": {"name": {"type": "string", "minLength": 1}, "url": _ADDRESS, "avatar": _ADDRESS},
        "additionalProperties": False,
    },
}
_JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string", "minLength": 1},
        "home_page_url": _ADDRESS,
        "feed_url": _ADDRESS,
        "description": {"type": "string"},
        "icon": _ADDRESS,
        "language": {"type": "string", "pattern": f"^{_LANG.pattern}$"},
        "authors": _AUTHORS,
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "url": _ADDRESS,
                    "title": {"type": "string"},
                    "summary": {"type": "string"},
                    "content_html": {"type": "string"},
                    "date_published": _DATED,
                    "date_modified": _DATED,
                    "language": {"type": "string", "pattern": f"^{_LANG.pattern}$"},
                    "authors": _AUTHORS,
                    "tags": {"type": "array", "items": {"type": "string", "minLength": 1}},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def atom(text: bytes, address: str) -> list[str]:
    """List what is wrong with an Atom feed that stands at an address."""
    return list(_atom(ElementTree.fromstring(text), address))


def rss(text: bytes, address: str) -> list[str]:
    """List what is wrong with an RSS feed that stands at an address."""
    return list(_rss(ElementTree.fromstring(text), address))


def json_feed(text: bytes, address: str) -> list[str]:
    """List what is wrong with a JSON feed that stands at an address."""
    return list(_json(json.loads(text), address))


def _atom(feed: ElementTree.Element, address: str) -> Iterator[str]:
    if feed.tag != f"{_ATOM}feed":
        yield "the root is not atom:feed"
    yield from _once(feed, "feed", "id", "title", "updated")
    entries = feed.findall(f"{_ATOM}entry")
    links = [(link.get("rel", "alternate"), link.get("href", "")) for link in feed.findall(f"{_ATOM}link")]
    if ("self", address) not in links:
        yield "4.1.1: no link with rel=self that is the feed's own address"
    identities = [entry.findtext(f"{_ATOM}id", "") for entry in entries]
    yield from (
        f"4.1.2: two entries have the id {one}" for one, times in Counter(identities).items() if times > 1
    )
    for one in [feed.findtext(f"{_ATOM}id", ""), *identities]:
        if not urlsplit(one).scheme:
            yield f"4.2.6: the id {one!r} is no IRI"
    dates = [*feed.iter(f"{_ATOM}updated"), *feed.iter(f"{_ATOM}published")]
    yield from (f"3.3: {date.text!r} is no date" for date in dates if not _DATE.fullmatch(date.text or ""))
    for entry in entries:
        name = entry.findtext(f"{_ATOM}title", "an entry")
        yield from _once(entry, name, "id", "title", "updated")
        if not entry.findall(f"{_ATOM}author") and not feed.findall(f"{_ATOM}author"):
            yield f"4.1.1: {name}: neither it nor the feed has an author"
        content = entry.find(f"{_ATOM}content")
        if content is None and not entry.findall(f"{_ATOM}link[@rel='alternate']"):
            yield f"4.1.2: {name}: neither content nor a link"
        for part in entry.findall(f"{_ATOM}content") + entry.findall(f"{_ATOM}summary"):
            if part.get("type", "text") not in {"text", "html", "xhtml"}:
                yield f"3.1.1: {name}: unknown type {part.get('type')}"
            if part.get("type") == "html":
                yield from (f"{name}: {found}" for found in _markup(part.text or ""))
    newest = max((entry.findtext(f"{_ATOM}updated", "") for entry in entries), default="")
    if newest and datetime.fromisoformat(feed.findtext(f"{_ATOM}updated", "")) < datetime.fromisoformat(
        newest
    ):
        yield "4.2.15: the feed is older than its newest entry"


def _once(parent: ElementTree.Element, name: str, *children: str) -> Iterator[str]:
    for child in children:
        found = parent.findall(f"{_ATOM}{child}")
        if len(found) != 1 or not (found[0].text or "").strip():
            yield f"4.1: {name}: {len(found)} of {child}, one is needed, and not an empty one"


def _rss(root: ElementTree.Element, address: str) -> Iterator[str]:
    channel = root.find("channel")
    if root.tag != "rss" or root.get("version") != "2.0" or channel is None:
        yield "the root is not rss 2.0 with a channel"
        return
    for name in ("title", "link", "description"):
        if not channel.findtext(name, "").strip():
            yield f"the channel has no {name}"
    own = channel.find(f"{_ATOM}link[@rel='self']")
    if own is None or own.get("href") != address:
        yield "no atom:link with rel=self that is the feed's own address"
    if not _LANG.fullmatch(channel.findtext("language", "")):
        yield "the channel's language is none"
    for date in [*channel.iter("pubDate"), *channel.iter("lastBuildDate")]:
        try:
            parsedate_to_datetime(date.text or "")
        except ValueError:
            yield f"{date.text!r} is no date of RFC 822"
    guids = Counter(channel.findtext("guid") for channel in channel.findall("item"))
    yield from (f"two items have the guid {guid}" for guid, times in guids.items() if guid and times > 1)
    for item in channel.findall("item"):
        name = item.findtext("title") or item.findtext("link") or "an item"
        if not (item.findtext("title") or item.findtext("description")):
            yield f"{name}: neither title nor description"
        guid = item.find("guid")
        if guid is None or not guid.text:
            yield f"{name}: no guid"
        elif guid.get("isPermaLink", "true") == "true" and not guid.text.startswith(("http://", "https://")):
            yield f"{name}: its guid says that it is an address, and is none"
        if "@" not in item.findtext("author", "@"):
            yield f"{name}: author has to be an e-mail address; a name belongs into dc:creator"
        if not item.findtext("link", "").startswith(("http://", "https://")):
            yield f"{name}: its link is not whole"
        yield from (f"{name}: {found}" for found in _markup(item.findtext("description", "")))


def _json(feed: dict[str, object], address: str) -> Iterator[str]:
    checker = jsonschema.Draft202012Validator(_JSON_FEED)
    yield from (f"{error.json_path}: {error.message[:200]}" for error in checker.iter_errors(feed))
    if feed.get("feed_url") != address:
        yield "feed_url is not the feed's own address"
    items = feed.get("items")
    assert isinstance(items, list)
    identities = Counter(str(item.get("id")) for item in items)
    yield from (f"two items have the id {one}" for one, times in identities.items() if times > 1)
    for item in items:
        yield from (f"{item.get('title')}: {found}" for found in _markup(str(item.get("content_html", ""))))


def _markup(text: str) -> Iterator[str]:
    """List what no reader of feeds can use, or should have to take out."""
    if not text.strip():
        return
    tree = lxml_html.fragment_fromstring(text, create_parent="div")
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        if element.tag in _ACTIVE:
            yield f"it holds <{element.tag}>"
        for key, value in element.attrib.items():
            if key.startswith("on"):
                yield f"it holds {key}="
            if key in {"href", "src", "poster", "cite"} and not re.match(r"(?:https?|mailto|tel):|#", value):
                yield f"{key} is not whole: {value[:80]}"
