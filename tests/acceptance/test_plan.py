"""The plan: looked at as often as one likes, changing nothing, and kept to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.commandline import ROOT
from tests.acceptance.projects import READERS, SECOND, THIRD, Project
from tests.reference import commands

DOCUMENTED = {
    heading: json.loads(example)
    for heading, example in re.findall(
        r"^## belonging (.+?) --json\n.*?^```json\n(.*?)^```$",
        (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
}


@pytest.fixture
def prospect(published: Project) -> Project:
    """A project in which one post is to be mailed and one is held."""
    published.write("fourth")
    published.write(
        "copy", body="These are the words of third-chair. They are few.\n\n## And then\n\nIt ends well.\n"
    )
    published.run("build")
    return published


def test_looking_at_the_plan_changes_nothing(prospect: Project) -> None:
    before, store = prospect.everything, prospect.store
    for arguments in ([], ["--json"], ["--release", "copy"], ["--skip", "fourth"]):
        prospect.run("plan", *arguments)
    assert prospect.store == store
    assert prospect.everything == before


def test_the_plan_says_what_sending_does(prospect: Project) -> None:
    plan = prospect.run("plan", "--json").json
    verdicts = {post["id"]: post["verdict"] for post in plan["posts"]}
    assert verdicts == {
        "copy": "held",
        "fourth": "mail",
        THIRD: "sent",
        SECOND: "earlier",
        "first-light": "earlier",
    }
    assert plan["needs_decision"]
    done = prospect.run("send", code=4)
    assert plan["plan"] in done.out
    assert prospect.mailed == {"Third chair": READERS, "Fourth": READERS}
    (letter, *_) = [letter for letter in prospect.letters if letter["Subject"] == "Fourth"]
    (planned,) = [post for post in plan["posts"] if post["verdict"] == "mail"]
    assert planned["subject"] == letter["Subject"]
    html = letter.get_body(("html",))
    assert html is not None
    assert planned["preheader"] in html.get_content()
    assert abs(planned["html_bytes"] - len(html.get_payload().encode())) < 500


def test_a_plan_that_was_read_is_sent_and_no_other(prospect: Project) -> None:
    seen = prospect.run("plan", "--json").json["plan"]
    assert prospect.run("plan", "--json").json["plan"] == seen, "the same until something changes"
    prospect.change(prospect.post("fourth"), "They are few.", "They are others.")
    prospect.run("build")
    done = prospect.run("send", "--plan", seen, code=4)
    assert seen in done.err
    assert set(prospect.mailed) == {"Third chair"}
    now = prospect.run("plan", "--json", "--skip", "copy").json["plan"]
    assert now in done.err or now != seen
    prospect.run("send", "--plan", now, code=4)  # another plan: nothing was said about the copy
    prospect.run("send", "--plan", now, "--skip", "copy")
    assert set(prospect.mailed) == {"Third chair", "Fourth"}
    prospect.run("send", "--plan", now, "--skip", "copy", code=4)  # it was carried out


def test_a_decision_about_a_post_that_there_is_not_is_refused(prospect: Project) -> None:
    for command in ("plan", "send", "publish"):
        for option in ("--release", "--skip"):
            done = prospect.run(command, option, "nonesuch", code=1)
            assert "there is no post called nonesuch" in done.err
    assert set(prospect.mailed) == {"Third chair"}


def test_what_scripts_read_is_as_it_is_documented(prospect: Project, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("email\nx@example.net\nnobody\n", encoding="utf-8")
    mailbox = tmp_path / "bounces"
    for part in ("new", "cur", "tmp"):
        (mailbox / part).mkdir(parents=True)
    prospect.change("newsletter.toml", "[list]", '[list]\nbounce_address = "back@belonging.example.org"')
    prospect.write("warned", head="sumary: x\nstatus: draft\n")
    calls = {
        "plan": ((), 0),
        "check": ((), 0),
        "doctor": ((), 0),
        "subscribers import": ((str(people),), 0),
        "subscribers count": ((), 0),
        "send": ((), 4),
        "status": ((), 0),
        "bounces read": ((str(mailbox),), 0),
        "stats": ((), 0),
    }
    speaking = {name.removeprefix("belonging ") for name, text in commands().items() if "--json" in text}
    assert set(calls) == set(DOCUMENTED) == speaking
    for command, (arguments, code) in calls.items():
        done = prospect.run(*command.split(), *arguments, "--json", code=code)
        assert done.json or command == "check", command
        unlike(done.json, DOCUMENTED[command], command)


def unlike(value: Any, example: Any, place: str) -> None:
    """Fail where a value has another shape than an example."""
    if isinstance(example, list):
        assert isinstance(value, list), place
        for number, item in enumerate(value):
            if isinstance(item, dict):
                alike = [each for each in example if each.keys() == item.keys()]
                assert alike, f"{place}[{number}] has {sorted(item)}"
                unlike(item, alike[0], f"{place}[{number}]")
            else:
                unlike(item, example[0], f"{place}[{number}]")
    elif isinstance(example, dict) and not place.endswith(".reasons"):
        assert value.keys() == example.keys(), place
        for key, item in example.items():
            unlike(value[key], item, f"{place}.{key}")
    else:
        assert value is None or example is None or type(value) is type(example), f"{place}: {value!r}"
