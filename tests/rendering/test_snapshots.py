"""Finished letters beside what they were when somebody last looked at them.

After a change that is meant: UPDATE_SNAPSHOTS=1 pytest tests/rendering/test_snapshots.py, then read the difference.
"""

from __future__ import annotations

import os

import pytest

from pipeline.letters import ImagePolicy, Letter
from tests.rendering.making import SNAPSHOTS, everything, hebrew, letter, long

LETTERS = {
    "everything": lambda: letter(everything()),
    "everything-without-pictures": lambda: letter(everything(), images=ImagePolicy.OMIT),
    "hebrew": lambda: letter(hebrew()),
    "cut": lambda: letter(long(chapters=4), size_limit=18_000),
}


def _parts(made: Letter) -> dict[str, str]:
    head = f"Subject: {made.subject}\nPreheader: {made.preheader}\nCut at: {made.cut_at}\n\n"
    return {"html": made.html, "txt": head + made.text}


@pytest.mark.parametrize("kind", ["html", "txt"])
@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_is_what_it_was_when_somebody_last_looked(name: str, kind: str) -> None:
    made = _parts(LETTERS[name]())[kind]
    stored = SNAPSHOTS / f"{name}.{kind}"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        stored.write_text(made, encoding="utf-8", newline="\n")
    assert stored.read_text(encoding="utf-8") == made


def test_no_snapshot_is_left_of_a_letter_that_is_gone() -> None:
    assert {file.name for file in SNAPSHOTS.iterdir()} == {
        f"{name}.{kind}" for name in LETTERS for kind in ("html", "txt")
    }
