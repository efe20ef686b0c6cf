"""What `belonging publish` does to the site and to people's mailboxes, one commit of a writer after the other."""

from __future__ import annotations

import email
from email.message import EmailMessage
from pathlib import Path

from tests.acceptance.projects import FIRST, READERS, SECOND, THIRD, Project, tree

PUBLISHED = {"Third chair": READERS}  # what the first run mailed


def test_a_fresh_clone_publishes_the_site_and_mails_the_newest_post_to_the_sample_readers(
    fresh: Project,
) -> None:
    before = fresh.everything
    said = fresh.run("publish").out
    assert fresh.mailed == PUBLISHED
    for name in (FIRST, SECOND, THIRD):
        assert f"These are the words of {name}." in fresh.page(name)
    for words in (
        "mail     Third chair",
        "third-chair, 20",
        "subject    Third chair",
        "What third-chair is about.",
    ):
        assert words in said
    for words in ("to 3 people", "kB of HTML", "2 posts published before the list began"):
        assert words in said
    for words in ("output/", "var/mail/", "make serve"):
        assert words in said
    # Nothing of what the writer committed was touched, and nothing stands outside output/ and var/.
    after = fresh.everything
    assert {path: after[path] for path in before} == before
    new = {Path(path).relative_to(fresh.root).parts[0] for path in after.keys() - before.keys()}
    assert new == {"output", "var"}


def test_published_again_nothing_is_mailed_and_nothing_is_different(published: Project) -> None:
    site, store, letters = published.site, published.store, tree(published.root / "var" / "mail")
    said = published.run("publish").out
    assert "Nothing to mail." in said
    assert published.site == site
    assert published.store == store
    assert tree(published.root / "var" / "mail") == letters


def test_mending_a_typo_changes_the_page_and_renaming_a_file_nothing_and_nobody_is_mailed(
    published: Project,
) -> None:
    published.change(published.post(THIRD), "They are few.", "They are very few.")
    published.post(SECOND).rename(published.post("another-name"))
    published.change(published.post(FIRST), "summary: What", "tags: [light]\nsummary: All that")
    old = published.page(SECOND)
    published.run("publish")
    assert "They are very few." in published.page(THIRD)
    assert published.page(SECOND) == old
    assert "All that first-light is about." in published.page(FIRST)
    assert published.mailed == PUBLISHED


def test_a_post_that_looks_like_an_earlier_one_is_held_until_a_person_has_spoken(published: Project) -> None:
    published.change(published.post(THIRD), "slug:", "id: other-id\nslug:")  # the same address
    published.change(published.post(SECOND), "slug: second-cup", "slug: second-bowl")  # the same text
    published.write(FIRST, title="Last dark", head="id: other-file\n", body="Other words.\n")  # the same file
    published.change(published.post(FIRST), "slug: first-light", "slug: last-dark")
    published.write("fourth", title="THIRD  chair", head="id: other-title\n", body="Words of its own.\n")
    done = published.run("publish", code=4)
    assert "4 posts wait for your decision" in done.err
    for post, likeness in (
        ("other-id", "the same address as third-chair"),
        ("second-bowl", "the same text as second-cup"),
        ("other-file", "the same file as first-light"),
        ("other-title", "the same title as third-chair"),
    ):
        (why,) = [line for line in done.out.splitlines() if f"--release {post}" in line]
        assert f"has {likeness}" in why
        assert "write id: " in why
    assert published.mailed == PUBLISHED
    assert "Other words." in published.page("last-dark")  # the page is no question

    published.run("send", "--release", "other-title", "--skip", "other-id", code=4)
    assert published.mailed == {**PUBLISHED, "THIRD chair": READERS}
    published.run("send", "--skip", "second-bowl", "--skip", "other-file")
    done = published.run("send")
    assert "Nothing to mail." in done.out
    assert published.mailed == {**PUBLISHED, "THIRD chair": READERS}


def test_a_new_post_is_mailed_once_to_everybody_confirmed(published: Project) -> None:
    published.run("subscribers", "add", stdin="dora@example.net\n")
    published.write("fourth", title="Fourth wall")
    published.run("publish")
    mailed = {**PUBLISHED, "Fourth wall": [*READERS, "dora@example.net"]}
    assert published.mailed == mailed
    for command in ("send", "publish"):
        published.run(command)
        assert published.mailed == mailed
    status = published.run("status").out
    assert "4 accepted + 0 deferred + 0 rejected + 0 excluded + 0 unknown = 4" in status


