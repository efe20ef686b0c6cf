"""Everything that is wrong with a site's content, found before anything is built or mailed.

``check(Path("content"))`` reads each post and page once and answers with all mistakes of all files. It neither writes
nor asks for the time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pipeline.posts import (
    acting,
    elsewhere,
    frontmatter,
    helplines,
    judging,
    links,
    pelicanconf,
    provided,
    slugs,
    values,
)
from pipeline.posts.files import Files
from pipeline.posts.judging import Checked
from pipeline.posts.layout import Layout
from pipeline.posts.located import Place, mistake, plain
from pipeline.posts.mistakes import Mistake
from pipeline.posts.schema import Kind, Status

__all__ = ["check"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One post or page among the others: only what they can share, so that no more is kept of 10,000."""

    path: str  # as mistakes name it
    kind: Kind
    slug: str  # "" when it has none, which is then a mistake of its own
    slug_place: Place
    id: str  # "" for a page
    id_place: Place
    own_id: bool  # whether the writer gave it
    lang: str  # in lower case
    original: str  # slug of what it is a translation of, "" where it names none
    original_place: Place
    draft: bool
    moved: bool  # whether it is written where it says itself, not where its slug leads

    def mistake(self, place: Place, message: str, advice: str, *, warning: bool = False) -> Mistake:
        """Say what is wrong with it."""
        return mistake(self.path, place, message, advice, warning=warning)


def check(content: Path, *, layout: Layout | None = None, today: date | None = None) -> tuple[Mistake, ...]:
    """Find every mistake in a site's content.

    Args:
        content: The folder with posts/ and pages/. Mistakes name files by this path as it is given, or, where it
            is absolute and below the working directory, from there.
        layout: What the site's settings say; else what can be read of the pelicanconf.py beside the content.
        today: With it, dates that have to be recent are looked at too.

    Returns:
        Mistakes in the order of their places. Those of severity ``ERROR`` stop a build, warnings do not.
    """
    layout = layout or pelicanconf.beside(content)
    base = _base(content)
    if not content.is_dir():
        message = "there is no such folder"
        return (mistake(base, Place(1, 1), message, "name the one with posts/"),)
    files = Files.below(content)
    mistakes: list[Mistake] = []
    entries: list[_Entry] = []
    for source, why in files.closed.items():
        message = f"cannot be looked into: {why}"
        advice = "make it a readable folder, or its posts would vanish from the site"
        mistakes.append(mistake(_shown(base, source), Place(1, 1), message, advice))
    for source in files:
        kind = layout.kind(source)
        if kind is None:
            mistakes += _unread(source, base, layout)
            continue
        document = frontmatter.read(content / source, shown=_shown(base, source))
        checked = judging.validate(
            document, kind=kind, zone=layout.zone, defaults=layout.from_path(source), undated=layout.undated
        )
        mistakes += checked.mistakes
        if "\ufffd" in document.source.path:
            message = "the file's name holds what cannot be written in an address"
            mistakes.append(document.source.mistake(Place(1, 1), message, "rename it"))
        mistakes += links.judge(document, source, files)
        mistakes += elsewhere.judge(document)
        mistakes += acting.judge(document)
        mistakes += provided.judge(document)
        mistakes += _image(checked, files)
        if document.readable and checked.front_matter.status is not Status.SKIP:
            entry = _entry(source, kind, checked, layout)
            mistakes += _nameless(checked, entry)
            entries.append(entry)
    mistakes += _same_address(entries, layout)
    mistakes += _same_id(entries)
    mistakes += _lost(entries)
    mistakes += helplines.judge(content / "helplines.toml", today=today, shown=_shown(base, "helplines.toml"))
    return tuple(sorted(mistakes))


def _unread(source: str, base: str, layout: Layout) -> Iterator[Mistake]:
    """Find what would be a post or page but for capitals at the end of its name."""
    stem, dot, suffix = source.rpartition(".")
    meant = f"{stem}{dot}{suffix.lower()}"
    if meant != source and layout.kind(meant):
        message = "is not read because of the capitals at the end of its name"
        advice = f"rename it to {Path(_shown(base, meant)).name}"
        yield mistake(_shown(base, source), Place(1, 1), message, advice, warning=True)


def _base(content: Path) -> str:
    with contextlib.suppress(ValueError, OSError):
        return content.relative_to(Path.cwd()).as_posix()
    return content.as_posix()


def _shown(base: str, source: str) -> str:
    """Name a file on one line, also one whose name is not UTF-8 or holds a line break."""
    name = f"{base}/{source}".encode(errors="surrogateescape").decode(errors="replace")
    return "".join(character if character.isprintable() else "\ufffd" for character in name)


