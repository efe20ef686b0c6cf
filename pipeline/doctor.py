"""The doctor: looks at everything that has to be right before mail is sent, and sends none."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.errors import BelongingError, ContentError, SettingsError
from pipeline.posts import checking, frontmatter
from pipeline.posts.mistakes import Severity
from pipeline.posts.provided import providers
from pipeline.settings import ProviderName
from pipeline.store.engine import see_whole
from pipeline.wiring import Project

__all__ = ["Complaint", "Level", "examine"]


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """One thing that was looked at."""

    name: str
    level: Level
    detail: str
    advice: str = ""
    exit_code: int = 0  # of an error: what a command that meets it ends with


def examine(project: Project) -> tuple[Complaint, ...]:
    """Look at everything; one thing that is wrong does not hide the next, and is named once."""
    found: list[Complaint] = []
    for name, look in _LOOKS:
        try:
            found.extend(look(project))
        except BelongingError as error:
            if error.message not in {complaint.detail for complaint in found}:
                found.append(_error(name, error))
    return tuple(found)


def _error(name: str, error: BelongingError) -> Complaint:
    return Complaint(
        name=name,
        level=Level.ERROR,
        detail=error.message,
        advice=error.advice,
        exit_code=error.exit_code,
    )


def _settings(project: Project) -> Iterator[Complaint]:
    settings = project.settings
    real = "letters are really sent" if settings.leaves_machine else "letters stay on this machine"
    yield Complaint(name="settings", level=Level.OK, detail=f"provider {settings.provider}, {real}")
    if not settings.letter.postal_address:
        yield Complaint(
            name="postal address",
            level=Level.WARNING,
            detail="no letter says where you are",
            advice="write letter.postal_address in newsletter.toml; the law asks for it",
        )


def _posts(project: Project) -> Iterator[Complaint]:
    mistakes = checking.check(project.root / "content", today=project.clock().date())
    errors = sum(mistake.severity is Severity.ERROR for mistake in mistakes)
    if errors:
        found = ContentError(_count(errors, "mistake"), advice="belonging check names what to mend")
        yield _error("posts", found)
    elif mistakes:
        yield Complaint(
            name="posts",
            level=Level.WARNING,
            detail=_count(len(mistakes), "remark"),
            advice="belonging check shows what to look at",
        )
    else:
        yield Complaint(name="posts", level=Level.OK, detail="no mistakes")


def _pages(project: Project) -> Iterator[Complaint]:
    """See that the page about privacy says what is true of who keeps the list."""
    provider = project.settings.provider
    page = project.root / "content" / "pages" / "privacy.md"
    spoken = providers(frontmatter.read(page).body) if page.is_file() else frozenset()
    if provider in spoken or (provider is ProviderName.EMBEDDED and not spoken):
        yield Complaint(name="privacy page", level=Level.OK, detail=f"fits provider {provider}")
        return
    yield Complaint(
        name="privacy page",
        level=Level.WARNING,
        detail=f"content/pages/privacy.md has nothing to say about provider {provider}",
        advice=f"say who learns what, after a line <!-- provider: {provider} --> (docs/mailchimp.md)",
    )


def _site(project: Project) -> Iterator[Complaint]:
    if not project.builder.manifest.exists():
        yield Complaint(name="site", level=Level.WARNING, detail="was never built here", advice="make build")
        return
    site, posts = project.manifest()
    yield Complaint(
        name="site", level=Level.OK, detail=f"{_count(len(posts), 'post')}, to be read at {site.url}"
    )


def _store(project: Project) -> Iterator[Complaint]:
    """See that nothing of the store is damaged, also where nobody has looked for long."""
    if project.has_list:
        see_whole(project.engine)
        yield Complaint(name="store", level=Level.OK, detail="nothing in it is damaged")


def _key(project: Project) -> Iterator[Complaint]:
    if not project.has_list:
        yield Complaint(
            name="list", level=Level.OK, detail="not begun; key and store are made on the first run"
        )
        return
    if project.settings.provider is ProviderName.MAILCHIMP:
        if project.people.sealed_with() is not None:
            _ = project.keyring
        yield Complaint(
            name="list", level=Level.OK, detail="kept by Mailchimp; here is only what is under way to it"
        )
        return
    _ = project.keyring
    counts = project.people.count()
    confirmed = sum(number for state, number in counts.items() if state == "confirmed")
    yield Complaint(name="key", level=Level.OK, detail="opens this list")
    yield Complaint(name="list", level=Level.OK, detail=_count(confirmed, "confirmed subscriber"))
    if broken := project.unreadable():
        yield Complaint(
            name="sealed cells",
            level=Level.WARNING,
            detail=f"{_count(broken, 'entry')} cannot be opened: tampered with, or damaged",
            advice="restore a backup, then belonging status --try-held; campaigns go on without them meanwhile",
        )
    unknown = len(project.unknown_deliveries())
    if unknown:
        yield Complaint(
            name="deliveries",
            level=Level.WARNING,
            detail=f"{_count(unknown, 'letter')} may or may not have arrived",
            advice="belonging status --unknown shows which",
        )


def _privacy(project: Project) -> Iterator[Complaint]:
    """See that letters, store and key are nobody else's; each of them holds addresses, or opens them."""
    settings = project.settings.list
    kept = [project.root / "var", project.mailbox, project.settings.path(settings.key.file)]
    if project.has_list and project.engine.dialect.name == "sqlite":
        kept.append(Path(project.engine.url.database or ""))
    seen = [str(path) for path in dict.fromkeys(kept) if path.exists() and not _closed(path)]
    if seen:
        found = SettingsError(
            f"others on this machine can look into {', '.join(seen)}",
            advice=f"chmod -R go= {shlex.join(seen)}",
        )
        yield _error("privacy", found)
    else:
        yield Complaint(name="privacy", level=Level.OK, detail="nobody else on this machine sees the list")


