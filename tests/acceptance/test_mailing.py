"""Mail that leaves the machine: to a real SMTP server, interrupted, refused, and gone on with."""

from __future__ import annotations

import email
import signal
import time
from collections import Counter
from collections.abc import Callable
from email.policy import default

import pytest

from tests.acceptance.postoffice import PostOffice
from tests.acceptance.projects import READERS, Project

PEOPLE = [f"reader{number}@lists.example.net" for number in range(12)]


@pytest.fixture
def listed(published: Project) -> Project:
    """A project with a new post on its site and twelve people on its list, beside the three made-up ones."""
    people = published.root.parent / "people.csv"
    people.write_text("email\n" + "\n".join(PEOPLE), encoding="utf-8")
    published.run("subscribers", "import", str(people), "--apply")
    people.unlink()
    return published


def connect(project: Project, office: PostOffice, **more: str | int | float) -> None:
    """Let a project send through a server."""
    project.change("newsletter.toml", 'transport = "maildir"', 'transport = "smtp"')
    project.change("newsletter.toml", "belonging.example.org", "belonging.test")
    text = (project.root / "newsletter.toml").read_text(encoding="utf-8")
    project.settings(text + office.settings(**more))


def until(come: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not come():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_real_server_gets_one_message_for_each_person_and_none_for_the_made_up_ones(
    listed: Project,
) -> None:
    with PostOffice().open() as office:
        connect(listed, office, connections=2)
        listed.write("fourth", title="Fourth wall – “fürther”")
        done = listed.run("publish")
        assert f", by 127.0.0.1:{office.port}" in done.out
        assert ", to 12 people." in done.out
        assert "var/mail" not in done.out
        listed.run("publish")
    assert sorted(office.accepted) == sorted(PEOPLE)
    assert not set(office.accepted) & set(READERS)
    assert set(listed.mailed) == {"Third chair"}, "nothing more was written to the local mailbox"
    for recipient, content in zip(office.accepted, office.messages, strict=True):
        message = email.message_from_bytes(content, policy=default)
        assert message["To"] == recipient
        assert message["Subject"] == "Fourth wall – “fürther”"
        assert max(map(len, content.split(b"\r\n"))) <= 998
        assert b"\n" not in content.replace(b"\r\n", b"")
    assert "12 accepted + 0 deferred + 0 rejected + 0 excluded + 0 unknown = 12" in listed.run("status").out


def test_where_only_made_up_readers_are_on_the_list_nobody_is_mailed(published: Project) -> None:
    with PostOffice().open() as office:
        connect(published, office)
        published.write("fourth")
        assert "to 0 people" in published.run("publish").out
    assert office.accepted == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_between_two_messages_and_goes_on_without_a_second_copy(
    listed: Project, number: signal.Signals
) -> None:
    listed.write("fourth")
    listed.run("build")
    with PostOffice(seconds=0.05).open() as office:
        connect(listed, office)
        process = listed.start("send")
        until(lambda: office.seen >= 3)
        process.send_signal(number)
        done = listed.finish(process, code=130)
        assert "interrupted" in done.err
        assert "run it again" in done.err
        begun = len(office.accepted)
        assert 3 <= begun < len(PEOPLE)
        status = listed.run("status", "--json").json["campaigns"][0]
        assert (status["accepted"], status["waiting"], status["unknown"]) == (begun, len(PEOPLE) - begun, 0)
        assert "begun before" in listed.run("plan").out
        office.seconds = 0
        listed.run("send")
    assert Counter(office.accepted) == dict.fromkeys(PEOPLE, 1)


def test_killed_while_a_message_is_under_way_that_one_waits_for_a_person(listed: Project) -> None:
    listed.write("fourth")
    listed.run("build")
    with PostOffice().open() as office:
        connect(listed, office)
        office.answers = {}
        office.seconds = 0.1
        process = listed.start("send")
        until(lambda: office.seen >= 4)
        office.seconds = 0
        process.kill()
        process.communicate()
        done = listed.run("send", code=4)
        assert "1 delivery may or may not have arrived" in done.err
        shown = listed.run("status", "--unknown").out
        number = shown.partition("Message-ID <")[0].rpartition("campaign")[0].split()[-1]
        message_id = shown.partition("Message-ID ")[2].split()[0]
        assert listed.run("status", "--json").json["campaigns"][0]["unknown"] == 1
        for wrong in ("0", "all too many", "-1", f"{number},999999"):
            listed.run("status", "--resend", wrong, code=1)
        assert "1 delivery will be sent again" in listed.run("status", "--resend", number).out
        listed.run("send")
        assert "No delivery waits" in listed.run("status", "--unknown").out
    ids = Counter(email.message_from_bytes(message)["Message-ID"] for message in office.messages)
    assert set(office.accepted) == set(PEOPLE)
    assert {name for name, copies in ids.items() if copies > 1} <= {message_id}


def test_an_unknown_delivery_may_be_counted_as_sent(listed: Project) -> None:
    listed.write("fourth")
    listed.run("build")
    with PostOffice(seconds=0.1).open() as office:
        connect(listed, office)
        process = listed.start("send")
        until(lambda: office.seen >= 1)
        process.kill()
        process.communicate()
        office.seconds = 0
        listed.run("send", code=4)
        assert "1 delivery counted as sent" in listed.run("status", "--count-as-sent", "all").out
        assert "Nothing to mail." in listed.run("send").out
    assert "12 accepted + 0 deferred + 0 rejected + 0 excluded + 0 unknown = 12" in listed.run("status").out


def test_a_recipient_who_is_refused_is_counted_and_the_others_are_mailed(listed: Project) -> None:
    listed.write("fourth")
    with PostOffice(answers={PEOPLE[3]: "550 5.1.1 no such user here"}).open() as office:
        connect(listed, office)
        listed.run("publish")
    assert sorted(office.accepted) == sorted({*PEOPLE} - {PEOPLE[3]})
    status = listed.run("status").out
    assert "11 accepted + 0 deferred + 1 rejected + 0 excluded + 0 unknown = 12" in status
    assert "1 × 550 5.1.1" in status


def test_a_server_that_refuses_us_pauses_the_campaign_until_a_person_releases_it(listed: Project) -> None:
    listed.write("fourth")
    with PostOffice(greeting="550 5.7.1 not allowed").open() as office:
        connect(listed, office)
        done = listed.run("publish", code=5)
        assert "refuses the sender (550 5.7.1)" in done.err
        assert "words of fourth" in listed.page("fourth"), "the page is published, its letter is kept"
        done = listed.run("send", code=4)
        assert "belonging send --release fourth" in done.out
        office.greeting = "250 OK"
        listed.run("send", "--release", "fourth")
        listed.run("send")
    assert Counter(office.accepted) == dict.fromkeys(PEOPLE, 1)


def test_a_mailbox_that_cannot_be_written_to_is_named_and_nothing_is_lost(published: Project) -> None:
    published.write("fourth")
    mailbox = published.root / "var" / "mail"
    mailbox.rename(mailbox.with_name("kept"))
    mailbox.write_text("", encoding="utf-8")
    done = published.run("publish", code=5)
    assert "var/mail" in done.err
    mailbox.unlink()
    mailbox.with_name("kept").rename(mailbox)
    published.run("send")
    assert published.mailed["Fourth"] == READERS


def test_a_letter_that_was_begun_is_finished_as_it_was_begun(listed: Project) -> None:
    listed.write("fourth", title="As it was")
    listed.run("build")
    with PostOffice(seconds=0.05).open() as office:
        connect(listed, office)
        process = listed.start("send")
        until(lambda: office.seen >= 2)
        process.send_signal(signal.SIGINT)
        listed.finish(process, code=130)
        listed.change(listed.post("fourth"), "As it was", "As it is")
        office.seconds = 0
        listed.run("publish")
    subjects = {email.message_from_bytes(message)["Subject"] for message in office.messages}
    assert subjects == {"As it was"}
    assert Counter(office.accepted) == dict.fromkeys(PEOPLE, 1)
    assert "As it is" in listed.page("fourth")


def test_a_campaign_that_was_begun_can_be_stopped(listed: Project) -> None:
    listed.write("fourth")
    listed.run("build")
    with PostOffice(seconds=0.05).open() as office:
        connect(listed, office)
        process = listed.start("send")
        until(lambda: office.seen >= 2)
        process.send_signal(signal.SIGINT)
        listed.finish(process, code=130)
        begun = len(office.accepted)
        listed.run("send", "--skip", "fourth")
        listed.run("send")
        assert len(office.accepted) == begun
    status = listed.run("status", "--json").json["campaigns"][0]
    assert status["state"] == "cancelled"
    assert status["accepted"] + status["excluded"] + status["waiting"] == len(PEOPLE)
