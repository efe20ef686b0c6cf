"""A theme that is replaced while the service runs, as a deployment does it: not all its files at one moment."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.service.world import ROOT, running


def test_a_service_that_runs_shows_nothing_of_a_theme_that_is_only_half_there(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "theme", tmp_path / "theme")
    with running(tmp_path) as world:
        assert world.made.postman
        for file in (tmp_path / "theme" / "templates").rglob("*.*"):
            file.write_text("{% half of a templ", encoding="utf-8")
        assert "<h1" in world.client.get("/list/subscribe").text
        world.confirmed("reader@lists.example.com")
