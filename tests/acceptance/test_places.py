"""Wherever the project lies, and wherever on earth the machine believes to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.projects import READERS, Project

ODD = "Ünsere 'site' \"№ 1\" 100% a=b #1 [x] $HOME & co; ö"


def test_a_project_may_lie_anywhere_and_be_worked_on_from_anywhere(
    fresh_template: Project, tmp_path: Path
) -> None:
    project = fresh_template.copy(tmp_path / ODD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root = str(Path("..") / ODD)
    for arguments in (
        ["publish"],
        ["publish"],
        ["plan"],
        ["status"],
        ["check"],
        ["doctor"],
        ["subscribers", "count"],
        ["preview", "third-chair"],
        ["new", "A title"],
    ):
        project.run("--root", root, *arguments, cwd=elsewhere)
    assert project.mailed == {"Third chair": READERS}
    assert project.post("a-title").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_project_behind_a_link_is_the_same_project(published: Project, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(published.root)
    published.write("fourth")
    published.run("--root", str(link), "publish", cwd=tmp_path)
    published.run("publish")
    assert published.mailed == {"Third chair": READERS, "Fourth": READERS}


def test_the_time_of_day_elsewhere_mails_nothing_early_or_twice(published: Project) -> None:
    published.write("past", days=0.03)
    published.write("future", days=-0.03)  # in three quarters of an hour
    for zone in ("Pacific/Kiritimati", "America/Anchorage", "Asia/Kathmandu", ""):
        published.run("publish", env={"TZ": zone})
        assert published.mailed == {"Third chair": READERS, "Past": READERS}, zone
        assert not (published.root / "output" / "future").exists()


@pytest.mark.parametrize("lang", ["C", "xx_XX"])
def test_the_language_of_the_machine_changes_nothing(published: Project, lang: str) -> None:
    site = published.site
    published.run("build", env={"LANG": lang, "LC_ALL": lang})
    assert published.site == site
