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

from pipeline.posts import frontmatter, helplines, judging, links, pelicanconf, slugs
from pipeline.posts.files import Files
from pipeline.posts.judging import Checked
from pipeline.posts.layout import Layout
from pipeline.posts.located import Place, plain
from pipeline.posts.mistakes import Mistake
from pipeline.posts.schema import Kind, Status

__all__ = ["check"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One post or page among the others."""

    source: str  # path below content/
    kind: Kind
    checked: Checked
    slug: str  # "" when it has none, which is then a mistake of its own
    id: str  # "" for a page

    @property
    def moved(self) -> bool:
        """Whether it is written where it says itself, not where its slug leads."""
        return self.checked.front_matter.save_as is not None or self.checked.front_matter.url is not None

    @property
    def draft(self) -> bool:
        return self.checked.front_matter.status is Status.DRAFT


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
        return (Mistake(path=base, line=1, column=1, message=message, advice="name the one with posts/"),)
    files = Files.below(content)
    mistakes: list[Mistake] = []
    entries: list[_Entry] = []
    for source in files:
        kind = layout.kind(source)
        if kind is None:
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
        mistakes += _image(checked, files)
        if document.readable and checked.front_matter.status is not Status.SKIP:
            entry = _entry(source, kind, checked, layout)
            mistakes += _nameless(entry)
            entries.append(entry)
    mistakes += _same_address(entries, layout)
    mistakes += _same_id(entries)
    mistakes += helplines.judge(content / "helplines.toml", today=today, shown=_shown(base, "helplines.toml"))
    return tuple(sorted(mistakes))


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
    known = front.id or (slugs.post_id(slug, front.lang or layout.lang, layout.lang) if slug else "")
    return _Entry(source=source, kind=kind, checked=checked, slug=slug, id=known if kind is Kind.POST else "")


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


def _nameless(entry: _Entry) -> Iterator[Mistake]:
    """Find titles that no slug, or none that can name a folder, can be made of."""
    front = entry.checked.front_matter
    if front.slug or not front.title or _bad_slug(entry.checked):
        return
    source = entry.checked.document.source
    place = entry.checked.place("slug", "title")
    if not entry.slug:
        yield source.mistake(place, "no address can be made of this title", "write slug: a-few-words")
    elif len(entry.slug.encode()) > slugs.MAX_SLUG:
        yield source.mistake(place, "the address made of this title is too long", "write slug: a-few-words")


def _same_address(entries: list[_Entry], layout: Layout) -> Iterator[Mistake]:
    """Find posts and pages that would be written over each other. Translations share a slug, not a language."""
    first: dict[tuple[str, str, str], _Entry] = {}
    for entry in entries:
        front = entry.checked.front_matter
        if not entry.slug or entry.moved:
            continue
        source = entry.checked.document.source
        place = entry.checked.place("slug", "title")
        if entry.slug.lower() in layout.taken and not (layout.apart and entry.kind is Kind.PAGE):
            message = f"the address /{entry.slug}/ belongs to a part of the site"
            yield source.mistake(place, message, f"write slug: {entry.slug}-1, or better words")
        space = entry.kind.value if layout.apart else ""
        key = (space, (front.lang or layout.lang).lower(), entry.slug.lower())
        other = first.setdefault(key, entry)
        if other is not entry:
            message = f"the slug “{entry.slug}” is also that of {other.checked.document.source.path}"
            advice = "write another slug:, or lang: if this is a translation"
            yield source.mistake(place, message, advice, warning=entry.draft or other.draft)


def _same_id(entries: list[_Entry]) -> Iterator[Mistake]:
    """Find posts that would be taken for one another, but for those of which their address has told as much."""
    first: dict[str, _Entry] = {}
    for entry in entries:
        if not entry.id:
            continue
        other = first.setdefault(entry.id, entry)
        mine, its = entry.checked.front_matter.id, other.checked.front_matter.id
        told = not (mine or its or entry.moved or other.moved)
        if other is not entry and not told:
            place = entry.checked.place("id", "slug", "title")
            message = f"the id “{entry.id}” is also that of {other.checked.document.source.path}"
            advice = "write another id:" if mine else f"write id: {entry.id}-1, or another slug:"
            yield entry.checked.document.source.mistake(place, message, advice)
