"""A writer at work: new, check, preview, serve."""

from __future__ import annotations

import re
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.acceptance.projects import READERS, SECOND, THIRD, Project


def test_from_a_title_to_a_letter(published: Project) -> None:
    said = published.run("new", 'Coming back: "again" & again – 🙂').out
    path = published.root / "content" / "posts" / "coming-back-again-again.md"
    assert str(path.relative_to(published.root)) in said
    assert (
        path.read_text(encoding="utf-8").splitlines()[1] == 'title: "Coming back: \\"again\\" & again – 🙂"'
    )
    assert published.run("check").out.splitlines()[-1] == "No mistakes."
    assert "Nothing to mail." in published.run("publish").out, "a draft is nobody's business yet"

    with path.open("a", encoding="utf-8") as file:
        file.write("It takes a while.\n")
    shown = published.run("preview", str(path.relative_to(published.root)), "--text").out
    assert 'subject    Coming back: "again" & again – 🙂' in shown
    assert "It takes a while." in shown
    assert len(published.mailed) == 1, "looking mails nobody"

    published.change(path, "status: draft  # take this line out when it is ready\n", "")
    published.run("publish")
    assert published.mailed['Coming back: "again" & again – 🙂'] == READERS


def test_a_post_that_is_there_is_never_written_over(published: Project) -> None:
    published.run("new", "A title")
    path = published.post("a-title")
    path.write_text("mine", encoding="utf-8")
    done = published.run("new", "A  TITLE", code=1)
    assert "a-title.md" in done.err
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("title", ["", "   ", "two\x00words", "\u202etxt.exe", "\x1b[31mred"])
def test_what_no_subject_may_hold_is_no_title(published: Project, title: str) -> None:
    before = published.everything
    if "\x00" in title:
        title = "bell\x07"  # no argument can hold a NUL
    assert "title" in published.run("new", title, code=1).err
    assert published.everything == before


@pytest.mark.parametrize(
    "title", ["../../up", "/etc/passwd", "--help me", ".", "…", "日本語", "a" * 140, "$(reboot) `id`"]
)
def test_whatever_the_title_the_file_is_a_post(published: Project, title: str) -> None:
    before = published.everything
    published.run("new", "--", title)
    (new,) = published.everything.keys() - before.keys()
    assert Path(new).parent == published.root / "content" / "posts"
    assert re.fullmatch(r"[\w-]{1,60}\.md", Path(new).name)
    published.run("check")


def test_a_preview_finds_its_post_by_any_of_its_names_from_anywhere(
    published: Project, tmp_path: Path
) -> None:
    published.write("later", days=-400, head="status: draft\nid: an-id\nsubject: What is to come\n")
    site, store = published.site, published.store
    for name in ("content/posts/later.md", "posts/later.md", "later", "an-id", str(published.post("later"))):
        done = published.run("--root", str(published.root), "preview", name, cwd=tmp_path)
        assert "What is to come" in done.out
        html, text = re.findall(r"^  (var/preview/later\.(?:html|txt))$", done.out, re.MULTILINE)
        assert "words of later" in (published.root / html).read_text(encoding="utf-8")
        assert "words of later" in (published.root / text).read_text(encoding="utf-8")
        break
    done = published.run("preview", "nonesuch", code=1)
    assert "no post goes by nonesuch" in done.err
    assert "later" in done.err
    assert (published.site, published.store) == (site, store)
    assert not (published.root / "output" / "later").exists()


def test_warnings_are_shown_and_stop_nothing(published: Project) -> None:
    published.change(published.post(THIRD), "summary:", "sumary:")
    done = published.run("check")
    assert re.search(
        r"^content/posts/third-chair\.md:5:1: warning: .*sumary.* — .*summary", done.out, re.MULTILINE
    )
    assert "No mistakes." in done.out
    assert "sumary" in published.run("publish").out


def test_check_names_the_place_of_each_mistake_for_people_and_for_scripts(published: Project) -> None:
    published.change(published.post(SECOND), "title: Second cup", "title:")
    published.change(published.post(THIRD), "They are few.", "[Gone]({filename}/posts/gone.md)")
    people = published.run("check", code=1)
    script = published.run("check", "--json", code=1).json
    assert "2 mistakes to mend" in people.out
    shown = [f"{m['path']}:{m['line']}:{m['column']}: {m['message']} — {m['advice']}" for m in script]
    assert shown == people.out.splitlines()[:-1]
    assert [m["path"] for m in script] == ["content/posts/second-cup.md", "content/posts/third-chair.md"]


def test_serve_shows_the_site_and_the_letters_until_it_is_stopped(fresh: Project) -> None:
    process = fresh.start("serve", "--port", "0")
    assert process.stdout is not None
    first = process.stdout.readline() + process.stdout.readline()
    site, mailbox = re.findall(r"http://localhost:\d+/\S*", first)
    try:
        with urllib.request.urlopen(f"{site}third-chair/") as answer:
            assert "words of third-chair" in answer.read().decode()
        with urllib.request.urlopen(mailbox) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
    fresh.finish(process)
    assert fresh.mailed == {}


def test_the_list_beside_the_site_goes_on_when_its_key_is_another(published: Project) -> None:
    process = published.start("serve", "--port", "0")
    assert process.stdout is not None
    said = "".join(process.stdout.readline() for _ in range(3))
    form = re.findall(r"The list\s+(http://localhost:\d+/\S+)", said)[0]

    def joined(address: bytes) -> int:
        with urllib.request.urlopen(form, data=b"email=" + address) as answer:
            return answer.status

    try:
        assert joined(b"one@example.org") == 200
        published.run("keys", "rotate")
        assert joined(b"two@example.org") == 200
    finally:
        process.send_signal(signal.SIGINT)
    published.finish(process)


def test_a_port_that_is_taken_is_named(published: Project) -> None:
    process = published.start("serve", "--port", "0")
    assert process.stdout is not None
    port = re.findall(r":(\d+)/", process.stdout.readline())[0]
    try:
        done = published.run("serve", "--port", port, code=1)
        assert f"port {port}" in done.err
    finally:
        process.send_signal(signal.SIGTERM)
        published.finish(process)
