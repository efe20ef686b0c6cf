"""The list service over a list that Mailchimp keeps: passed on behind the answer, never lost, asked for once."""

from __future__ import annotations

import contextlib
import email
import hashlib
import hmac
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from pipeline.errors import SettingsError
from pipeline.list_service import ListService
from pipeline.store.hosted import SqlPassage
from pipeline.subscribers import SubscriberState
from pipeline.wiring import Project
from tests.acceptance.postoffice import PostOffice
from tests.builders import Hands
from tests.providers.mailchimp.fake import KEY, FakeMailchimp
from tests.providers.mailchimp.server import Mishap, Server, serving
from tests.service.people import unsubscribe_path
from tests.service.test_web_command import traces
from tests.service.world import ROOT, World, path_of, running, settings_text

READER = "Reader@lists.example.com"
SECRET = "whsec-0123"
TOPICS = '[mailchimp]\ninterest_group = "Topics"\n'


@dataclass
class Elsewhere:
    """The service, and the list that it passes things on to."""

    world: World
    server: Server
    office: PostOffice

    @property
    def fake(self) -> FakeMailchimp:
        return self.server.fake

    def state(self, address: str = READER) -> str | None:
        person = self.fake.people.get(named(address))
        return None if person is None else str(person["status"])

    def link(self, address: str = READER) -> str:
        """Ask for a link by mail, and answer its path."""
        assert self.world.client.post("/list/rights", data={"email": address}).status_code == 200
        self.world.work()
        message = email.message_from_bytes(self.office.messages[-1], policy=SMTP)
        assert isinstance(message, EmailMessage)
        return path_of(message)

    def at_work(self, *, rounds: int = 8, pause: timedelta = timedelta(minutes=15)) -> None:
        """Let time pass while the worker works."""
        for _ in range(rounds):
            self.world.work()
            self.world.clock.now += pause

    def kept(self) -> dict[str, int]:
        """Count what the store holds of anybody."""
        names = ("arrivals", "subscribers", "asks", "notices", "consents", "deliveries")
        stored = self.world.everything()
        return {name: len(stored[name]) for name in names if stored[name]}


def named(address: str) -> str:
    return hashlib.md5(address.lower().encode()).hexdigest()


Make = Callable[..., Elsewhere]