def test_what_stays_on_the_site_and_what_waits_for_its_time_is_not_mailed(published: Project) -> None:
    published.write("only-here", head="mail: false\n")
    published.write("later", days=-360_000)
    published.write("draft", head="status: draft\n")
    done = published.run("publish")
    assert "Nothing to mail." in done.out
    assert "1 post on the site only." in done.out
    assert published.mailed == PUBLISHED
    assert "These are the words of only-here." in published.page("only-here")
    files = [path for path in (published.root / "output").rglob("*") if path.is_file()]
    built = "".join(path.read_text(errors="replace") for path in files)
    assert "words of later" not in built
    assert "words of draft" not in built
    assert "words of only-here" in built


def test_many_new_posts_at_once_stop_the_run_and_each_waits_for_a_word(published: Project) -> None:
    for name in ("wind", "rain", "snow", "hail"):
        published.write(name)
    done = published.run("publish", code=4)
    assert "4 posts wait for your decision" in done.err
    assert "4 new posts at once, the limit is 2" in done.out
    assert "belonging send --release rain" in done.out
    assert published.mailed == PUBLISHED
    assert "words of rain" in published.page("rain")
    done = published.run("send", "--release", "rain", code=4)
    assert "3 posts wait" in done.err
    assert published.mailed == {**PUBLISHED, "Rain": READERS}
    published.run("send", "--skip", "wind", "--skip", "snow", "--skip", "hail")
    assert published.mailed == {**PUBLISHED, "Rain": READERS}


def test_two_new_posts_are_two_letters_and_an_old_one_is_none(published: Project) -> None:
    published.write("wind", days=0.2)
    published.write("rain", days=0.1)
    published.write("dust", days=40)
    done = published.run("publish")
    assert published.mailed == {**PUBLISHED, "Wind": READERS, "Rain": READERS}
    assert "1 post too old to be mailed unasked." in done.out
    times: dict[str, list[int]] = {}
    for file in (published.root / "var" / "mail" / "new").iterdir():
        subject = email.message_from_bytes(file.read_bytes())["Subject"]
        times.setdefault(subject, []).append(file.stat().st_mtime_ns)
    assert max(times["Wind"]) < min(times["Rain"]), "readers get the older one first"


def test_who_begins_with_none_mails_nothing_on_the_first_run(fresh: Project) -> None:
    fresh.change("newsletter.toml", 'first_run = "newest"', 'first_run = "none"')
    done = fresh.run("publish")
    assert "3 posts published before the list began" in done.out
    assert fresh.mailed == {}
    fresh.write("fourth")
    fresh.run("publish")
    assert fresh.mailed == {"Fourth": READERS}


def test_building_and_sending_are_publishing_in_two_steps(fresh: Project) -> None:
    done = fresh.run("build")
    assert "output/" in done.out
    assert "words of third-chair" in fresh.page(THIRD)
    assert not (fresh.root / "var" / "mail").exists()
    fresh.run("send")
    assert fresh.mailed == PUBLISHED


def test_a_letter_is_complete_and_says_how_to_leave(published: Project) -> None:
    letter = published.letters[0]
    html, text = letter.get_body(("html",)), letter.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert letter["From"] == "Belonging <letters@belonging.example.org>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = letter["List-Unsubscribe"].strip("<>")
    assert leave.startswith("https://belonging.example.org/list/unsubscribe/")
    for part in (html.get_content(), text.get_content()):
        assert "These are the words of third-chair. They are few." in part
        assert leave in part
        assert "1 Example Street" in part
    # No copy tells on its reader: they differ in To, Message-ID, Date and the link to leave.
    tokens = [letter["List-Unsubscribe"].strip("<>").rpartition("/")[2] for letter in published.letters]
    assert len(set(tokens)) == 3
    assert (
        len({_without(letter, token) for letter, token in zip(published.letters, tokens, strict=True)}) == 1
    )


def _without(letter: EmailMessage, token: str) -> str:
    """Write down all of a letter that its reader shares with everybody else."""
    own = {"to", "message-id", "date"}
    headers = [f"{name}: {value}" for name, value in letter.items() if name.lower() not in own]
    parts = [part.get_content() for part in letter.walk() if not part.is_multipart()]
    return "\n".join([*headers, *parts]).replace(token, "")
