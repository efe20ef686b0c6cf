"""Limits: a flood is turned away without a word about anybody, and what is counted names nobody."""

from __future__ import annotations

import hashlib
import logging
import re
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.subscribers.limits import address_limit, source_limit
from pipeline.web.service import app
from tests.builders import KEYRING, NOW
from tests.service.world import World, addresses, running, text_of

HERE = {"X-Forwarded-For": "203.0.113.7"}


def test_one_source_may_ask_so_often_in_an_hour_and_others_still_may(tmp_path: Path) -> None:
    with running(tmp_path, per_source=3, behind_proxy=True) as world:
        answers = [
            world.client.post("/list/subscribe", data={"email": address}, headers=HERE)
            for address in addresses(5, "reader")
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[3].headers["Retry-After"] == "3600"
        other = {"X-Forwarded-For": "198.51.100.1, 203.0.113.8"}  # the last one is whom our own server saw
        assert (
            world.client.post("/list/subscribe", data={"email": "a@b.example"}, headers=other).status_code
            == 200
        )
        forged = {"X-Forwarded-For": "198.51.100.9, 203.0.113.7"}
        assert (
            world.client.post("/list/subscribe", data={"email": "a@b.example"}, headers=forged).status_code
            == 429
        )
        world.clock.now += timedelta(hours=1)
        assert (
            world.client.post("/list/subscribe", data={"email": "a@b.example"}, headers=HERE).status_code
            == 200
        )


def test_without_a_proxy_nobody_says_for_himself_where_he_comes_from(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app._warn_of_proxy.cache_clear()
    # A logger of its own: once Pelican was imported, loggers made after it say each warning once a process.
    logger = logging.Logger("heard")
    logger.addHandler(caplog.handler)
    monkeypatch.setattr(app, "_LOG", logger)
    with running(tmp_path, per_source=2) as world:
        statuses = [
            world.client.post(
                "/list/subscribe",
                data={"email": "a@b.example"},
                headers={"X-Forwarded-For": f"203.0.113.{turn}"},
            ).status_code
            for turn in range(4)
        ]
    assert statuses == [200, 200, 429, 429]
    (warning,) = [record for record in caplog.records if record.name == "heard"]
    assert "service.behind_proxy is not true" in warning.message
    assert "203.0.113" not in caplog.text


@pytest.mark.parametrize(("seconds", "taken"), [(0, False), (1, False), (3, True), (86_401, False)])
def test_a_form_that_comes_back_too_soon_or_too_late_is_shown_once_more(
    local: World, seconds: int, taken: bool
) -> None:
    page = local.client.get("/list/subscribe").text
    (stamp,) = re.findall(r'name="stamp" value="([^"]+)"', page)
    local.clock.now += timedelta(seconds=seconds)
    answer = local.join("reader@lists.example.com", stamp=stamp)
    assert ("Look into your mailbox" in answer.text) is taken
    assert bool(local.everything()["arrivals"]) is taken


def test_a_machine_that_fills_in_what_no_person_sees_is_told_the_same_and_gets_nothing(local: World) -> None:
    usual = local.join("reader@lists.example.com")
    trapped = local.join("bot@lists.example.com", website="https://spam.example.com")
    assert (trapped.status_code, trapped.text) == (usual.status_code, usual.text)
    assert len(local.everything()["arrivals"]) == 1


@pytest.mark.parametrize("text", ["", "hello", "@", "a@", "@b", "a\nb@c.example", "a" * 250 + "@b.example"])
def test_what_cannot_be_an_address_is_said_at_once(local: World, text: str) -> None:
    answer = local.join(text)
    assert answer.status_code == 422
    assert "<title>Error: " in answer.text
    assert 'role="alert"' in answer.text
    assert local.everything()["arrivals"] == []


def test_who_is_turned_away_is_not_counted(local: World) -> None:
    before = local.everything()["limits"]
    local.join("hello")
    assert local.everything()["limits"] == before


def test_names_of_limits_tell_nobody_and_change_with_the_day() -> None:
    today = source_limit(KEYRING, "203.0.113.7", NOW, most=1).name
    assert source_limit(KEYRING, "203.0.113.7", NOW + timedelta(days=1), most=1).name != today
    assert source_limit(KEYRING, "::ffff:203.0.113.7", NOW, most=1).name == today
    assert hashlib.sha256(b"203.0.113.7").digest() != today
    one, same, other = (
        source_limit(KEYRING, source, NOW, most=1).name
        for source in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
    )
    assert one == same != other
    week = timedelta(days=7)
    joins = address_limit(KEYRING, "join", "A@b.example", most=1, window=week)
    assert joins.name == address_limit(KEYRING, "join", "a@B.example", most=1, window=week).name
    assert joins.name != address_limit(KEYRING, "rights", "a@b.example", most=1, window=week).name
    assert joins.name not in {KEYRING.address_index("a@b.example"), KEYRING.suppression_hash("a@b.example")}


def test_used_up_limits_are_swept_away(local: World) -> None:
    local.join("reader@lists.example.com")
    assert local.everything()["limits"]
    local.clock.now += timedelta(hours=1)
    local.made.service.signing_up.members.sweep(local.clock())
    assert local.everything()["limits"] == []


def test_bombing_a_stranger_from_many_places_yields_one_mail(tmp_path: Path) -> None:
    with running(tmp_path, behind_proxy=True) as world:
        for turn in range(60):
            world.client.post(
                "/list/subscribe",
                data={"email": "victim@lists.example.com"},
                headers={"X-Forwarded-For": f"203.0.113.{turn}"},
            )
        world.work()
        (mail,) = world.mails()
    assert "there is nothing to do" in " ".join(text_of(mail).split())


def test_bombing_a_stranger_by_every_form_there_is_yields_one_mail_a_week(local: World) -> None:
    forms = ("/list/subscribe", "/list/rights", "/list/preferences")
    mailed = []
    for day in range(12):
        for form in forms if day % 2 else reversed(forms):
            local.client.post(form, data={"email": "victim@lists.example.com"})
        local.work()
        mailed += [day] * len(local.mails())
        local.clock.now += timedelta(days=1)
    assert mailed == [0, 7]


def test_no_network_address_ever_comes_to_disk(tmp_path: Path) -> None:
    with running(tmp_path, behind_proxy=True) as world:
        for form in ("/list/subscribe", "/list/rights"):
            assert world.client.post(form, data={"email": "a@b.example"}, headers=HERE).status_code == 200
        world.work()
        source = HERE["X-Forwarded-For"].encode()
        traces = [
            source,
            hashlib.sha256(source).digest(),
            hashlib.sha1(source).digest(),
            hashlib.md5(source).digest(),
        ]
        found = [
            file
            for file in tmp_path.rglob("*")
            if file.is_file() and any(trace in file.read_bytes() for trace in traces)
        ]
        assert found == []
        assert (tmp_path / "var" / "list.sqlite-wal").stat().st_size  # it was looked into