@pytest.fixture
def make(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make the service over a list at Mailchimp, with or without a mail server of our own, over each store."""
    with contextlib.ExitStack() as stack:
        yield maker(stack, monkeypatch, tmp_path, store_url)


@pytest.fixture
def make_locally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make it where the store does not matter."""
    with contextlib.ExitStack() as stack:
        yield maker(stack, monkeypatch, tmp_path, "")


def maker(stack: contextlib.ExitStack, monkeypatch: pytest.MonkeyPatch, root: Path, store: str) -> Make:
    def elsewhere(
        *,
        mails: bool = True,
        more: str = "",
        secret: str = SECRET,
        patience: float = 10,
        **service: object,
    ) -> Elsewhere:
        server = stack.enter_context(serving(FakeMailchimp(Hands())))
        server.fake.groups["aa11"] = ("Topics", {"bb22": "Belonging", "cc33": "Recovery"})
        monkeypatch.setattr("pipeline.wiring.BASE", server.base)
        monkeypatch.setattr("pipeline.list_service._PATIENCE", (5, patience))
        office = stack.enter_context(PostOffice().open())
        if mails:
            more += office.settings()
            service["transport"] = "smtp"
        secrets = {"MAILCHIMP_API_KEY": KEY, "MAILCHIMP_WEBHOOK_SECRET": secret}
        world = stack.enter_context(
            running(root, store=store, provider="mailchimp", more=more, secrets=secrets, **service)
        )
        server.fake.now = world.clock
        return Elsewhere(world, server, office)

    return elsewhere


@pytest.fixture
def there(make: Make) -> Elsewhere:
    return make()


# --- joining --------------------------------------------------------------------------------------------------------


def test_who_joins_is_asked_by_mailchimp_and_nobody_stays_here(there: Elsewhere) -> None:
    assert there.world.join(READER).status_code == 200
    assert there.fake.calls == [], "nothing about an address is done before the answer"
    there.world.work()
    assert there.state() == "pending"
    assert there.fake.confirmations == [named(READER)]
    assert there.office.messages == []
    assert there.kept() == {}


def test_whoever_it_is_the_answer_is_the_same(there: Elsewhere) -> None:
    for status in ("subscribed", "unsubscribed", "cleaned", "pending"):
        there.fake.people[named(f"{status}@lists.example.com")] = {
            "id": named(status),
            "email_address": f"{status}@lists.example.com",
            "status": status,
            "interests": {},
        }
    there.fake.forgotten.add(named("forgotten@lists.example.com"))
    kinds = ("new", "subscribed", "unsubscribed", "cleaned", "pending", "forgotten", "mal..formed")
    answers = []
    for path in ("/list/subscribe", "/list/rights"):
        for kind in kinds:
            answer = there.world.client.post(path, data={"email": f"{kind}@lists.example.com"})
            answers.append((path, answer.status_code, answer.content))
    assert len(set(answers)) == 2
    assert there.fake.calls == []
    there.world.work()
    assert there.state("subscribed@lists.example.com") == "subscribed"
    assert there.state("forgotten@lists.example.com") is None
    assert there.state("mal..formed@lists.example.com") is None


def test_a_page_for_joining_says_whose_list_it_is_and_what_is_agreed_to(there: Elsewhere) -> None:
    page = there.world.client.get("/list/subscribe").text
    assert "Mailchimp keeps this list for us" in page
    assert there.world.project.settings.service.consent in page
    assert there.world.client.get("/list/confirm/x").status_code == 404


@pytest.mark.parametrize("mishap", list(Mishap), ids=lambda mishap: mishap.name.lower())
def test_whatever_becomes_of_an_answer_a_wish_to_join_arrives_and_leads_to_one_mail(
    make_locally: Make, mishap: Mishap
) -> None:
    stalls = mishap in {Mishap.STALL, Mishap.STALL_AFTER}
    there = make_locally(mails=False, patience=0.5 if stalls else 10)
    there.fake.people[named("back@lists.example.com")] = {
        "id": named("back@lists.example.com"),
        "email_address": "back@lists.example.com",
        "status": "unsubscribed",
        "interests": {},
    }
    there.world.join(READER)
    there.world.join("back@lists.example.com")
    # Each of the first requests goes wrong, whichever it is: for the list, for one person, for another.
    there.server.mishaps = dict.fromkeys(range(5), mishap)
    there.at_work()
    if mishap is not Mishap.ECHO_400:  # else it was refused, for good
        assert there.state() == there.state("back@lists.example.com") == "pending"
        assert sorted(there.fake.confirmations) == sorted({named(READER), named("back@lists.example.com")})
    assert there.kept() == {}


def test_while_mailchimp_asks_for_fewer_requests_it_gets_fewer_and_nothing_is_lost(there: Elsewhere) -> None:
    for number in range(9):
        there.world.join(f"reader{number}@lists.example.com")
    there.server.mishaps = dict.fromkeys(range(10_000), Mishap.EMPTY_429)
    asked = []
    for _ in range(60):
        before = there.server.number
        there.world.work()
        asked.append(there.server.number - before)
        there.world.clock.now += timedelta(minutes=1)
    assert max(asked) <= 4
    assert sum(asked[-10:]) <= 8, "a rest of five minutes between tries"
    assert there.world.client.get("/list/health").json()["mailchimp"] == "down"
    there.server.mishaps = {}
    there.world.clock.now += timedelta(hours=1)
    there.world.work()
    assert len(there.fake.confirmations) == 9
    assert there.world.client.get("/list/health").json()["mailchimp"] != "down"
    assert there.kept() == {}


def test_one_wish_that_is_refused_again_and_again_keeps_no_other_waiting(make_locally: Make) -> None:
    there = make_locally(mails=False)
    there.fake.locked.add(named(READER))
    there.world.join(READER)
    for number in range(60):
        there.world.join(f"reader{number}@lists.example.com")
        there.world.work()
        there.world.clock.now += timedelta(minutes=1)
    assert len(there.fake.confirmations) == 60
    tried = sum(named(READER) in path for _, path in there.fake.calls)
    assert 5 <= tried <= 10
    there.fake.locked.clear()
    there.world.clock.now += timedelta(hours=1)
    there.world.work()
    assert there.state() == "pending"


def test_what_was_passed_on_before_a_crash_is_passed_on_again_and_leads_to_one_mail(
    there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.world.join(READER)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqlPassage, "done", killed)
        with pytest.raises(KeyboardInterrupt):
            there.world.work()
    assert there.fake.confirmations == [named(READER)]
    there.world.work()
    assert there.kept() != {}, "still leased"
    there.world.clock.now += timedelta(minutes=15)
    there.world.work()
    assert there.fake.confirmations == [named(READER)]
    assert there.kept() == {}


def test_one_address_is_passed_on_once_a_week_however_often_it_is_entered(there: Elsewhere) -> None:
    for _ in range(5):
        there.world.join(READER)
        there.world.work()
    assert sum(method == "PUT" for method, _ in there.fake.calls) == 1
    there.world.join("bot@lists.example.com", website="https://spam.example.com")
    there.world.work()
    assert there.state("bot@lists.example.com") is None


def test_a_field_that_the_list_asks_for_besides_keeps_nobody_away(there: Elsewhere) -> None:
    there.fake.required = "FNAME"
    there.world.join(READER)
    there.world.work()
    assert there.state() == "pending"


def test_who_joins_gets_letters_of_all_topics_and_who_is_here_keeps_theirs(make: Make) -> None:
    there = make(more=TOPICS)
    there.fake.people[named("old@lists.example.com")] = {
        "id": named("old@lists.example.com"),
        "email_address": "old@lists.example.com",
        "status": "subscribed",
        "interests": {"bb22": False, "cc33": True},
    }
    there.world.join(READER)
    there.world.join("old@lists.example.com")
    there.world.work()
    assert there.fake.people[named(READER)]["interests"] == {"bb22": True, "cc33": True}
    assert there.fake.people[named("old@lists.example.com")]["interests"] == {"bb22": False, "cc33": True}
    assert there.fake.confirmations == [named(READER)]


def test_limits_hold_here_as_well(make_locally: Make) -> None:
    there = make_locally(per_source=2)
    statuses = [there.world.join(f"r{number}@lists.example.com").status_code for number in range(3)]
    assert statuses == [200, 200, 429]


# --- leaving, choosing, being erased --------------------------------------------------------------------------------


def test_a_link_by_mail_comes_whoever_it_is_and_opening_it_does_nothing(there: Elsewhere) -> None:
    link = there.link("stranger@lists.example.com")
    page = there.world.client.get(link)
    assert page.status_code == 200
    assert "stranger" not in page.text
    assert there.fake.calls == []


def test_who_leaves_is_off_the_list_also_where_mailchimp_is_down_for_days(there: Elsewhere) -> None:
    there.world.join(READER)
    there.world.work()
    there.fake.people[named(READER)]["status"] = "subscribed"
    link = there.link()
    there.server.mishaps = dict.fromkeys(range(there.server.number, 100_000), Mishap.HTML_500)
    answer = there.world.client.post(link, data={"do": "leave"})
    assert (answer.status_code, "You are leaving" in answer.text) == (200, True)
    again = there.world.client.post(link, data={"do": "leave"})
    assert (again.status_code, again.text) == (answer.status_code, answer.text)
    there.at_work(rounds=27, pause=timedelta(hours=8))
    assert there.state() == "subscribed"
    there.server.mishaps = {}
    there.at_work()
    assert there.state() == "unsubscribed"


def test_who_is_erased_is_gone_there_and_here(there: Elsewhere) -> None:
    there.world.join(READER)
    there.world.work()
    link = there.link()
    assert there.world.client.post(link, data={"do": "forget"}).status_code == 200
    there.server.mishaps = {there.server.number: Mishap.DEATH_AFTER}
    there.at_work(rounds=4)
    assert there.state() is None
    assert there.fake.forgotten == {named(READER)}
    assert there.kept() == {}
    there.world.clock.now += timedelta(days=8)
    there.world.join(READER)
    there.world.work()
    assert there.state() is None
    assert there.kept() == {}


def test_who_is_erased_does_not_come_back_by_a_wish_that_still_waits(there: Elsewhere) -> None:
    there.world.join(READER)
    there.server.mishaps = dict.fromkeys(range(1, 100), Mishap.DEATH)  # the list is found, the person is not
    there.world.work()
    link = there.link()
    assert there.world.client.post(link, data={"do": "forget"}).status_code == 200
    there.server.mishaps = {}
    there.at_work()
    assert there.state() is None
    assert there.fake.confirmations == []
    assert there.kept() == {}


def test_what_is_stored_here_is_shown_and_what_mailchimp_has_is_said(there: Elsewhere) -> None:
    link = there.link()
    page = there.world.client.post(link, data={"do": "see"})
    assert READER.lower() in page.text.lower()
    assert "write to letters@belonging.example.org" in page.text
    there.world.clock.now += timedelta(hours=24)
    for wanted in ("see", "take", "leave", "forget", "choose"):
        assert there.world.client.post(link, data={"do": wanted}).status_code == 404
    there.world.made.worker._sweep()
    assert there.kept() == {}


def test_topics_are_chosen_and_what_could_not_be_saved_is_said(make: Make) -> None:
    there = make(more=TOPICS)
    there.world.join(READER)
    there.world.work()
    link = there.link()
    page = there.world.client.get(link).text
    assert re.findall(r'name="(topic\d)" value="(\w+)"', page) == [
        ("topic1", "Belonging"),
        ("topic2", "Recovery"),
    ]
    done = there.world.client.post(link, data={"do": "choose", "topic2": "Recovery"})
    assert "Saved" in done.text
    assert there.fake.people[named(READER)]["interests"] == {"bb22": False, "cc33": True}
    there.server.mishaps = {there.server.number: Mishap.DEATH}
    failed = there.world.client.post(link, data={"do": "choose", "topic1": "Belonging"})
    assert failed.status_code == 503
    assert there.world.client.post(link, data={"do": "choose", "topic1": "Forged"}).status_code == 503
    assert there.fake.people[named(READER)]["interests"] == {"bb22": False, "cc33": True}


def test_without_a_mail_server_of_ours_one_is_told_whom_to_write_to(make_locally: Make) -> None:
    there = make_locally(mails=False)
    page = there.world.client.get("/list/rights")
    assert "write to letters@belonging.example.org" in page.text
    assert there.world.client.post("/list/rights", data={"email": READER}).status_code == 405


def test_links_in_letters_of_an_earlier_list_of_ours_still_take_their_readers_off(
    tmp_path: Path, make: Make, store_url: str
) -> None:
    with running(tmp_path, store=store_url) as before:
        before.confirmed(READER)
        path = unsubscribe_path(before, READER)
        (tmp_path / "var" / "mail").rename(tmp_path / "mail")
    there = make()
    there.fake.people[named(READER)] = {
        "id": "x",
        "email_address": READER,
        "status": "subscribed",
        "interests": {},
    }
    assert there.world.client.get(path).status_code == 200
    assert there.state() == "subscribed"
    assert there.world.client.post(path).status_code == 200
    there.world.work()
    assert there.state() == "unsubscribed"
    assert there.world.states() == [(SubscriberState.UNSUBSCRIBED, 1)]


def test_everything_that_waits_is_sealed(there: Elsewhere) -> None:
    there.world.join(READER)
    there.world.made.reception.work()
    assert there.kept() == {"subscribers": 1, "asks": 1, "notices": 1}
    cells = repr(there.world.everything()).encode().lower()
    assert b"reader" not in cells
    assert named(READER).encode() not in cells


# --- what Mailchimp calls about ------------------------------------------------------------------------------------


def call(there: Elsewhere, *, secret: str = SECRET, age: float = 0, **fields: str) -> httpx.Response:
    data = {"type": "unsubscribe", "data[email]": READER, "data[list_id]": "abc123def4", **fields}
    body = urlencode(data).encode()
    at = int((there.world.clock() - timedelta(seconds=age)).timestamp())
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return there.world.client.post(
        "/list/webhook",
        content=body,
        headers={
            "X-Mailchimp-Signature": f"t={at},v1={mac}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
    )


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, SubscriberState.UNSUBSCRIBED),
        ({"type": "cleaned"}, SubscriberState.BOUNCED),
        (
            {"type": "upemail", "data[old_email]": READER, "data[new_email]": "n@b.example"},
            SubscriberState.UNSUBSCRIBED,
        ),
        ({"type": "profile"}, SubscriberState.CONFIRMED),
        ({"data[email]": "other@lists.example.com"}, SubscriberState.CONFIRMED),
    ],
)
def test_who_left_at_mailchimp_is_not_mailed_from_here_some_day(
    tmp_path: Path, make: Make, store_url: str, fields: dict[str, str], state: SubscriberState
) -> None:
    with running(tmp_path, store=store_url) as before:
        before.confirmed(READER)
    there = make()
    assert there.world.client.get("/list/webhook").status_code == 200
    for wrong in (call(there, secret="other", **fields), call(there, age=301, **fields)):
        assert wrong.status_code == 403
    assert there.world.states() == [(SubscriberState.CONFIRMED, 1)]
    for _ in range(2):
        assert call(there, **fields).status_code == 204
    assert there.world.states() == [(state, 1)]
    assert there.fake.calls == []


