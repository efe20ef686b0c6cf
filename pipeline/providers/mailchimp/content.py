"""What a campaign says: our letter, Mailchimp's own tags where only Mailchimp knows, and no other tag anywhere."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace

import lxml.html
from lxml import etree

from pipeline.errors import CheckFailed
from pipeline.letters import Letter, LetterLinks
from pipeline.posts import Post
from pipeline.providers.mailchimp.remote import Content

__all__ = ["LINKS", "PREVIEW_LIMIT", "SUBJECT_LIMIT", "content_of", "essence", "fingerprint", "neutralised"]

LINKS = LetterLinks(
    unsubscribe="*|UNSUB|*",
    preferences="*|UPDATE_PROFILE|*",
    postal_address=("*|LIST:ADDRESSLINE|*",),
)
"""Merge tags: without the first Mailchimp adds a footer of its own, without the last it does not send."""

SUBJECT_LIMIT = 150  # characters
PREVIEW_LIMIT = 150

_HTML_ADDRESS = "*|HTML:LIST_ADDRESS_HTML|*"
_TAGS = (LINKS.unsubscribe, LINKS.preferences, *LINKS.postal_address, _HTML_ADDRESS)
_APART = "\u2060"  # word joiner: nobody sees it, and no line breaks there
_ADDRESSES = frozenset({"action", "background", "cite", "data", "href", "poster", "src", "srcset"})
_URL = re.compile(r"url\([^)]*\)", re.IGNORECASE)


def neutralised(post: Post) -> Post:
    """Return the post with nothing in it that Mailchimp would take for a merge tag; it reads the same.

    Asterisk and bar are kept apart by a character nobody sees; in addresses the bar is percent-encoded.
    """
    return replace(
        post,
        title=_apart(post.title),
        summary=_apart(post.summary),
        subject=_apart(post.subject),
        preheader=_apart(post.preheader),
        content_note=_apart(post.content_note),
        category=_apart(post.category),
        authors=tuple(map(_apart, post.authors)),
        image_alt=_apart(post.image_alt),
        image=_apart_in_address(post.image),
        body=None if post.body is None else _apart_in_html(post.body),
    )


def content_of(letter: Letter) -> Content:
    """Turn a letter into what is given to Mailchimp.

    Raises:
        CheckFailed: Mailchimp could not carry it: a tag that is not ours, a subject that is too long, pictures
            inside the letter, no link to unsubscribe. The message says what to change.
    """
    problems = list(_problems(letter))
    if problems:
        raise CheckFailed(f"“{letter.subject}”: " + "; ".join(problems), advice="nothing was sent")
    html = letter.html.replace(LINKS.postal_address[0], _HTML_ADDRESS)
    return Content(html=html, text=letter.text)


def essence(html: str) -> tuple[str, ...]:
    """Return what matters in a page: its words, what it leads to, what it fetches, what runs; in order.

    Two pages of the same essence differ in nothing but how they were written down.
    """
    if not html.strip():
        return ()
    try:
        root = lxml.html.document_fromstring(html)
    except (etree.LxmlError, ValueError):
        return ("unreadable",)
    return tuple(_essence(root))


def fingerprint(content: Content, *settings: str) -> str:
    """Name what a campaign says: 8 hex digits that change when a person changes any of it."""
    parts = (*settings, *essence(content.html), " ".join(content.text.split()))
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:8]


def _problems(letter: Letter) -> Iterator[str]:
    if len(letter.subject) > SUBJECT_LIMIT:
        yield (
            f"the subject has {len(letter.subject)} characters, Mailchimp takes {SUBJECT_LIMIT}:"
            " write a shorter one as subject: in the post"
        )
    if len(letter.preheader) > PREVIEW_LIMIT:
        yield f"the preheader has {len(letter.preheader)} characters, Mailchimp takes {PREVIEW_LIMIT}"
    if letter.images:
        yield 'Mailchimp carries no pictures inside a letter: write letter.images = "link" or "omit"'
    for where, text, own in (
        ("the subject", letter.subject, ()),
        ("the preheader", letter.preheader, ()),
        ("the text", letter.text, _TAGS),
        ("the HTML", letter.html, _TAGS),
    ):
        for tag in own:
            text = text.replace(tag, "")  # noqa: PLW2901 - what is left is looked at
        if "*|" in text or "|*" in text:
            yield f"{where} holds *| or |*, which Mailchimp would replace: take it out of the theme or the settings"
    for where, text in (("the text", letter.text), ("the HTML", letter.html)):
        if LINKS.unsubscribe not in text:
            yield f"{where} has no link to unsubscribe"
        if LINKS.postal_address[0] not in text:
            yield f"{where} has no postal address"


def _apart(text: str) -> str:
    """Keep bars apart from asterisks: those here, and those that bold type may put around the text."""
    bare = text.strip()
    if "|" not in text or not ("*" in text or bare.startswith("|") or bare.endswith("|")):
        return text
    return text.replace("|", f"{_APART}|{_APART}")


def _apart_in_address(address: str) -> str:
    return address.replace("*|", "*%7C").replace("|*", "%7C*")


def _apart_in_html(html: str) -> str:
    if "|" not in html and "&" not in html:
        return html
    holder = lxml.html.fragment_fromstring(html, create_parent="div")
    for node in holder.iter():
        if node.tail:
            node.tail = _apart(node.tail)
        if not isinstance(node.tag, str):
            continue
        if node.text:
            node.text = _apart(node.text)
        for name, value in node.attrib.items():
            node.set(name, _apart_in_address(value) if name in _ADDRESSES else _apart(value))
    text: str = lxml.html.tostring(holder, encoding="unicode")
    return text.removeprefix("<div>").removesuffix("</div>")


def _essence(root: lxml.html.HtmlElement) -> Iterator[str]:
    for node in root.iter():
        if isinstance(node.tag, str):
            if node.tag in {"script", "iframe", "object", "embed", "form", "link", "base", "meta"}:
                yield f"<{node.tag}>"
            for name, value in sorted(node.attrib.items()):
                if name in _ADDRESSES:
                    yield f"{name}={value.strip()}"
                elif name == "style":
                    yield from _URL.findall(value)
            if node.tag == "style":
                yield from _URL.findall(node.text or "")
            elif node.text and node.text.strip():
                yield " ".join(node.text.split())
        if node.tail and node.tail.strip():
            yield " ".join(node.tail.split())
