"""The embedded list: the contract of providers over a real mailbox and a real mail server, and what is its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import Engine

from pipeline.campaigns import EVERYBODY, CampaignState, Tally, campaign_id
from pipeline.errors import PolicyBlock, TransportDown
from pipeline.mail.delivery import Delivery
from pipeline.mail.maildir import Maildir
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Transport
from pipeline.planning import Decisions, Verdict, plan
from pipeline.posts import Post
from pipeline.providers import Provider
from pipeline.providers.embedded import EmbeddedList
from pipeline.settings import LetterSettings, ListSettings, Security, SenderSettings, SmtpSettings
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.engine import connect
from pipeline.store.people import People
from pipeline.subscribers import Origin
from tests.builders import KEYRING, NOW, UNSUBSCRIBE, Hands, address, letter, person, persons, post
from tests.mail.servers import CLOSE, Server, serving
from tests.providers.contract import POLICY, ProviderContract, World, planned, publish


@dataclass
class ListWorld(World):
    """The embedded list over a store in a folder, and one way out of it."""

    folder: Path
    engine: Engine
    server: Server | None = None  # None: a Maildir
    readers: int = 7
    hands: Hands = field(default_factory=Hands)

    def transport(self) -> Transport:
        if self.server is None:
            return Maildir(self.folder / "mail")
        settings = SmtpSettings(
            host="127.0.0.1", port=self.server.port, security=Security.NONE, timeout_seconds=10
        )
        return Smtp(settings, hello="belonging.example.org")

    def embedded(self) -> EmbeddedList:
        return EmbeddedList(
            campaigns=SqlCampaigns(self.engine),
            delivery=Delivery(
                ledger=SqlDeliveries(self.engine),
                people=People(self.engine),
                transport=self.transport(),
                keyring=KEYRING,
                clock=self.hands,
                lease=timedelta(minutes=5),
                sleep=self.hands.sleep,
            ),
            settings=ListSettings(service_url="https://belonging.example.org/list"),
            letter_settings=LetterSettings(name="Belonging", postal_address=("1 Street",)),
            sender_settings=SenderSettings(name="Belonging", address="letters@belonging.example.org"),
            site_url="https://belonging.example.org",
            senders=self.folder / "senders",
        )

    def provider(self) -> Provider:
        return self.embedded()

    def contents(self) -> list[bytes]:
        if self.server is None:
            return [file.read_bytes() for file in (self.folder / "mail" / "new").glob("*")]
        return [content for _, _, content in self.server.accepted]

    def copies(self, of: Post) -> list[int]:
        mark = f"Feedback-ID: {campaign_id(EVERYBODY, of.id)}:".encode()
        got = Counter(str(message_from_bytes(one)["To"]) for one in self.contents() if mark in one)
        assert set(got) <= {address(number) for number in range(self.readers)}
        return [got[address(number)] for number in range(self.readers)]

    def tally(self, of: str = "new") -> Tally:
        return SqlDeliveries(self.engine).tally(campaign_id(EVERYBODY, of))

    def state(self, of: str = "new") -> CampaignState:
        campaign = SqlCampaigns(self.engine).campaign(campaign_id(EVERYBODY, of))
        assert campaign is not None
        return campaign.state


@contextmanager
def opened(folder: Path, server: Server | None = None) -> Iterator[ListWorld]:
    engine = connect("sqlite:///list.sqlite", folder)
    world = ListWorld(folder, engine, server)
    People(engine).add(persons(world.readers))
    publish(world.provider())
    yield world
    engine.dispose()


class TestMaildirList(ProviderContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        with opened(tmp_path) as made:
            yield made


class TestSmtpList(ProviderContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[World]:
        with serving(Server()) as server, opened(tmp_path, server) as made:
            yield made


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ListWorld]:
    with serving(Server()) as server, opened(tmp_path, server) as made:
        yield made


def server_of(world: ListWorld) -> Server:
    assert world.server is not None
    return world.server


# --- the letter and its audience ---------------------------------------------------------------------------


def test_the_letter_that_was_prepared_is_the_one_that_is_sent(world: ListWorld) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    provider.prepare(post("new"), letter("As it was"))
    campaign = world.provider().prepare(post("new"), letter("Rendered anew"))
    assert world.provider().prepared(post("new")) == letter("As it was")
    assert campaign.subject == "As it was"
    world.provider().send(campaign)
    assert all(b"\r\nSubject: As it was\r\n" in content for content in world.contents())


def test_whoever_joins_after_a_letter_was_prepared_gets_the_next_one(world: ListWorld) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    campaign = provider.prepare(post("new"), letter())
    People(world.engine).add([person(7)])
    provider.send(campaign)
    world.readers = 8
    assert world.copies(post("new")) == [1] * 7 + [0]
    publish(provider, post("new"), post("next"))
    assert world.copies(post("next")) == [1] * 8


def test_made_up_readers_are_mailed_only_where_mail_stays(world: ListWorld) -> None:
    People(world.engine).add([person(7, origin=Origin.SAMPLE)])
    assert world.provider().audience_size() == 7
    local = ListWorld(world.folder, world.engine, readers=8)
    assert local.provider().audience_size() == 8
    publish(world.provider(), post("new"))
    assert len(world.contents()) == 7


def test_links_of_a_letter_lead_to_the_service_with_the_readers_token(world: ListWorld) -> None:
    assert world.provider().links.unsubscribe == UNSUBSCRIBE
    assert world.provider().links.postal_address == ("1 Street",)


def test_a_letter_that_tells_on_its_readers_is_found_before_anybody_gets_it(world: ListWorld) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    leaking = letter(text=letter().text + UNSUBSCRIBE.replace("/list/unsubscribe/", "/a-post/") + "\n")
    campaign = provider.prepare(post("new"), leaking)
    (finding,) = provider.check(campaign)
    assert "outside a link to the list's service" in finding.what
    assert finding.advice
    assert world.contents() == []


def test_what_was_never_accepted_cannot_be_prepared(world: ListWorld) -> None:
    with pytest.raises(LookupError):
        world.provider().prepare(post("stranger"), letter())
    assert world.provider().prepared(post("stranger")) is None


@pytest.mark.parametrize("after", [0, 3])
def test_a_person_who_says_stop_has_mailed_whom_they_have_mailed_and_can_go_on(
    world: ListWorld, after: int
) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    campaign = provider.prepare(post("new"), letter())
    told: list[int] = []
    receipt = provider.send(
        campaign, progress=told.append, stop=lambda: len(server_of(world).accepted) >= after
    )
    assert not receipt.complete
    assert receipt.tally == Tally(audience=7, accepted=after, waiting=7 - after)
    assert sum(told) == after
    assert world.provider().remaining(campaign) == 7 - after
    assert world.provider().send(campaign, progress=told.append).complete
    assert sum(told) == 7
    assert world.copies(post("new")) == [1] * 7


# --- when it cannot go on ----------------------------------------------------------------------------------


def test_a_refusal_by_policy_pauses_the_campaign_until_a_person_releases_it(world: ListWorld) -> None:
    server_of(world).answers = {"END reader3": "550 5.7.1 refused by policy"}
    with pytest.raises(PolicyBlock):
        publish(world.provider(), post("new"))
    assert world.state() is CampaignState.PAUSED
    assert world.tally() == Tally(audience=7, accepted=3, waiting=4)
    # The next run leaves it alone and says why.
    held = planned(world.provider(), post("new"))
    assert held.needs_decision
    assert publish(world.provider(), post("new")) == []
    server_of(world).answers = {}
    posts = [post("new")]
    provider = world.provider()
    released = plan(
        posts,
        provider.history(posts),
        NOW,
        policy=POLICY,
        decisions=Decisions(release=frozenset({"new"})),
    )
    provider.accept(released)
    (item,) = released.to_send
    assert item.verdict is Verdict.RESUME
    kept = provider.prepared(item.post)
    assert kept is not None
    assert provider.send(provider.prepare(item.post, kept)).complete
    assert world.copies(post("new")) == [1] * 7
    assert world.state() is CampaignState.SENT


def test_a_server_that_is_down_leaves_a_campaign_that_the_next_run_goes_on_with(world: ListWorld) -> None:
    server_of(world).answers = {"MAIL": CLOSE}
    with pytest.raises(TransportDown):
        publish(world.provider(), post("new"))
    assert world.state() is CampaignState.SENDING
    assert world.tally() == Tally(audience=7, waiting=7)
    server_of(world).answers = {}
    (receipt,) = publish(world.provider(), post("new"))
    assert receipt.complete
    assert world.copies(post("new")) == [1] * 7


def test_an_unknown_waits_for_a_person_and_resending_sends_exactly_that_one(world: ListWorld) -> None:
    server_of(world).answers = {"END reader2": CLOSE, "END reader5": CLOSE}
    (receipt,) = publish(world.provider(), post("new"))
    assert receipt.complete, "nobody is left to be tried"
    assert receipt.tally == Tally(audience=7, accepted=5, unknown=2)
    assert world.state() is CampaignState.SENT
    server_of(world).answers = {}
    for _ in range(2):
        assert publish(world.provider(), post("new")) == [], "unknown is never sent again by itself"

    ledger = SqlDeliveries(world.engine)
    (first, second) = ledger.unknown()
    assert ledger.decide([first.delivery_id], resend=True, now=NOW) == 1
    (receipt,) = publish(world.provider(), post("new"))
    assert receipt.tally == Tally(audience=7, accepted=6, unknown=1)
    assert world.copies(post("new")) == [1, 1, 2, 1, 1, 1, 1]
    copies = [one for one in world.contents() if b"To: reader2@" in one]
    assert len({message_from_bytes(one)["Message-ID"] for one in copies}) == 1, "recognisable as the same"

    assert ledger.decide([second.delivery_id], resend=False, now=NOW) == 1
    assert publish(world.provider(), post("new")) == []
    assert world.tally() == Tally(audience=7, accepted=7)
    (report,) = world.provider().reports()
    assert report.reasons == {"counted as sent": 1}


def test_a_deferral_is_told_in_the_receipt_and_tried_by_a_later_run(world: ListWorld) -> None:
    server_of(world).answers = {"RCPT reader1": "451 4.7.1 later"}
    (receipt,) = publish(world.provider(), post("new"))
    assert not receipt.complete
    assert receipt.tally == Tally(audience=7, accepted=6, deferred=1)
    assert receipt.next_try is not None
    assert receipt.next_try > world.hands.now
    assert world.state() is CampaignState.SENDING
    server_of(world).answers = {}
    world.hands.now = receipt.next_try
    (receipt,) = publish(world.provider(), post("new"))
    assert receipt.complete
    assert world.copies(post("new")) == [1] * 7


def test_reasons_are_counted_and_name_nobody(world: ListWorld) -> None:
    server_of(world).answers = {
        "RCPT reader1": "550 5.1.1 reader1@lists.example.com is unknown",
        "RCPT reader4": "550 5.1.1 no such user",
    }
    publish(world.provider(), post("new"))
    (report,) = world.provider().reports()
    assert report.reasons == {"550 5.1.1": 2}
    assert report.tally == Tally(audience=7, accepted=5, rejected=2)


@pytest.mark.parametrize("prepared", [False, True])
def test_a_campaign_that_was_cancelled_meanwhile_is_not_sent(world: ListWorld, prepared: bool) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    if prepared:
        provider.prepare(post("new"), letter())
    other = world.provider()
    posts = [post("new")]
    giving_up = Decisions(skip=frozenset({"new"}))
    other.accept(plan(posts, other.history(posts), NOW, policy=POLICY, decisions=giving_up))
    # The first run knows nothing of that and goes on.
    campaign = provider.prepare(post("new"), letter())
    assert campaign.state is CampaignState.CANCELLED
    assert provider.check(campaign) == ()
    receipt = provider.send(campaign)
    assert receipt.complete
    assert receipt.tally == Tally(audience=7 if prepared else 0, excluded=7 if prepared else 0)
    assert world.contents() == []


def test_a_campaign_that_another_run_paused_is_left_where_it_is(world: ListWorld) -> None:
    provider = world.provider()
    provider.accept(planned(provider, post("new")))
    campaign = provider.prepare(post("new"), letter())

    def pause() -> bool:
        if len(server_of(world).accepted) == 3:
            SqlCampaigns(world.engine).move(campaign.id, CampaignState.PAUSED, NOW)
            return True
        return False

    receipt = provider.send(campaign, stop=pause)
    assert not receipt.complete
    assert receipt.next_try is None
    assert world.state() is CampaignState.PAUSED
