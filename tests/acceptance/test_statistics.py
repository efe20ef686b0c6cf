"""The command that tells numbers and no people."""

from __future__ import annotations

from tests.acceptance.projects import Project


def test_the_command_tells_numbers_and_writes_the_page_once(published: Project) -> None:
    shown = published.run("stats", "--json").json
    assert (shown["people"], [one["audience"] for one in shown["campaigns"]]) == (0, [0])
    assert "under 5 on the list" in published.run("stats").out
    file = published.root.parent / "numbers.html"
    assert f"The page is {file}" in published.run("stats", "--page", str(file)).out
    assert file.stat().st_mode & 0o777 == 0o600
    assert "is there already" in published.run("stats", "--page", str(file), code=1).err
