"""What is wrong is said before anything is done about it, and nothing is left half-done."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.projects import READERS, SECOND, THIRD, Project, tree

PUBLISHED = {"Third chair": READERS}


@contextlib.contextmanager
def nothing_happens(project: Project) -> Iterator[None]:
    """See that a block leaves site, manifest, list and mailbox byte for byte as they were."""
    before = project.site, project.store, tree(project.root / "var" / "mail")
    yield
    assert (project.site, project.store, tree(project.root / "var" / "mail")) == before


# --- mistakes in posts ------------------------------------------------------------------------------------------


def test_every_mistake_in_posts_is_named_with_its_place_and_nothing_is_published(published: Project) -> None:
    published.write("fourth")
    published.change(published.post(THIRD), "date: ", "date: 2026-02-31 #")
    published.change(published.post(SECOND), "They are few.", "[More](gone.md)")
    published.post("broken").write_text('---\ntitle: "open\n---\n', encoding="utf-8")
    published.post("foreign").write_bytes(b"---\ntitle: caf\xe9\n---\n")
    with nothing_happens(published):
        for command in ("publish", "build"):
            done = published.run(command, code=1)
            places = re.findall(r"^content/posts/([a-z-]+)\.md:(\d+):(\d+): .+ — .+$", done.err, re.MULTILINE)
            assert {name for name, _, _ in places} >= {THIRD, SECOND, "broken", "foreign"}
            assert (THIRD, "3", "7") in places
            assert "nothing was built or mailed" in done.err
    done = published.run("check", code=1)
    assert "mistakes to mend" in done.out


def test_mistakes_mended_what_was_held_up_goes_out(published: Project) -> None:
    published.write("fourth", head="status: finished\n")
    with nothing_happens(published):
        done = published.run("publish", code=1)
    assert "content/posts/fourth.md:6:" in done.err
    published.change(published.post("fourth"), "finished", "published")
    published.run("publish")
    assert published.mailed == {**PUBLISHED, "Fourth": READERS}


# --- mistakes in the theme ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("base.html", "{% if %}"),  # Pelican's to refuse
        ("base.html", "{{ nothing.of.the.kind }}"),
        ("email/letter.html", "{% endfor %}"),  # the letter's, after the site was built
        ("email/letter.txt", "{{ nothing.of.the.kind }}"),
    ],
)
def test_a_broken_template_publishes_and_mails_nothing(published: Project, template: str, wrong: str) -> None:
    published.write("fourth")
    file = published.root / "theme" / "templates" / template
    file.write_text(file.read_text(encoding="utf-8") + wrong, encoding="utf-8")
    with nothing_happens(published):
        done = published.run("publish", code=1)
    assert template in done.err
    assert len(done.err.splitlines()) <= 3
    assert "  → " in done.err


def test_a_letter_that_breaks_a_rule_publishes_and_mails_nothing(published: Project) -> None:
    published.write("fourth")
    file = published.root / "theme" / "templates" / "email" / "letter.txt"
    file.write_text("{{ '' }}Hello.\n", encoding="utf-8")  # no way to leave
    with nothing_happens(published):
        done = published.run("publish", code=4)
    assert "forbidden" in done.out
    assert "posts/fourth.md" in done.err


# --- builds that are killed -----------------------------------------------------------------------------------------


def test_a_build_that_is_killed_leaves_the_old_site_and_the_next_one_is_fine(published: Project) -> None:
    published.write("fourth")
    with nothing_happens(published):
        process = published.start("publish")
        _until((published.root / "var" / "build" / "next" / "site").exists)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    # At once, while Pelican may still be at work: it is waited for.
    published.run("publish")
    assert published.mailed == {**PUBLISHED, "Fourth": READERS}
    assert "words of fourth" in published.page("fourth")
    assert not (published.root / "var" / "build" / "previous").exists()


def test_a_crash_between_the_old_site_and_the_new_one_is_mended(published: Project) -> None:
    site = published.site
    (published.root / "output").rename(published.root / "var" / "build" / "previous")
    published.change(published.post(THIRD), "title: ", "titel: ")
    published.run("publish", code=1)
    published.change(published.post(THIRD), "titel: ", "title: ")
    published.run("build")
    assert published.site == site


# --- settings -----------------------------------------------------------------------------------------------------


def test_mistakes_in_settings_are_named_with_their_lines_before_anything_is_published(
    published: Project,
) -> None:
    published.write("fourth")
    published.change("newsletter.toml", 'first_run = "newest"', 'first_run = "all"\nmax_gnu = 3')
    published.change("newsletter.toml", "letters@belonging.example.org", "letters at belonging")
    lines = (published.root / "newsletter.toml").read_text(encoding="utf-8").splitlines()
    with nothing_happens(published):
        done = published.run("publish", code=3)
    for key in ("sender.address", "campaigns.first_run", "campaigns.max_gnu"):
        (said,) = [line for line in done.err.splitlines() if f" {key}: " in line]
        found = re.search(r"newsletter\.toml:(\d+): ", said)
        assert found, said
        assert key.rpartition(".")[2] in lines[int(found[1]) - 1]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[list]", "[list", "newsletter.toml cannot be read"),
        ('provider = "embedded"', 'provider = "pigeon"', "newsletter.toml:4"),
        ('transport = "maildir"', '[list.key]\nvalue = "bk1_0"', "secret"),
        ('transport = "maildir"', 'store = "mysql://somewhere/list"', "list.store"),
        ('transport = "maildir"', 'store = "postgresql+psycopg://me:pass@host/list"', "password"),
        ('transport = "maildir"', 'transport = "smtp"', "sender.address is still the sample"),
    ],
)
def test_what_settings_cannot_mean_is_refused(fresh: Project, old: str, new: str, words: str) -> None:
    fresh.change("newsletter.toml", old, new)
    done = fresh.run("subscribers", "count", code=3)
    assert words in done.err
    assert "pass@" not in done.err
    assert not (fresh.root / "var" / "list.sqlite").exists()


def test_a_folder_without_a_site_is_no_place_for_a_list(tmp_path: Path, fresh: Project) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        before = tree(tmp_path)
        for command in (
            ["publish"],
            ["plan"],
            ["status"],
            ["new", "A title"],
            ["check"],
            ["doctor"],
            ["subscribers", "add"],
        ):
            done = fresh.run("--root", str(folder), *command, code=3, stdin="someone@example.net\n")
            assert "pelicanconf.py" in done.err
            assert "--root" in done.err
        assert tree(tmp_path) == before
    assert not (tmp_path / "nowhere").exists()


def test_before_anything_was_built_there_is_nothing_to_plan(fresh: Project) -> None:
    for command in ("plan", "send"):
        done = fresh.run(command, code=1)
        assert "build" in done.err
    assert fresh.mailed == {}


# --- keys ---------------------------------------------------------------------------------------------------------


def test_the_wrong_key_opens_nothing_and_changes_nothing(published: Project) -> None:
    published.write("fourth")
    other = "bk1_" + "A" * 43
    with nothing_happens(published):
        for command in (["publish"], ["send"], ["plan"], ["subscribers", "add"]):
            done = published.run(
                *command, code=3, stdin="someone@example.net\n", env={"BELONGING_KEY": other}
            )
            assert "not the key" in done.err
            assert other not in done.both
        done = published.run("doctor", code=3, env={"BELONGING_KEY": other})
        assert done.out.count("not the key") == 1


def test_a_key_that_is_lost_is_not_replaced_by_another(published: Project) -> None:
    key = published.root / "var" / "key"
    text = key.read_text(encoding="ascii")
    key.unlink()
    with nothing_happens(published):
        done = published.run("publish", code=3)
        assert "no key at var/key" in done.err
        assert not key.exists()
        published.run("plan", env={"BELONGING_KEY": text})


def test_a_key_that_others_can_read_is_refused(published: Project) -> None:
    key = published.root / "var" / "key"
    key.chmod(0o644)
    with nothing_happens(published):
        done = published.run("send", code=3)
    assert "chmod 600 var/key" in done.err
    for damaged in ("", "bk1_short", "not a key at all\n" * 100):
        key.write_text(damaged, encoding="ascii")
        key.chmod(0o600)
        done = published.run("send", code=3)
        assert "does not hold a key" in done.err


def test_the_key_may_come_from_a_command(published: Project) -> None:
    key = published.root / "var" / "key"
    elsewhere = published.root.parent / "elsewhere"
    key.rename(elsewhere)
    published.change("newsletter.toml", "[list]", f'[list.key]\ncommand = ["cat", "{elsewhere}"]\n[list]')
    published.run("plan")
    elsewhere.rename(key)
    done = published.run("plan", code=3)
    assert "the key command cat ended with 1" in done.err


def test_what_is_kept_under_var_is_nobody_elses(fresh: Project) -> None:
    umask = os.umask(0o022)
    os.umask(umask)
    fresh.run("publish")
    var = fresh.root / "var"
    assert {path.stat().st_mode & 0o077 for path in (var, *var.iterdir()) if path.is_dir()} == {0}
    for path in (
        "key",
        "list.sqlite",
        *(f"mail/new/{file.name}" for file in (var / "mail" / "new").iterdir()),
    ):
        assert (var / path).stat().st_mode & 0o777 == 0o600, path
    assert (fresh.root / "output").stat().st_mode & 0o777 == 0o777 & ~umask


# --- what stands in the way -----------------------------------------------------------------------------------------


def test_a_file_where_a_folder_has_to_be_is_named(fresh: Project) -> None:
    (fresh.root / "var").write_text("", encoding="utf-8")
    done = fresh.run("publish", code=1)
    assert f"{fresh.root}/var" in done.err
    assert "cannot be used" in done.err


def test_a_store_that_is_none_is_named(published: Project) -> None:
    store = published.root / "var" / "list.sqlite"
    kept = store.read_bytes()
    store.write_bytes(b"no database " * 1000)
    site = published.site
    done = published.run("publish", code=3)
    assert "list.sqlite is damaged" in done.err
    assert "belonging restore BACKUP" in done.err
    assert published.site == site
    assert "list.sqlite is damaged" in published.run("doctor", code=3).out
    store.write_bytes(kept)
    assert "store: nothing in it is damaged" in published.run("doctor").out
    published.run("publish")
    assert published.mailed == PUBLISHED


def test_a_manifest_that_is_none_is_named(published: Project) -> None:
    manifest = published.root / "var" / "build" / "posts.json"
    for text in ("", "[]", '{"version": 999}', "\x00"):
        manifest.write_text(text, encoding="utf-8")
        for command in ("plan", "send", "status"):
            done = published.run(command, code=1)
            assert "posts.json" in done.err
            assert "build" in done.err
    assert published.mailed == PUBLISHED


def _until(come: object, seconds: float = 60) -> None:
    assert callable(come)
    end = time.monotonic() + seconds
    while not come():
        assert time.monotonic() < end
        time.sleep(0.01)