def test_a_call_that_is_too_large_or_unsigned_does_nothing(there: Elsewhere) -> None:
    assert there.world.client.post("/list/webhook", content=b"x" * 17_000).status_code == 413
    assert there.world.client.post("/list/webhook", content=b"type=unsubscribe").status_code == 403
    large = call(there, **{"data[merges][TEXT]": "x" * 9_000})
    assert large.status_code == 204


def test_without_a_secret_nobody_is_heard(make_locally: Make) -> None:
    there = make_locally(secret="")
    assert there.world.client.get("/list/webhook").status_code == 404
    assert call(there, secret="").status_code == 404


# --- leaks ----------------------------------------------------------------------------------------------------------


def test_no_fault_and_no_log_gives_a_reader_away(
    make_locally: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    canary = "Canary.Reader+tag@lists.example.com"
    caplog.set_level(logging.DEBUG)
    there = make_locally(more=TOPICS)
    turn = 0
    for mishap in Mishap:
        there.world.clock.now += timedelta(days=8)
        there.world.join(canary)
        link = there.link(canary)
        for wanted in ("choose", "leave", "forget"):
            there.world.client.post(link, data={"do": wanted, "topic1": "Recovery"})
            there.server.mishaps = dict.fromkeys(range(there.server.number, there.server.number + 3), mishap)
            there.world.work()
            turn += 1
        call(there, **{"data[email]": canary})
        there.server.mishaps = {}
        there.at_work(rounds=4)
        there.fake.forgotten.clear()
    assert turn > 30
    # The mail server of this test is not ours, and says whom it takes letters for.
    logged = [record.getMessage() for record in caplog.records if record.name != "mail.log"]
    out = "\n".join((*logged, *capfd.readouterr())).encode()
    assert b"/3.0/lists/" in out, "the log is not empty"
    where = {
        "log": out,
        **{
            str(file): file.read_bytes()
            for file in tmp_path.rglob("*")
            if file.is_file() and "theme" not in file.parts
        },
    }
    told = [
        (name, form)
        for name, text in where.items()
        for form, trace in traces(canary).items()
        if trace in text
    ]
    assert told == []
    assert KEY[:32].encode() not in out


def test_without_a_key_one_is_told_which_variable(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(settings_text(provider="mailchimp"), encoding="utf-8")
    (tmp_path / "theme").symlink_to(ROOT / "theme")
    project = Project(root=tmp_path, environment={}, clock=Hands(), sleep=lambda _: None)
    with pytest.raises(SettingsError, match="MAILCHIMP_API_KEY"):
        _ = ListService(project).service


def test_what_waits_is_passed_on_with_another_key(make_locally: Make) -> None:
    there = make_locally(mails=False)
    there.server.mishaps = dict.fromkeys(range(100), Mishap.HTML_500)
    there.world.join(READER)
    there.world.work()
    there.world.join("other@lists.example.com")
    other = Project(
        root=there.world.root,
        environment={"MAILCHIMP_API_KEY": KEY},
        clock=there.world.clock,
        sleep=lambda _: None,
    )
    other.rotate_key(None)
    other.engine.dispose()
    there.server.mishaps = {}
    there.at_work(rounds=4)
    assert there.state() == there.state("other@lists.example.com") == "pending"
    assert there.kept() == {}
