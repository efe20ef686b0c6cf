"""Random histories of a site: what writers, designers and time do to it."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st

from tests.incremental.world import World

__all__ = ["CHANGES", "Change", "histories", "play"]

Change = tuple[str, int, int]
"""What is done, to which of the files, with which of the words."""

_WORDS = (
    "calm",
    "river",
    "stone",
    "Öl & <b>oil</b>",
    "two  words",
    "late",
    "a longer line of words than a summary has",
)
_TAGS = ("one", "two", "Three & four")


def _posts(world: World) -> list[Path]:
    return sorted((world.root / "content" / "posts").rglob("*.md"))


def _pick(world: World, number: int) -> Path:
    found = _posts(world)
    return found[number % len(found)] if found else _new(world, number, 0)


def _new(world: World, number: int, word: int) -> Path:
    path = world.root / "content" / "posts" / f"post-{number % 7}.md"
    _write(
        path,
        word,
        f"Title: Post {number}",
        f"Date: 2026-0{1 + number % 4}-1{word % 7}",
        f"Tags: {_TAGS[word % 3]}",
    )
    return path


def _write(path: Path, word: int, *head: str) -> None:
    path.write_text("\n".join([*head, "", f"Body of {_WORDS[word % 7]} {word}.", ""]), encoding="utf-8")


def _head(path: Path, key: str, value: str) -> None:
    lines = [
        line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith(f"{key}: ")
    ]
    path.write_text("\n".join([*([f"{key}: {value}"] if value else []), *lines, ""]), encoding="utf-8")


def add(world: World, number: int, word: int) -> None:
    _new(world, number, word)


def body(world: World, number: int, word: int) -> None:
    path = _pick(world, number)
    head, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
    path.write_text(
        f"{head}\n\nAnother body: {_WORDS[word % 7]} " + "x" * (word % 3) + "\n", encoding="utf-8"
    )


def title(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Title", _WORDS[word % 7])


def summary(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Summary", _WORDS[word % 7] if word % 2 else "")


def rename(world: World, number: int, word: int) -> None:
    path = _pick(world, number)
    path.rename(path.with_name(f"renamed-{word % 5}.md"))


def move(world: World, number: int, word: int) -> None:
    path = _pick(world, number)
    folder = path.parent / f"folder-{word % 2}"
    folder.mkdir(exist_ok=True)
    path.rename(folder / path.name)


def delete(world: World, number: int, word: int) -> None:
    _pick(world, number).unlink(missing_ok=True)


def date(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Date", f"202{5 + word % 2}-0{1 + number % 9}-0{1 + word % 9} 10:00")


def tag(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Tags", ", ".join(_TAGS[: word % 4]))


def category(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Category", f"Topic {word % 3}" if word % 4 else "")


def author(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Authors", ("Ada", "Ada; Ben", "")[word % 3])


def slug(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Slug", f"slug-{number % 5}-{word % 2}" if word % 3 else "")


def status(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Status", ("draft", "hidden", "", "published")[word % 4])


def lang(world: World, number: int, word: int) -> None:
    path = _pick(world, number)
    other = path.with_name(f"{path.stem}-de.md")
    _write(other, word, f"Title: Auf Deutsch {word}", "Date: 2026-01-01", "Lang: de", f"Slug: {_slug(path)}")


def _slug(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    named = {line.partition(": ")[0]: line.partition(": ")[2] for line in lines if ": " in line}
    return named.get("Slug") or named.get("Title", "untitled").lower().replace(" ", "-")


def link(world: World, number: int, word: int) -> None:
    target = f"posts/post-{word % 7}.md"  # which may not be there yet
    path = _pick(world, number)
    line = f"\nSee [there]({{filename}}/{target}) and ![it]({{static}}/images/{word % 3}.png) and [on]({{tag}}one).\n"
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def attach(world: World, number: int, word: int) -> None:
    if word % 2 == 0:
        path = _pick(world, number)
        line = f"\nTake [it]({{attach}}/images/{word % 3}.png) along.\n"
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def image(world: World, number: int, word: int) -> None:
    path = world.root / "content" / "images" / f"{number % 3}.png"
    if word % 5 == 0:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(_png(word % 4))


def _png(shade: int) -> bytes:
    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes([0, shade]))), (b"IEND", b"")]
    made = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def page(world: World, number: int, word: int) -> None:
    path = world.root / "content" / "pages" / f"page-{number % 2}.md"
    if word % 5 == 0:
        path.unlink(missing_ok=True)
    else:
        _write(path, word, f"Title: Page {word % 3}")


def template(world: World, number: int, word: int) -> None:
    found = sorted((world.root / "theme" / "templates").iterdir())
    path = found[number % len(found)]
    text = re.sub(r"<i>.*?</i>", "", path.read_text(encoding="utf-8"))
    place = next((one for one in ("{% block content %}", "{% block title %}", "<li>") if one in text), "")
    before, _, after = text.partition(place) if place else ("", "", text)
    path.write_text(f"{before}{place}<i>{word % 3}</i>{after}", encoding="utf-8")


def style(world: World, number: int, word: int) -> None:
    (world.root / "theme" / "static" / "css" / "site.css").write_text(
        f"a {{ margin: {word % 3}px }}\n", encoding="utf-8"
    )


def setting(world: World, number: int, word: int) -> None:
    world.extra = ("", "SITENAME = 'Other'\n", "DEFAULT_PAGINATION = 3\n", "RELATIVE_URLS = True\n")[word % 4]


def hour(world: World, number: int, word: int) -> None:
    world.now += timedelta(days=number % 3, hours=word)


def later(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Date", f"{world.now + timedelta(hours=word):%Y-%m-%d %H:%M}")


def touch(world: World, number: int, word: int) -> None:
    os.utime(_pick(world, number))


def broken(world: World, number: int, word: int) -> None:
    _head(_pick(world, number), "Date", "no date at all" if word % 2 else "2026-02-02")


def spoil(world: World, number: int, word: int) -> None:
    found = sorted(path for path in (world.root / "output").rglob("*.html"))
    if found:
        path = found[number % len(found)]
        path.unlink() if word % 2 else path.write_text("spoilt", encoding="utf-8")


CHANGES: dict[str, Callable[[World, int, int], None]] = {
    change.__name__: change
    for change in (
        *(
            add,
            body,
            title,
            summary,
            rename,
            move,
            delete,
            date,
            tag,
            category,
            author,
            slug,
            status,
            lang,
            link,
        ),
        *(attach, image, page, template, style, setting, hour, later, touch, broken, spoil),
    )
}


def histories(steps: int) -> st.SearchStrategy[list[Change]]:
    """Draw so many changes."""
    change = st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 11), st.integers(0, 11))
    return st.lists(change, min_size=steps, max_size=steps)


def play(world: World, change: Change) -> None:
    """Do one thing to a site."""
    what, number, word = change
    CHANGES[what](world, number, word)
