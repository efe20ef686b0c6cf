"""Starting a post: a file with front matter that only wants its words."""

from __future__ import annotations

import json
import os
from datetime import datetime, tzinfo
from pathlib import Path

from pipeline.errors import ContentError
from pipeline.posts import slugs
from pipeline.posts.values import problem

__all__ = ["start"]

_LONGEST = 60  # characters of a file's name before its suffix

_TEMPLATE = """\
---
title: {title}
date: {date}
id: {id}
slug: {slug}
status: draft  # take this line out when it is ready
category:
tags: []
# What the list of posts says, in a sentence or two:
summary:
# A picture below content/, and what it shows for those who cannot see it:
# image: images/{slug}.png
# image_alt:
# The letter. Without these, its subject is the title and its preview line the summary:
# subject:
# preheader:
# What a reader may want to know before reading:
# content_note:
---

"""


def start(title: str, *, content: Path, now: datetime, zone: tzinfo) -> Path:
    """Write the file of a new post, and nothing else.

    Args:
        title: As readers will see it.
        content: The folder with posts/, which is made where it is missing.
        now: The time, aware.
        zone: The site's own, in which the date is written.

    Returns:
        The path of the file. Its name is made of the title; its id, of the date and the name.

    Raises:
        ContentError: The title is empty or holds what no subject may hold; or there is such a post already.
    """
    title = " ".join(title.split())
    if not title:
        raise ContentError("the title is empty", advice='write one: make new TITLE="…"')
    if wrong := problem(title):
        raise ContentError(f"the title cannot be used: {wrong[0]}", advice=wrong[1])
    date = now.astimezone(zone)
    slug = _cut(slugs.slugify(title)) or "untitled"
    path = content / "posts" / f"{slug}.md"
    text = _TEMPLATE.format(
        title=_quoted(title),
        date=date.isoformat(sep=" ", timespec="minutes"),
        id=f"{date:%Y-%m-%d}-{slug}",
        slug=slug,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open(
            "x", encoding="utf-8", newline="\n"
        ) as file:  # "x": a file that is there is never touched
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        advice = "choose another title, or go on with that one"
        raise ContentError(f"there is a post {path.as_posix()} already", advice=advice) from None
    return path


def _cut(slug: str) -> str:
    """Shorten a slug, between words where there is more than one."""
    slug = slug.strip("-_")
    if len(slug) <= _LONGEST:
        return slug
    head = slug[: _LONGEST + 1].rpartition("-")[0] or slug[:_LONGEST]
    return head.strip("-_")


def _quoted(text: str) -> str:
    """Write text as YAML that reads back as the same text, whatever is in it."""
    return json.dumps(
        text, ensure_ascii=False
    )  # a JSON string is a YAML one, and keeps every letter readable
