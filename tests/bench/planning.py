"""How fast a plan is made, and how large and how fast the manifest is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import planning
from pipeline.planning import History, Past, Policy
from pipeline.posts import Post, Site, manifest
from tests.bench.figures import Figure, seconds

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_BODIES = 200  # the newest posts carry their text
_SITE = Site(name="Belonging", url="https://belonging.example.org", lang="en", timezone="UTC")


def posts(number: int) -> list[Post]:
    body = "<p>" + "Nobody heals alone, and nobody has to. " * 110 + "</p>"
    return [
        Post(
            id=f"post-{i}",
            slug=f"post-{i}",
            lang="en",
            title=f"Letter number {i}",
            url=f"https://belonging.example.org/post-{i}/",
            date=_NOW - timedelta(days=i),
            tags=("belonging", "recovery"),
            category="Letters",
            authors=("Mara Lindqvist",),
            summary="Two sentences, more or less, that say what the letter is about. This is the second.",
            source=f"posts/post-{i}.md",
            fingerprint=f"{i:032x}",
            body=body if i < _BODIES else None,
        )
        for i in range(number)
    ]


def plan(_: Path) -> list[Figure]:
    many = posts(10_000)
    past = tuple(
        Past(
            post_id=post.id,
            url=post.url,
            title=post.title,
            fingerprint=post.fingerprint,
            source=post.source,
            state=None,
        )
        for post in many[1:]
    )
    history = History(past=past, begun=True, version="1")
    policy = Policy(newest_on_first_run=False, max_new=2, max_age=timedelta(days=14))
    taken = seconds(lambda: planning.plan(many, history, _NOW, policy=policy))
    text = json.dumps([post.title for post in many])
    reference = seconds(lambda: [json.loads(text) for _ in range(20)])
    return [
        Figure(
            what="plan over 10,000 posts",
            value=f"{len(many) / taken:,.0f} posts/s",
            ratio=f"{taken / reference:.1f} × reading their titles as JSON 20 times",
        )
    ]


def manifests(folder: Path) -> list[Figure]:
    many = posts(10_000)
    path = folder / "posts.json"
    writing = seconds(lambda: manifest.write(path, _SITE, many), runs=3)
    reading = seconds(lambda: manifest.read(path), runs=3)
    raw = path.read_text(encoding="utf-8")
    reference = seconds(lambda: json.loads(raw), runs=3)
    return [
        Figure(what="manifest of 10,000 posts, size", value=f"{len(raw) / 1e6:.1f} MB"),
        Figure(
            what="manifest of 10,000 posts, written",
            value=f"{writing:.2f} s",
            ratio=f"{writing / reference:.1f} × json.loads of it",
        ),
        Figure(
            what="manifest of 10,000 posts, read",
            value=f"{reading:.2f} s",
            ratio=f"{reading / reference:.1f} × json.loads of it",
        ),
    ]


MEASURES = (plan, manifests)
