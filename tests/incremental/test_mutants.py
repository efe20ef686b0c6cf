"""What an output depends on: take away any of the rules, and the test of equality notices."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from pelican.contents import Content
from pelican.writers import FileOverwriteFailedError

from plugins.incremental import inputs, session, templates, writing
from plugins.incremental.contents import Tracked
from plugins.incremental.session import Session
from plugins.incremental.stamps import stamp
from tests.incremental.histories import Change, play
from tests.incremental.world import World, differences

Patch = Callable[[pytest.MonkeyPatch], None]
_STEPS = 40


def _deaf_to(kind: str) -> Patch:
    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        compare = Session.compare

        def forgetful(self: Session) -> None:
            compare(self)
            self.stale = frozenset(name for name in self.stale if name[0] != kind)

        monkeypatch.setattr(Session, "compare", forgetful)

    return patch


def _set(place: object, name: str, value: object) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(place, name, value)


def _in_the_far_future(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Session.__post_init__

    def late(self: Session) -> None:
        begin(self)
        self.now = datetime(2999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(Session, "__post_init__", late)


def _settings_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "settings_digest", lambda *_: b"same")
    monkeypatch.setattr(inputs, "unchanged", lambda _: True)  # their file counts as code too


def _size_alone(path: str, was: tuple[int, ...], content: bytes, taken: int) -> bool:
    return stamp(path)[:1] == was[:1]


_MUTANTS: dict[str, tuple[Patch, tuple[str | Change, ...]]] = {
    "what content says of itself": (_deaf_to("c"), ("title", "date", "category")),
    "a body": (_deaf_to("b"), ("body",)),
    "a summary": (_deaf_to("s"), ("body", "summary")),
    "a variable of the site": (_deaf_to("v"), ("add", "delete", "page", "date")),
    "the posts of a term": (_deaf_to("l"), ("tag", "add", "category")),
    "what an output alone is given": (_set(writing, "given", lambda *_: b"same"), ("add", "delete", "date")),
    "the text of templates": (_set(templates, "_named", lambda *_: ()), ("template",)),
    "a filter that knows something": (_set(templates, "pure", lambda _: True), ("add", "delete", "page")),
    "a link that leads nowhere": (
        _set(Tracked, "_link_replacer", Content._link_replacer),
        (("link", 0, 6), ("add", 6, 2)),
    ),
    "files that are taken along": (
        _set(session, "_attaches", lambda *_: False),
        ("attach", "link", "body", "image"),
    ),
    "the hour": (_in_the_far_future, ("later", "hour")),
    "the settings": (_settings_unseen, ("setting",)),
    "the content of a source": (_set(session, "same", _size_alone), ("date", "tag", "title")),
    "the file itself": (_set(writing, "stamp", lambda _: (1, 2, 3, 4)), ("spoil",)),
}


def _first_difference(root: Path, kinds: tuple[str | Change, ...]) -> int | None:
    """Play these changes, or some of these kinds; give the step that made another site than a clean build."""
    chance = random.Random(1)
    world = World(root)
    for number in range(6):
        play(world, ("add", number, number))
    play(world, ("image", 0, 1))
    play(world, ("page", 0, 1))
    world.remembered()
    drawn = ((chance.choice(kinds), chance.randrange(12), chance.randrange(12)) for _ in range(_STEPS))
    for step, change in enumerate(kinds if isinstance(kinds[0], tuple) else drawn):
        play(world, cast("Change", change))
        try:
            if list(differences(world.remembered(), world.clean())):
                return step
        except FileOverwriteFailedError:
            continue
    return None


@pytest.mark.parametrize("rule", sorted(_MUTANTS))
def test_a_rule_that_is_missing_is_noticed(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch, kinds = _MUTANTS[rule]
    patch(monkeypatch)
    assert _first_difference(tmp_path, kinds) is not None
