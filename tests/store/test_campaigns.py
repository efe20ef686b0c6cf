"""Campaigns in the store: a plan is accepted once, a letter and its audience are fixed once."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from pipeline.campaigns import EVERYBODY, TRANSITIONS, CampaignState, Tally, campaign_id
from pipeline.errors import PlanChanged
from pipeline.ledger import DeliveryState
from pipeline.letters import Edition, EmbeddedImage, Guise, Letter
from pipeline.planning import Decisions, History, Past, Verdict, plan
from pipeline.store import letters
from pipeline.subscribers import Origin, SubscriberState
from tests.builders import NOW, letter, person, persons, post
from tests.store.books import POLICY, Books
from tests.store.conftest import Opener

DAY = timedelta(days=1)


@pytest.fixture
def books(engine: Engine) -> Books:
    return Books(engine)


def remembered(name: str, state: CampaignState | None) -> Past:
    it = post(name)
    return Past(
        post_id=it.id, url=it.url, title=it.title, fingerprint=it.fingerprint, source=it.source, state=state
    )


# --- accepting a plan -----------------------------------------------------------------------------------------------


def test_a_new_store_remembers_nothing(books: Books) -> None:
    assert books.campaigns.history() == History()
    assert books.campaigns.campaigns() == []
    assert books.campaigns.campaign("0" * 16) is None


def test_what_a_plan_decided_is_remembered(books: Books) -> None:
    made = plan([post("new"), post("old", date=NOW - DAY)], History(), NOW, policy=POLICY)
    books.campaigns.accept(made, NOW)
    history = books.campaigns.history()
    assert set(history.past) == {remembered("new", CampaignState.PLANNED), remembered("old", None)}
    assert history.begun
    (campaign,) = books.campaigns.campaigns()
    assert campaign.id == campaign_id(EVERYBODY, "new")
    assert (campaign.post_id, campaign.state, campaign.subject) == ("new", CampaignState.PLANNED, "")
    assert (campaign.url, campaign.created_at, campaign.finished_at) == (post("new").url, NOW, None)


def test_a_first_run_over_a_site_without_posts_counts_as_one(books: Books) -> None:
    books.campaigns.accept(plan([], History(), NOW, policy=POLICY), NOW)
    assert books.campaigns.history().begun
    assert books.campaigns.history().past == ()


def test_one_of_a_crowd_is_mailed_and_the_others_still_wait_when_they_are_a_crowd_no_more(
    books: Books,
) -> None:
    posts = [post(name) for name in "abc"]
    policy = replace(POLICY, max_new=1, newest_on_first_run=False)
    books.campaigns.accept(plan([], History(), NOW, policy=policy), NOW)
    chosen = Decisions(release=frozenset("a"))
    books.campaigns.accept(plan(posts, books.campaigns.history(), NOW, policy=policy, decisions=chosen), NOW)

    policy = replace(policy, max_new=2)
    later = plan(posts, books.campaigns.history(), NOW, policy=policy)
    assert {item.post.id: item.verdict for item in later.items} == {
        "a": Verdict.RESUME,
        "b": Verdict.HELD,
        "c": Verdict.HELD,
    }
    released = plan(
        posts, books.campaigns.history(), NOW, policy=policy, decisions=Decisions(release=frozenset("b"))
    )
    assert [item.post.id for item in released.to_send] == ["a", "b"]
    identity = campaign_id(EVERYBODY, "b")
    assert books.campaigns.editions(identity) == ()
    books.campaigns.freeze(identity, letter(), NOW, samples=True)
    assert [one.letter for one in books.campaigns.editions(identity)] == [letter()]
    campaign = books.campaigns.campaign(identity)
    assert campaign is not None
    assert campaign.state is CampaignState.READY


def test_a_plan_is_accepted_once(books: Books) -> None:
    made = plan([post("new")], History(), NOW, policy=POLICY)
    books.campaigns.accept(made, NOW)
    with pytest.raises(PlanChanged, match="run belonging plan again") as caught:
        books.campaigns.accept(made, NOW)
    assert caught.value.exit_code == 4
    assert len(books.campaigns.campaigns()) == 1


def test_a_plan_over_a_changed_history_is_refused_and_changes_nothing(books: Books) -> None:
    books.planned("a")
    history = books.campaigns.history()
    stale = plan([post("b"), post("c")], history, NOW, policy=POLICY)
    books.planned("d")
    before = books.campaigns.history()
    with pytest.raises(PlanChanged):
        books.campaigns.accept(stale, NOW)
    assert books.campaigns.history() == before


def test_a_plan_made_before_the_first_run_was_recorded_is_refused_after_it(books: Books) -> None:
    stale = plan([post("new")], History(), NOW, policy=POLICY)
    books.campaigns.accept(plan([], History(), NOW, policy=POLICY), NOW)
    with pytest.raises(PlanChanged):
        books.campaigns.accept(stale, NOW)
    assert books.campaigns.campaigns() == []


def test_a_plan_that_was_refused_before_the_first_run_leaves_the_store_as_new(books: Books) -> None:
    other = plan([post("new")], replace(History(), version="7", begun=True), NOW, policy=POLICY)
    with pytest.raises(PlanChanged):
        books.campaigns.accept(other, NOW)
    assert books.campaigns.history() == History()


def test_a_plan_that_changes_nothing_leaves_other_plans_true(books: Books) -> None:
    books.planned("a")
    version = books.campaigns.history().version
    idle = plan([post("a")], books.campaigns.history(), NOW, policy=POLICY)
    for _ in range(2):
        books.campaigns.accept(idle, NOW)
    assert books.campaigns.history().version == version


def test_of_two_first_runs_at_the_same_time_one_is_refused(open_store: Opener) -> None:
    stores = [Books(open_store()) for _ in range(4)]
    made = plan([post("new"), post("old", date=NOW - DAY)], History(), NOW, policy=POLICY)
    start = threading.Barrier(len(stores))

    def accept(books: Books) -> bool:
        start.wait()
        try:
            books.campaigns.accept(made, NOW)
        except PlanChanged:
            return False
        return True

    with ThreadPoolExecutor(len(stores)) as pool:
        assert sorted(pool.map(accept, stores)) == [False, False, False, True]
    assert len(stores[0].campaigns.campaigns()) == 1


def test_a_skipped_post_never_comes_back(books: Books) -> None:
    books.planned()
    books.cancel("unwanted")
    history = books.campaigns.history()
    assert history.past == (remembered("unwanted", None),)
    assert not plan([post("unwanted")], history, NOW, policy=POLICY).to_send


def test_a_campaign_whose_post_is_gone_can_be_given_up(books: Books) -> None:
    identity = books.sending(2)
    made = plan(
        [],
        books.campaigns.history(),
        NOW,
        policy=POLICY,
        decisions=Decisions(skip=frozenset({"a"})),
    )
    books.campaigns.accept(made, NOW + DAY)
    campaign = books.campaigns.campaign(identity)
    assert campaign is not None
    assert (campaign.state, campaign.finished_at) == (CampaignState.CANCELLED, NOW + DAY)
    assert books.tally(identity) == Tally(audience=2, excluded=2)
    assert books.campaigns.history().version != made.history_version


@pytest.mark.parametrize(
    "way", [(), ("ready",), ("ready", "sending"), ("ready", "sending", "paused"), ("ready", "paused")]
)
def test_a_campaign_can_be_cancelled_wherever_it_stands(books: Books, way: tuple[str, ...]) -> None:
    (identity,) = books.planned("a")
    for state in way:
        if state == "ready":
            books.campaigns.freeze(identity, letter(), NOW, samples=True)
        else:
            assert books.campaigns.move(identity, CampaignState(state), NOW)
    books.cancel("a")
    assert books.state(identity) is CampaignState.CANCELLED


def test_a_campaign_that_has_ended_is_not_cancelled(books: Books) -> None:
    identity = books.sending(1)
    books.settle("one", books.trying(identity, "one"), DeliveryState.ACCEPTED)
    books.ledger.finish(identity, NOW)
    books.cancel("a")
    assert books.state(identity) is CampaignState.SENT
    assert books.tally(identity) == Tally(audience=1, accepted=1)


def test_thousands_of_earlier_posts_are_recorded_at_once(books: Books) -> None:
    posts = [post(f"p{n}", date=NOW - n * DAY) for n in range(2_001)]
    books.campaigns.accept(plan(posts, History(), NOW, policy=POLICY), NOW)
    states = [past.state for past in books.campaigns.history().past]
    assert (states.count(None), states.count(CampaignState.PLANNED)) == (2_000, 1)


def test_campaigns_are_listed_the_newest_first(books: Books) -> None:
    books.planned("a")
    for number, name in enumerate("bc", start=1):
        made = plan([post(name)], books.campaigns.history(), NOW, policy=POLICY)
        books.campaigns.accept(made, NOW + number * DAY)
    assert [campaign.post_id for campaign in books.campaigns.campaigns()] == ["c", "b", "a"]


# --- freezing -------------------------------------------------------------------------------------------------------


def a_mixed_list(books: Books) -> None:
    books.people.add(
        [
            person(0),
            person(1, origin=Origin.IMPORTED),
            person(2, origin=Origin.SAMPLE),
            person(3, state=SubscriberState.PENDING),
            person(4, state=SubscriberState.UNSUBSCRIBED),
            person(5, state=SubscriberState.BOUNCED),
        ]
    )


@pytest.mark.parametrize(("samples", "readers"), [(True, {0, 1, 2}), (False, {0, 1})])
def test_an_audience_is_whoever_is_confirmed_at_this_moment(
    books: Books, samples: bool, readers: set[int]
) -> None:
    a_mixed_list(books)
    (identity,) = books.planned("a")
    assert books.campaigns.audience_size(samples=samples) == len(readers)
    assert books.campaigns.freeze(identity, letter(), NOW, samples=samples) == len(readers)
    assert books.tally(identity) == Tally(audience=len(readers), waiting=len(readers))
    books.campaigns.move(identity, CampaignState.SENDING, NOW)
    claimed = {claim.subscriber_id for claim in books.claim(identity, "one")}
    assert claimed == {person(number).id for number in readers}


def test_a_frozen_campaign_keeps_its_letter_and_its_audience(books: Books) -> None:
    books.people.add(persons(2))
    (identity,) = books.planned("a")
    assert books.campaigns.editions(identity) == ()
    first, other = letter("The first"), letter("Another")
    assert books.campaigns.freeze(identity, first, NOW, samples=True) == 2
    books.people.add(persons(5))
    for state in (CampaignState.READY, CampaignState.SENDING, CampaignState.SENT):
        books.campaigns.move(identity, state, NOW)
        assert books.campaigns.freeze(identity, other, NOW, samples=True) == 2
        assert [one.letter for one in books.campaigns.editions(identity)] == [first]
        assert books.state(identity) is state
        assert books.tally(identity).audience == 2
    campaign = books.campaigns.campaign(identity)
    assert campaign is not None
    assert campaign.subject == "The first"


def test_freezing_twice_at_the_same_time_is_freezing_once(open_store: Opener) -> None:
    stores = [Books(open_store()) for _ in range(4)]
    stores[0].people.add(persons(30))
    (identity,) = stores[0].planned("a")
    start = threading.Barrier(len(stores))

    def freeze(number: int) -> int:
        start.wait()
        return stores[number].campaigns.freeze(identity, letter(f"Number {number}"), NOW, samples=True)

    with ThreadPoolExecutor(len(stores)) as pool:
        assert list(pool.map(freeze, range(4))) == [30] * 4
    assert stores[0].tally(identity) == Tally(audience=30, waiting=30)


def test_a_cancelled_campaign_is_not_frozen(books: Books) -> None:
    books.people.add(persons(2))
    (identity,) = books.planned("a")
    books.cancel("a")
    assert books.campaigns.freeze(identity, letter(), NOW, samples=True) == 0
    assert books.campaigns.editions(identity) == ()
    assert books.state(identity) is CampaignState.CANCELLED


def test_only_an_accepted_campaign_can_be_frozen(books: Books) -> None:
    with pytest.raises(LookupError):
        books.campaigns.freeze("0" * 16, letter(), NOW, samples=True)
    assert books.campaigns.editions("0" * 16) == ()


def test_a_person_is_in_an_audience_once_however_often_they_are_added(books: Books) -> None:
    books.people.add(persons(3))
    books.people.add([replace(person(0), id=1), person(3)])
    (identity,) = books.planned("a")
    assert books.campaigns.freeze(identity, letter(), NOW, samples=True) == 4


texts = st.text(max_size=200)
some_letters = st.builds(
    Letter,
    subject=texts,
    preheader=texts,
    html=texts,
    text=texts,
    cut_at=st.none() | texts,
    images=st.lists(
        st.builds(EmbeddedImage, content_id=texts, media_type=texts, data=st.binary(max_size=50)), max_size=2
    ).map(tuple),
)


@given(
    some_letters, st.lists(st.builds(Edition, guise=st.sampled_from(Guise), letter=some_letters), max_size=2)
)
def test_kept_editions_are_the_same_editions(kept: Letter, more: list[Edition]) -> None:
    editions = (Edition(guise=Guise.OPEN, letter=kept), *more)
    assert letters.unpack(letters.pack(editions)) == editions


@given(some_letters)
def test_a_letter_from_a_time_without_editions_is_still_read(kept: Letter) -> None:
    images = [{**asdict(image), "data": base64.b64encode(image.data).decode()} for image in kept.images]
    packed = zlib.compress(json.dumps({**asdict(kept), "images": images}).encode())
    assert letters.unpack(packed) == (Edition(guise=Guise.OPEN, letter=kept),)


# --- moving ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", list(CampaignState))
def test_the_store_allows_what_the_table_allows(books: Books, start: CampaignState) -> None:
    ways: dict[CampaignState, tuple[CampaignState, ...]] = {
        CampaignState.PLANNED: (),
        CampaignState.READY: (CampaignState.READY,),
        CampaignState.SENDING: (CampaignState.READY, CampaignState.SENDING),
        CampaignState.PAUSED: (CampaignState.READY, CampaignState.PAUSED),
        CampaignState.SENT: (CampaignState.READY, CampaignState.SENDING, CampaignState.SENT),
        CampaignState.CANCELLED: (CampaignState.CANCELLED,),
    }
    names = [f"to-{then}" for then in CampaignState]
    for then, identity in zip(CampaignState, books.planned(*names), strict=True):
        for step in ways[start]:
            assert books.campaigns.move(identity, step, NOW)
        assert books.state(identity) is start
        allowed = then is start or then in TRANSITIONS[start]
        assert books.campaigns.move(identity, then, NOW + DAY) is allowed
        assert books.state(identity) is (then if allowed else start)
        campaign = books.campaigns.campaign(identity)
        assert campaign is not None
        ended = campaign.state in {CampaignState.SENT, CampaignState.CANCELLED}
        assert (campaign.finished_at is not None) is ended


def test_a_campaign_that_is_not_there_does_not_move(books: Books) -> None:
    assert not books.campaigns.move("0" * 16, CampaignState.READY, NOW)
