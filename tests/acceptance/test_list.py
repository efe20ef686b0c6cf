"""The operator and the list: subscribers, status, doctor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.acceptance.projects import READERS, SECOND, THIRD, Project


def counted(project: Project) -> int:
    return int(project.run("subscribers", "count", "--json").json["confirmed"])


def test_a_person_is_added_from_standard_input(published: Project) -> None:
    assert published.run("subscribers", "add", stdin="Dora+news@Example.net\n").out == "Added.\n"
    assert published.run("subscribers", "add", stdin="dora+news@example.NET").out.startswith(
        "Was on the list"
    )
    assert counted(published) == 4
    assert published.run("subscribers", "count").out.splitlines()[1] == "        4  confirmed"


@pytest.mark.parametrize(
    "text", ["", "\n", "nobody\n", "a@b@c.example\n", "x@example.net y@example.net\n", "\udcff@x.example"]
)
def test_what_is_no_address_is_refused_without_being_repeated(published: Project, text: str) -> None:
    done = published.run("subscribers", "add", stdin=text.encode(errors="surrogateescape"), code=1)
    assert "not an e-mail address" in done.err or "not UTF-8" in done.err
    assert not text.strip() or text.strip() not in done.both
    assert counted(published) == 3


def test_several_addresses_at_once_are_refused_rather_than_all_but_the_first_forgotten(
    published: Project,
) -> None:
    done = published.run("subscribers", "add", stdin="dora@example.net\nemil@example.net\n", code=1)
    assert "belonging subscribers import" in done.err
    assert "example.net" not in done.both
    assert counted(published) == 3


def test_the_command_line_takes_no_address(published: Project) -> None:
    done = published.run("subscribers", "add", "dora@example.net", code=2)
    assert "dora" not in done.both
    assert counted(published) == 3


def test_a_file_is_imported_and_every_line_is_accounted_for(published: Project, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    rows = [
        "Name,Email Address,Status",
        '"Doe, Jane",jane@example.net,Subscribed',
        "twice,JANE@example.net,subscribed",
        "left,left@example.net,unsubscribed",
        "silent,silent@example.net,",
        "bad,nobody,subscribed",
        "",
        '"Ann ""A"" Other",ann@example.net,subscribed',
    ]
    file.write_bytes("\r\n".join(["\ufeff" + rows[0], *rows[1:], ""]).encode())
    said = published.run("subscribers", "import", str(file)).out.splitlines()
    assert said == [
        "A plain CSV file, 6 lines",
        "        2  would be added",
        "        1  on the list already",
        "        1  kept unmailed: they left that list",
        "        1  left out: the file does not say that they confirmed",
        "        1  without an address that mail can reach",
        "           look at line 6",
        "Nothing was changed. If that is right, say it again with --apply.",
    ]
    assert counted(published) == 3
    done = published.run("subscribers", "import", str(file), "--apply").out.splitlines()
    assert done == [said[0], "        2  added", *said[2:-1]]
    assert published.run("subscribers", "import", str(file), "--json").json == {
        "applied": False,
        "format": "a plain CSV file",
        "read": 6,
        "added": 0,
        "known": 3,
        "suppressed": 0,
        "left": 1,
        "bounced": 0,
        "complained": 0,
        "own": 0,
        "not_confirmed": 1,
        "bad": 1,
        "bad_lines": [6],
    }
    assert counted(published) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"email\nj\xfcrgen@example.net\n", "not UTF-8"),
        ("email\nx@example.net\n".encode("utf-16"), "not UTF-8"),
        (b"name\nx\n", "line 1 names no column"),
        (b"", "line 1 names no column"),
        (b"email\nx@example.net\n" + b'"' + b"x" * 200_000, "line 3"),
        (b"email\nx@example.net\n\0", ""),
    ],
)
def test_a_file_that_is_none_adds_nobody(
    published: Project, tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes(content)
    if not words:  # a NUL in a line of its own is one bad line
        assert published.run("subscribers", "import", str(file), "--json").json["bad_lines"] == [3]
        return
    assert words in published.run("subscribers", "import", str(file), "--apply", code=1).err
    assert counted(published) == 3


def test_a_file_that_is_not_there_is_named(published: Project, tmp_path: Path) -> None:
    for name in (tmp_path / "gone.csv", tmp_path):
        assert str(name) in published.run("subscribers", "import", str(name), code=1).err


def test_memory_does_not_grow_with_the_file_that_is_imported(published: Project, tmp_path: Path) -> None:
    peaks = []
    for size in (1_000, 15_000):
        file = tmp_path / f"{size}.csv"
        file.write_text(
            "email\n" + "".join(f"r{size}.{n}@example.net\n" for n in range(size)), encoding="ascii"
        )
        with published.start("subscribers", "import", str(file), "--apply") as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        peaks.append(usage.ru_maxrss)
    assert counted(published) == 16_003
    assert peaks[1] - peaks[0] < 6_000  # kB


def test_status_adds_up(published: Project) -> None:
    assert "3 accepted + 0 deferred + 0 rejected + 0 excluded + 0 unknown = 3" in published.run("status").out
    (campaign,) = published.run("status", "--json").json["campaigns"]
    assert campaign["post"] == THIRD
    assert campaign["state"] == "sent"
    outcomes = ("accepted", "waiting", "deferred", "rejected", "excluded", "unknown")
    assert sum(campaign[name] for name in outcomes) == campaign["audience"] == 3
    assert "No delivery waits" in published.run("status", "--unknown").out


def test_before_the_first_run_there_is_no_campaign(fresh: Project) -> None:
    assert fresh.run("status").out == "No campaign yet.\n"
    status = fresh.run("status", "--json").json
    assert status["campaigns"] == []
    assert status["returned"].pop("read_at") is None
    assert set(status["returned"].values()) == {0}


def test_the_doctor_finds_a_healthy_project_healthy(fresh: Project) -> None:
    before = fresh.everything
    said = fresh.run("doctor").out
    assert "not begun" in said
    assert "was never built here" in said
    assert fresh.everything == before, "looking changes nothing"
    fresh.run("publish")
    said = fresh.run("doctor").out
    assert "error" not in said
    assert "3 confirmed subscribers" in said
    assert "3 posts, to be read at https://belonging.example.org" in said
    levels = {complaint["level"] for complaint in fresh.run("doctor", "--json").json}
    assert levels == {"ok"}


def test_the_doctor_names_everything_that_is_wrong_at_once(published: Project) -> None:
    published.change(published.post(SECOND), "title: Second cup", "title:")
    (published.root / "var" / "key").chmod(0o640)
    published.change(
        "newsletter.toml",
        'transport = "maildir"',
        'transport = "smtp"\nsmtp.port = 1\nsmtp.host = "localhost"',
    )
    published.change("newsletter.toml", "belonging.example.org", "belonging.test")
    done = published.run("doctor", code=1)
    assert "error    posts: 1 mistake\n" in done.out
    assert "chmod 600 var/key" in done.out
    assert "no connection to localhost:1" in done.out
    assert len(published.mailed["Third chair"]) == len(READERS)


def test_the_doctor_sees_what_others_on_this_machine_can_look_into(
    published: Project, open_folder: Path
) -> None:
    project = published.copy(open_folder / "site")
    project.run("doctor")
    (project.root / "var").chmod(0o755)
    (project.root / "var" / "mail").chmod(0o755)
    done = project.run("doctor", code=3)
    assert "others on this machine can look into" in done.out
    assert "chmod -R go= " in done.out