def _closed(path: Path) -> bool:
    """Tell whether a file or folder, or a folder above it, lets nobody but its owner in."""
    return any(place.stat().st_mode & 0o077 == 0 for place in (path, *path.absolute().parents))


def _way_out(project: Project) -> Iterator[Complaint]:
    if project.settings.provider is ProviderName.MAILCHIMP:
        for look in project.examine_mailchimp():
            level = Level(look.outcome.value)
            yield Complaint(name=look.name, level=level, detail=look.detail, advice=look.advice)
        return
    project.transport.probe()
    yield Complaint(name="mail", level=Level.OK, detail=project.transport.describe())


def _discretion(project: Project) -> Iterator[Complaint]:
    """See that a discreet letter can be told by nothing on its outside."""
    if project.settings.provider is ProviderName.MAILCHIMP or not project.builder.manifest.exists():
        return
    found = project.exposures(project.manifest()[0])
    if found:
        yield Complaint(
            name="discretion",
            level=Level.WARNING,
            detail=f"discreet letters are not offered: {'; '.join(found)}",
            advice="write a neutral name in newsletter.toml, [discreet], or look at its words",
        )
    else:
        yield Complaint(
            name="discretion", level=Level.OK, detail="discreet letters tell nothing by their outside"
        )


def _machine(project: Project) -> Iterator[Complaint]:
    free = shutil.disk_usage(project.root).free
    if free < 500_000_000:
        yield Complaint(
            name="disk",
            level=Level.WARNING,
            detail=f"only {free // 1_000_000} MB are free",
            advice="make room before a large campaign",
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0 and project.settings.leaves_machine:
        yield Complaint(
            name="user", level=Level.WARNING, detail="runs as root", advice="use an account of its own"
        )


def _count(number: int, noun: str) -> str:
    many = noun.removesuffix("y") + "ies" if noun.endswith("ry") else noun + "s"
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {many}"


_LOOKS: tuple[tuple[str, Callable[[Project], Iterator[Complaint]]], ...] = (
    ("settings", _settings),
    ("posts", _posts),
    ("privacy page", _pages),
    ("site", _site),
    ("store", _store),
    ("key", _key),
    ("privacy", _privacy),
    ("mail", _way_out),
    ("discretion", _discretion),
    ("machine", _machine),
)
