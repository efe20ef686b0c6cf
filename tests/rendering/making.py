"""What the tests of this folder are made of: a site, a list, posts as the site would hand them over."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import markdown
from jinja2 import Environment

from pipeline.letters import Letter, LetterLinks
from pipeline.posts import Post, Site
from pipeline.rendering import Publication, environment, render

ROOT = Path(__file__).parents[2]
POSTS = Path(__file__).parent / "posts"
SNAPSHOTS = Path(__file__).parent / "snapshots"

SITE = Site(name="Belonging", url="https://belonging.example.org", lang="en", timezone="Europe/Berlin")
PUBLICATION = Publication(
    name="Belonging",
    description="Letters on recovery among people",
    why="You get this letter because you asked for it at belonging.example.org and confirmed that you did.",
    help_url="https://belonging.example.org/help/",
    feed_url="https://belonging.example.org/feed.atom",
)
LINKS = LetterLinks(
    unsubscribe="https://belonging.example.org/list/unsubscribe/token-goes-here",
    preferences="https://belonging.example.org/list/preferences/token-goes-here",
    postal_address=("Belonging", "1 Example Street", "Sampletown"),
)


@cache
def theme() -> Environment:
    return environment(ROOT / "theme")


def post(body: str | None = "<p>It is Monday.</p>", **changes: object) -> Post:
    """A post with this HTML as its body."""
    usual = Post(
        id="monday",
        slug="monday",
        lang="en",
        title="It is Monday",
        url="https://belonging.example.org/monday/",
        date=datetime(2026, 6, 1, 6, 30, tzinfo=UTC),
        authors=("Mara Lindqvist",),
        summary="A letter about a Monday.",
        source="posts/monday.md",
        fingerprint="0" * 32,
        body=body,
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type]


def written(name: str, **changes: object) -> Post:
    """A post from posts/*.md, its Markdown turned to HTML the way the site does it."""
    text = (POSTS / f"{name}.md").read_text(encoding="utf-8")
    body = markdown.markdown(text, extensions=["extra", "toc", "smarty"])
    return post(body, id=name, slug=name, url=f"{SITE.url}/{name}/", source=f"posts/{name}.md", **changes)


def everything(**changes: object) -> Post:
    """One post with one of each: what a letter has to cope with."""
    return written(
        "everything",
        title="Everything a letter may hold, & what doesn’t fit",
        authors=("Mara Lindqvist", "Tomas Okafor", "Ada"),
        date=datetime(2026, 6, 29, 22, 30, tzinfo=UTC),
        summary="A letter with one of each.",
        image=f"{SITE.url}/images/two-hills.png",
        image_alt="Two hills, one blue and one the colour of clay.",
        content_note="This letter holds one of everything, and speaks of nothing in particular.",
        **changes,
    )


def hebrew(**changes: object) -> Post:
    """A short letter in a language that is written from right to left."""
    return written("hebrew", title="יום שני בבוקר", lang="he", summary="מכתב קצר על בוקר אחד.", **changes)


def long(*, chapters: int = 40, **changes: object) -> Post:
    """A post of many chapters; forty are far too long for a mailbox."""
    told = "".join(
        f"<h2>Chapter {number}</h2>" + f"<p>{'It goes on, and on. ' * 12}</p>" * 16
        for number in range(1, chapters + 1)
    )
    return post(f"<p>It begins.</p>{told}", title="A long one", **changes)


def letter(of: Post, **options: object) -> Letter:
    """The letter of a post, with the usual settings."""
    return render(of, SITE, publication=PUBLICATION, links=LINKS, environment=theme(), **options)  # type: ignore[arg-type]


def png(width: int = 2, height: int = 2) -> bytes:
    """A small picture in one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x7c\x90\x82" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