def _entry(source: str, kind: Kind, checked: Checked, layout: Layout) -> _Entry:
    front = checked.front_matter
    slug = front.slug
    if not slug and not _bad_slug(checked):
        stem = Path(source).stem
        slug = layout.slugify(stem if layout.slug_source == "basename" else front.title)
    lang = (front.lang or layout.lang).lower()
    known = front.id or (slugs.post_id(slug, lang, layout.lang) if slug else "")
    return _Entry(
        path=checked.document.source.path,
        kind=kind,
        slug=slug,
        slug_place=checked.place("slug", "title"),
        id=known if kind is Kind.POST else "",
        id_place=checked.place("id", "slug", "title"),
        own_id=bool(front.id),
        lang=lang,
        original="" if values.boolean(front.translation) is not None else front.translation,
        original_place=checked.place("translation"),
        draft=front.status is Status.DRAFT,
        moved=front.save_as is not None or front.url is not None,
    )


def _bad_slug(checked: Checked) -> bool:
    """Say whether a slug was given and refused: then what the title would give must not be judged instead."""
    field = checked.document.fields.get("slug")
    return field is not None and plain(field.value) != "" and not checked.front_matter.slug


def _image(checked: Checked, files: Files) -> Iterator[Mistake]:
    image = checked.front_matter.image
    if image and ":" not in image and not image.startswith("//") and image not in files:
        document = checked.document
        place = document.fields["image"].value.place if "image" in document.fields else Place(1, 1)
        message = f"there is no file content/{image}"
        near = files.nearest(image)
        yield document.source.mistake(
            place, message, f"write {near}" if near else "add it, or correct the path"
        )


def _nameless(checked: Checked, entry: _Entry) -> Iterator[Mistake]:
    """Find titles that no slug, or none that can name a folder, can be made of."""
    front = checked.front_matter
    if front.slug or not front.title or _bad_slug(checked):
        return
    advice = "write slug: a-few-words"
    if not entry.slug:
        yield entry.mistake(entry.slug_place, "no address can be made of this title", advice)
    elif len(entry.slug.encode()) > slugs.MAX_SLUG:
        yield entry.mistake(entry.slug_place, "the address made of this title is too long", advice)


def _same_address(entries: list[_Entry], layout: Layout) -> Iterator[Mistake]:
    """Find posts and pages that would be written over each other. Translations share a slug, not a language."""
    first: dict[tuple[str, str, str], _Entry] = {}
    for entry in entries:
        if not entry.slug or entry.moved:
            continue
        if entry.slug.lower() in layout.taken and not (layout.apart and entry.kind is Kind.PAGE):
            message = f"the address /{entry.slug}/ belongs to a part of the site"
            yield entry.mistake(entry.slug_place, message, f"write slug: {entry.slug}-1, or better words")
        space = entry.kind.value if layout.apart else ""
        other = first.setdefault((space, entry.lang, entry.slug.lower()), entry)
        if other is not entry:
            message = f"the slug “{entry.slug}” is also that of {other.path}"
            advice = "write another slug:, or lang: if this is a translation"
            yield entry.mistake(entry.slug_place, message, advice, warning=entry.draft or other.draft)


def _lost(entries: list[_Entry]) -> Iterator[Mistake]:
    """Find translations of something that is not there, or that is in the same language."""
    slugs_of: dict[Kind, dict[str, set[str]]] = {kind: {} for kind in Kind}
    for entry in entries:
        slugs_of[entry.kind].setdefault(entry.slug, set()).add(entry.lang)
    for entry in entries:
        if not entry.original:
            continue
        known = slugs_of[entry.kind].get(entry.original)
        what = entry.kind.value
        if known is None:
            message = f"there is no {what} with the slug “{values.short(entry.original)}”"
            yield entry.mistake(
                entry.original_place, message, f"write the slug: of the {what} that this is a translation of"
            )
        elif known == {entry.lang}:
            message = f"the {what} “{entry.original}” is in the same language"
            yield entry.mistake(entry.original_place, message, "write lang: with the language of this one")


def _same_id(entries: list[_Entry]) -> Iterator[Mistake]:
    """Find posts that would be taken for one another, but for those of which their address has told as much."""
    first: dict[str, _Entry] = {}
    for entry in entries:
        if not entry.id:
            continue
        other = first.setdefault(entry.id, entry)
        told = not (entry.own_id or other.own_id or entry.moved or other.moved)
        if other is not entry and not told:
            message = f"the id “{entry.id}” is also that of {other.path}"
            advice = "write another id:" if entry.own_id else f"write id: {entry.id}-1, or another slug:"
            yield entry.mistake(entry.id_place, message, advice)
