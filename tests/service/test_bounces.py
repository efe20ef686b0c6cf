"""Letters that come back: only a genuine token counts, and what is our own fault is nobody else's."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.campaigns import EVERYBODY, CampaignState, campaign_id
from pipeline.mail import bounces
from pipeline.mail.clearing import Clearing
from pipeline.mail.transport import Accepted
from pipeline.planning import Policy, plan
from pipeline.providers.embedded import EmbeddedList
from pipeline.store.bounces import SqlBounces
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.members import SqlMembers
from pipeline.store.tables import subscribers
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.bouncing import Bouncing, Meaning
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.tokens import Ticket, Tokens
from tests.builders import KEYRING, NOW, letter, post
from tests.service.people import unsubscribe_path
from tests.service.test_notices import Scripted
from tests.service.world import ROOT, World

READER = "reader@lists.example.com"
ADDRESS = "bounces@belonging.example.org"
PATHS = ReturnPaths(KEYRING.token, ADDRESS)
_NUMBERS = itertools.count()
CONFIRMED, BOUNCED = SubscriberState.CONFIRMED, SubscriberState.BOUNCED


def report(to: str, status: str, action: str = "failed", campaign: str = "0123456789abcdef") -> bytes:
    """Write a bounce as Postfix does, and each a new one."""
    lines = [
        "Return-Path: <>",
        f"Delivered-To: {to}",
        "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)",
        f"To: {to}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Message-ID: <{next(_NUMBERS)}@mx.example.com>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="B"',
        "",
        "--B",
        "Content-Type: text/plain",
        "",
        f"<{READER}>: host mx.example.com said: 550 5.1.1 no such user, or 5.7.1, who knows",
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.com",
        "",
        f"Final-Recipient: rfc822; {READER}",
        f"Action: {action}",
        f"Status: {status}",
        "Diagnostic-Code: smtp; 550 no",
        "",
        "--B",
        "Content-Type: text/rfc822-headers",
        "",
        f"To: {READER}",
        f"Feedback-ID: {campaign}:letters:belonging.example.org",
        "--B--",
        "",
    ]
    return "\r\n".join(lines).encode()


def complaint(leave: str) -> bytes:
    """Write an abuse report (RFC 5965)."""
    lines = [
        "From: abuse@mail.example.com",
        "To: letters@belonging.example.org",
        'Content-Type: multipart/report; report-type=feedback-report; boundary="B"',
        "",
        "--B",
        "Content-Type: message/feedback-report",
        "",
        "Feedback-Type: abuse",
        "",
        "--B",
        "Content-Type: message/rfc822",
        "",
        f"To: {READER}",
        f"List-Unsubscribe: <https://belonging.example.org{leave}>",
        "",
        "Words.",
        "--B--",
        "",
    ]
    return "\r\n".join(lines).encode()


@pytest.fixture
def deal(world: World) -> Callable[[bytes], Meaning]:
    """Read a message and do what it asks for."""
    clearing = clearing_of(world)
    return lambda content: clearing.deal_with(content)[0]


def clearing_of(world: World) -> Clearing:
    """What deals with mail that came back, with an address for it."""
    key = world.project.keyring
    return Clearing(
        read=lambda content: bounces.read(content, ReturnPaths(key.token, ADDRESS), Tokens(key.token)),
        bouncing=Bouncing(
            store=SqlBounces(world.project.engine),
            members=SqlMembers(world.project.engine),
            keyring=key,
            clock=world.clock,
            farewells=world.project.farewells,
        ),
        campaigns=SqlCampaigns(world.project.engine),
    )


def path(world: World, *, life: int = 1) -> str:
    """Answer the envelope sender of the one reader's letters."""
    with world.project.engine.connect() as connection:
        whom = connection.execute(sa.select(subscribers.c.id)).scalar_one()
    return ReturnPaths(world.project.keyring.token, ADDRESS).make(whom, life)


