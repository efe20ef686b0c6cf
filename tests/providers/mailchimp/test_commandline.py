"""The command line with provider = "mailchimp", over a real server."""

from __future__ import annotations

import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli import app
from pipeline.clock import system_clock
from pipeline.providers.mailchimp import campaigns
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.server import serving

ROOT = Path(__file__).parents[3]
SETTINGS = """
provider = "mailchimp"

[letter]
name = "Belonging"
postal_address = ["1 Example Street"]

[sender]
name = "Belonging"
address = "letters@belonging.example.org"

[campaigns]
first_run = "newest"

[mailchimp]
audience = "Belonging"
"""
POST = """---
title: {title}
date: 2026-01-0{day} 09:00
summary: Why it matters.
---

{text}
"""


@pytest.fixture
def remote() -> FakeMailchimp:
    return FakeMailchimp(system_clock)


@pytest.fixture
def live(remote: FakeMailchimp, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    with serving(remote) as server:
        monkeypatch.setattr("pipeline.wiring.BASE", server.base)
        monkeypatch.setattr(campaigns, "_SETTLE", 0.0)
        monkeypatch.setenv("MAILCHIMP_API_KEY", KEY)
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "content" / "posts").mkdir(parents=True)
    for name in ("pelicanconf.py", "theme", "plugins"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    shutil.copytree(ROOT / "content" / "pages", root / "content" / "pages")
    shutil.copy(ROOT / "content" / "helplines.toml", root / "content" / "helplines.toml")
    shutil.copytree(ROOT / "content" / "images", root / "content" / "images")
    (root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    write(root, "one", "The first", 1, "Words that were there before.")
    write(root, "two", "Of *|FNAME|*", 2, "A writer explains **|FNAME|** and *|UNSUB|*.")
    return root


def write(root: Path, name: str, title: str, day: int, text: str) -> None:
    file = root / "content" / "posts" / f"{name}.md"
    file.write_text(POST.format(title=f'"{title}"', day=day, text=text), encoding="utf-8")


@pytest.fixture
def call(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(*arguments: str) -> tuple[int, str]:
        code = app.run(["--root", str(project), *arguments])
        gc.collect()  # what a process that ends lets go of
        streams = capsys.readouterr()
        return code, streams.out + streams.err

    return run


Call = Callable[..., tuple[int, str]]


@pytest.mark.usefixtures("live")
def test_from_a_post_to_a_campaign(
    remote: FakeMailchimp, call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = call("doctor")
    assert code == 0, said
    assert "mailchimp double opt-in: on" in said
    assert "privacy page: fits provider mailchimp" in said

    assert call("build")[0] == 0
    code, said = call("plan", "--json")
    assert code == 0, said
    shown = json.loads(said)
    assert (shown["provider"], shown["audience"], shown["first_run"]) == ("mailchimp", 100, True)
    assert sorted(entry["verdict"] for entry in shown["posts"]) == ["earlier", "mail"]
    assert remote.campaigns == {}, "a plan changes nothing"

    monkeypatch.setattr("typer.prompt", lambda *_, **__: "me@example.com")
    code, said = call("send", "--test")
    assert code == 0, said
    assert [addresses for _, addresses in remote.tests] == [("me@example.com",)]
    assert "me@example.com" not in said
    assert remote.sendings == []

    code, said = call("publish")
    assert code == 0, said
    (sending,) = remote.sendings
    assert sending.html.count("*|FNAME|*") == 0
    assert "*|UNSUB|*" in sending.html
    assert not any(sending.tracking.values())

    code, said = call("send")
    assert code == 0, said
    assert "Nothing to mail" in said
    code, said = call("status", "--json")
    assert code == 0, said
    (campaign,) = json.loads(said)["campaigns"]
    assert (campaign["audience"], campaign["accepted"]) == (100, 100)

    shutil.rmtree(project / "var")
    assert call("publish")[0] == 0
    assert len(remote.sendings) == 1, "an empty disk forgets nothing"
    everything = "".join(f"{method} {path}" for method, path in remote.calls)
    assert "members" not in everything


@pytest.mark.usefixtures("live")
def test_a_privacy_page_that_says_nothing_of_mailchimp_is_found(project: Path, call: Call) -> None:
    page = project / "content" / "pages" / "privacy.md"
    for text in ("---\ntitle: Privacy\n---\n\nWe keep the list.\n", None):
        if text is None:
            page.unlink()
        else:
            page.write_text(text, encoding="utf-8")
        _, said = call("doctor")
        assert "content/pages/privacy.md has nothing to say about provider mailchimp" in said
        assert "<!-- provider: mailchimp -->" in said


def test_nobody_is_added_to_a_list_that_is_not_in_use(project: Path, call: Call) -> None:
    code, said = call("subscribers", "add")
    assert code == 1
    assert "Mailchimp keeps the list" in said
    assert not (project / "var").exists()


def test_without_a_key_one_is_told_which_variable(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAILCHIMP_API_KEY", raising=False)
    call("build")
    code, said = call("plan")
    assert code == 3
    assert "MAILCHIMP_API_KEY" in said


def test_a_key_in_the_settings_is_refused(project: Path, call: Call) -> None:
    file = project / "newsletter.toml"
    file.write_text(file.read_text() + f'api_key = "{KEY}"\n')
    _, said = call("doctor")
    assert KEY not in said
    assert "revoke it" in said


@pytest.mark.usefixtures("live")
def test_what_forbids_sending_is_said_and_nothing_is_sent(remote: FakeMailchimp, call: Call) -> None:
    remote.domains[0]["authenticated"] = False
    code, said = call("publish")
    assert code == 4
    assert "not authenticated" in said
    assert "Website → Domains" in said
    assert remote.sendings == []