def what_is_known(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Read the whole store, but for how many messages came."""
    return {name: rows for name, rows in world.everything().items() if name not in {"facts", "limits"}}


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.6"])
def test_an_address_that_does_not_exist_is_never_mailed_again(
    world: World, deal: Callable[[bytes], Meaning], status: str
) -> None:
    world.confirmed(READER)
    assert deal(report(path(world), status)) is Meaning.GONE
    assert world.states() == [(BOUNCED, 1)]
    name = world.project.keyring.suppression_hash(READER)
    assert world.project.people.suppressed([name]) == {name}


def test_a_bounce_of_an_entry_that_was_tampered_with_keeps_no_other_waiting(
    world: World, deal: Callable[[bytes], Meaning]
) -> None:
    world.confirmed(READER)
    to = path(world)
    with world.project.engine.begin() as connection:
        connection.execute(sa.update(subscribers).values(address=b"not what was sealed"))
    assert deal(report(to, "5.1.1")) is Meaning.STRANGE
    assert world.states() == [(CONFIRMED, 1)]


@pytest.mark.parametrize("status", ["5.7.1", "5.7.26", "5.7.515"])
def test_a_policy_block_is_held_against_nobody(
    world: World, deal: Callable[[bytes], Meaning], status: str
) -> None:
    world.confirmed(READER)
    for _ in range(9):
        assert deal(report(path(world), status)) is Meaning.POLICY
        world.clock.now += timedelta(days=7)
    assert world.states() == [(CONFIRMED, 1)]
    assert world.everything()["suppressions"] == world.everything()["bounces"] == []


@pytest.mark.parametrize("status", ["5.2.2", "4.4.1", "5.0.0"])
def test_a_reason_that_may_pass_counts_only_often_and_long(
    world: World, deal: Callable[[bytes], Meaning], status: str
) -> None:
    world.confirmed(READER)
    for _ in range(9):  # often, but all in one week
        assert deal(report(path(world), status)) is Meaning.PASSING
        world.clock.now += timedelta(hours=18)
    assert world.states() == [(CONFIRMED, 1)]
    world.clock.now = NOW + timedelta(days=14)
    assert deal(report(path(world), status)) is Meaning.WORN_OUT
    assert world.states() == [(BOUNCED, 1)]


def test_a_reason_that_has_passed_is_forgotten(world: World, deal: Callable[[bytes], Meaning]) -> None:
    world.confirmed(READER)
    for _ in range(8):
        assert deal(report(path(world), "5.2.2")) is Meaning.PASSING
        world.clock.now += timedelta(days=91)
    assert world.states() == [(CONFIRMED, 1)]


def test_what_is_only_delayed_is_nothing_yet(world: World, deal: Callable[[bytes], Meaning]) -> None:
    world.confirmed(READER)
    assert deal(report(path(world), "4.4.1", action="delayed")) is Meaning.DELAYED
    assert world.everything()["bounces"] == []


def test_a_forged_bounce_changes_nothing(world: World, deal: Callable[[bytes], Meaning]) -> None:
    world.confirmed(READER)
    good = path(world)
    local, _, domain = good.partition("@")
    with world.project.engine.connect() as connection:
        whom = connection.execute(sa.select(subscribers.c.id)).scalar_one()
    forged = [
        ADDRESS,
        READER,
        ReturnPaths(bytes(32), ADDRESS).make(whom, 1),
        f"{local[:-5]}{'a' if local[-5] != 'a' else 'b'}{local[-4:]}@{domain}",  # another MAC
        f"{local[:-1]}{chr(ord(local[-1]) + 1)}@{domain}",  # another spelling of the same
        path(world, life=2),
        f"x{good}",
        good.replace("belonging.example.org", "belonging.example.org.evil.example"),
    ]
    before = what_is_known(world)
    for to in forged:
        assert deal(report(to, "5.1.1")) is Meaning.STRANGE, to
    # Whom a letter quotes inside is nobody's proof.
    hidden = report(ADDRESS, "5.1.1").replace(b"Diagnostic-Code: smtp;", f"X: {good}".encode())
    assert deal(hidden) is Meaning.STRANGE
    assert what_is_known(world) == before


def test_a_bounce_of_an_earlier_life_says_nothing_about_this_one(
    world: World, deal: Callable[[bytes], Meaning]
) -> None:
    world.confirmed(READER)
    old = path(world)
    world.client.post(unsubscribe_path(world, READER))
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)
    for status in ("5.1.1", "5.2.2"):
        assert deal(report(old, status)) is Meaning.STRANGE
    assert world.everything()["bounces"] == []
    assert world.states() == [(CONFIRMED, 2)]


def test_a_complaint_takes_its_reader_off_at_once(world: World, deal: Callable[[bytes], Meaning]) -> None:
    world.confirmed(READER)
    assert deal(complaint(unsubscribe_path(world, READER, life=2))) is Meaning.STRANGE
    assert deal(complaint("/list/unsubscribe/" + "x" * 36)) is Meaning.STRANGE
    assert world.states() == [(CONFIRMED, 1)]
    assert deal(complaint(unsubscribe_path(world, READER))) is Meaning.COMPLAINT
    assert world.states() == [(SubscriberState.UNSUBSCRIBED, 1)]


def test_an_automatic_reply_is_no_bounce(world: World, deal: Callable[[bytes], Meaning]) -> None:
    world.confirmed(READER)
    reply = (
        f"To: {path(world)}\r\nAuto-Submitted: auto-replied\r\nSubject: 5.1.1 away\r\n\r\nStatus: 5.1.1\r\n"
    )
    assert deal(reply.encode()) is Meaning.OTHER
    assert bounces.automatic(reply.encode())


@given(st.integers(0, 2**63 - 1), st.integers(1, 2**16 - 1))
def test_a_return_path_names_whom_it_was_made_for_in_any_case(whom: int, life: int) -> None:
    made = PATHS.make(whom, life)
    local = made.partition("@")[0]
    assert len(local) <= 64
    for text in (made, made.upper(), f"<{made}>", f"somebody@example.com, {made}"):
        assert PATHS.find(text) == Ticket(subscriber_id=whom, life=life)


@given(st.binary(max_size=400))
def test_whatever_comes_back_is_read_or_left_alone(content: bytes) -> None:
    tokens = Tokens(KEYRING.token)
    bounces.read(content, PATHS, tokens)
    good = report(PATHS.make(1, 1), "5.1.1")
    for place in range(0, len(good), max(1, len(content) * 7)):
        bounces.read(good[:place] + content + good[place:], PATHS, tokens)


def test_the_whole_way_from_a_letter_to_its_bounce(local: World) -> None:
    text = (local.root / "newsletter.toml").read_text(encoding="utf-8")
    text = text.replace("[list]", f'[list]\nbounce_address = "{ADDRESS}"')
    (local.root / "newsletter.toml").write_text(text, encoding="utf-8")
    local.project.__dict__.pop("settings")
    local.confirmed(READER)
    provider = local.project.provider("https://belonging.example.org")
    assert isinstance(provider, EmbeddedList)
    way = Scripted(iter([Accepted()] * 9))
    provider = replace(provider, delivery=replace(provider.delivery, transport=way))
    campaigns = SqlCampaigns(local.project.engine)
    policy = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))
    provider.accept(plan([post("a")], campaigns.history(), NOW, policy=policy))
    campaign = provider.prepare(post("a"), letter())
    assert provider.check(campaign) == ()
    assert provider.send(campaign).tally.accepted == 1
    (sent,) = way.sent
    assert sent.sender.startswith("bounces+")
    assert sent.sender.encode() not in sent.content

    folder = local.root / "returned"
    for part in ("tmp", "new", "cur"):
        (folder / part).mkdir(parents=True)
    (folder / "new" / "1.mx").write_bytes(report(sent.sender, "5.7.1", campaign=campaign.id))
    (folder / "new" / "2.mx").write_bytes(report(sent.sender, "5.1.1", campaign=campaign.id))
    (folder / "new" / "3.mx").write_bytes(b"Subject: hello\r\n\r\nA person writes.\r\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline",
            "--root",
            str(local.root),
            "bounces",
            "read",
            str(folder),
            "--json",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert (told["gone"], told["policy"], told["other"], told["strange"]) == (1, 1, 1, 0)
    assert READER not in done.stdout
    assert local.states() == [(BOUNCED, 1)]
    assert list((folder / "new").iterdir()) == []
    assert [file.name for file in (folder / "cur").iterdir()] == ["3.mx:2,"]


def test_a_campaign_that_is_refused_by_policy_is_paused(local: World) -> None:
    campaigns = SqlCampaigns(local.project.engine)
    policy = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))
    campaigns.accept(plan([post("a")], campaigns.history(), NOW, policy=policy), NOW)
    identity = campaign_id(EVERYBODY, "a")
    local.confirmed(READER)
    clearing, to = clearing_of(local), path(local)
    nothing = (Meaning.POLICY, frozenset[str]())
    assert clearing.deal_with(report(to, "5.7.1", campaign=identity)) == nothing  # it is not being sent
    campaigns.freeze(identity, letter(), NOW, samples=False)
    campaigns.move(identity, CampaignState.SENDING, NOW)
    assert clearing.deal_with(report(to, "5.7.1", campaign="0" * 16)) == nothing
    refused = report(to, "5.7.1", campaign=identity)
    assert clearing.deal_with(refused) == (Meaning.POLICY, {identity})
    found = campaigns.campaign(identity)
    assert found is not None
    assert found.state is CampaignState.PAUSED
    # A person lets it go on; the same message, read again, does not stop it again.
    campaigns.move(identity, CampaignState.SENDING, NOW)
    assert clearing.deal_with(refused) == (Meaning.AGAIN, frozenset())


def test_a_maildir_that_is_none_is_said(local: World) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline",
            "--root",
            str(local.root),
            "bounces",
            "read",
            str(Path("/nowhere")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 3
    assert "neither list.bounce_address nor list.unsubscribe_mailto is set" in done.stderr
