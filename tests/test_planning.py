"""Planning: which posts become campaigns, which do not, and that a post never gets a second turn."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.campaigns import EVERYBODY, CampaignState, campaign_id
from pipeline.planning import Decisions, History, Past, Plan, Policy, Verdict, plan
from pipeline.posts import Post
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.engine import connect
from tests.builders import NOW, letter, post

POLICY = Policy(newest_on_first_run=True, max_new=2, max_age=timedelta(days=14))
BEGUN = History(begun=True, version="1")
DAY = timedelta(days=1)


def past(earlier: Post, state: CampaignState | None = CampaignState.SENT) -> Past:
    return Past(
        post_id=earlier.id,
        url=earlier.url,
        title=earlier.title,
        fingerprint=earlier.fingerprint,
        source=earlier.source,
        state=state,
    )


def after(*earlier: Past) -> History:
    return replace(BEGUN, past=earlier)


def verdicts(made: Plan) -> dict[str, Verdict]:
    return {item.post.id: item.verdict for item in made.items}


def decide(
    posts: Sequence[Post],
    history: History = BEGUN,
    now: datetime = NOW,
    *,
    policy: Policy = POLICY,
    release: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Plan:
    chosen = Decisions(release=frozenset(release), skip=frozenset(skip))
    return plan(posts, history, now, policy=policy, decisions=chosen)


# --- one rule after the other -----------------------------------------------------------------------------------


def test_a_new_post_is_mailed() -> None:
    made = decide([post("new")])
    assert [(item.verdict, item.reason) for item in made.items] == [(Verdict.MAIL, "")]
    assert [item.post.id for item in made.to_send] == ["new"]
    assert not made.first_run
    assert not made.needs_decision


@pytest.mark.parametrize(
    ("newest", "expected"), [(True, Verdict.MAIL), (False, Verdict.EARLIER)], ids=["newest", "none"]
)
def test_a_first_run_mails_at_most_the_newest_published_post(newest: bool, expected: Verdict) -> None:
    posts = [post("old", date=NOW - 9 * DAY), post("new", date=NOW - DAY), post("soon", date=NOW + DAY)]
    made = decide(posts, History(), policy=replace(POLICY, newest_on_first_run=newest))
    assert verdicts(made) == {"old": Verdict.EARLIER, "new": expected, "soon": Verdict.SCHEDULED}
    assert made.first_run
    assert made.items[-1].reason == "published before the list began"


def test_a_first_run_mails_the_newest_post_however_old_it_is() -> None:
    made = decide([post("only", date=NOW - 900 * DAY)], History())
    assert verdicts(made) == {"only": Verdict.MAIL}


def test_a_first_run_whose_newest_post_is_not_for_the_list_mails_nothing() -> None:
    made = decide([post("older", date=NOW - DAY), post("newest", mail=False)], History())
    assert verdicts(made) == {"older": Verdict.EARLIER, "newest": Verdict.SITE_ONLY}


def test_a_translation_does_not_keep_a_first_run_from_mailing_the_newest_post() -> None:
    older = post("older", date=NOW - 2 * DAY)
    newest = post("newest", date=NOW - DAY)
    translated = post("translated", translation_of="older")
    made = decide([older, newest, translated], History())
    assert verdicts(made) == {
        "older": Verdict.EARLIER,
        "newest": Verdict.MAIL,
        "translated": Verdict.SITE_ONLY,
    }


def test_a_post_is_published_at_its_very_moment() -> None:
    assert verdicts(decide([post("now", date=NOW)])) == {"now": Verdict.MAIL}
    assert verdicts(decide([post("now", date=NOW)], History())) == {"now": Verdict.MAIL}
    later = NOW + timedelta(microseconds=1)
    assert verdicts(decide([post("now", date=later)])) == {"now": Verdict.SCHEDULED}


@pytest.mark.parametrize(
    ("state", "verdict", "reason"),
    [
        (None, Verdict.EARLIER, ""),
        (CampaignState.PLANNED, Verdict.RESUME, "begun before"),
        (CampaignState.READY, Verdict.RESUME, "begun before"),
        (CampaignState.SENDING, Verdict.RESUME, "begun before"),
        (
            CampaignState.PAUSED,
            Verdict.HELD,
            "paused; to go on: belonging send --release known, to stop: --skip known",
        ),
        (CampaignState.SENT, Verdict.SENT, ""),
        (CampaignState.CANCELLED, Verdict.SENT, "cancelled"),
    ],
)
def test_a_known_post_goes_by_its_campaign(
    state: CampaignState | None, verdict: Verdict, reason: str
) -> None:
    # Edited since, and much too old: it is known, so neither matters.
    edited = post("known", title="Another title", fingerprint="f" * 32, date=NOW - 99 * DAY)
    (item,) = decide([edited], after(past(post("known"), state))).items
    assert (item.verdict, item.reason) == (verdict, reason)


@pytest.mark.parametrize("state", list(CampaignState))
def test_skipping_stops_what_has_not_ended(state: CampaignState) -> None:
    ended = state in {CampaignState.SENT, CampaignState.CANCELLED}
    made = decide([post("known")], after(past(post("known"), state)), skip=["known"])
    assert verdicts(made) == {"known": Verdict.SENT if ended else Verdict.EARLIER}
    assert ended or made.items[0].reason == "cancelled on request"


def test_a_paused_campaign_goes_on_when_it_is_released() -> None:
    history = after(past(post("known"), CampaignState.PAUSED))
    assert verdicts(decide([post("known")], history, release=["known"])) == {"known": Verdict.RESUME}
    reason = decide([post("known")], history).items[0].reason
    assert "belonging send --release known" in reason
    assert "--skip known" in reason


UNFIT: list[tuple[dict[str, object], Verdict, str]] = [
    ({"mail": False}, Verdict.SITE_ONLY, "mail: false"),
    ({"translation_of": "original"}, Verdict.SITE_ONLY, "a translation of original"),
    ({"date": NOW + DAY}, Verdict.SCHEDULED, "not before 2026-03-02 12:00 UTC"),
    ({"mail_at": NOW + 2 * DAY}, Verdict.SCHEDULED, "not before 2026-03-03 12:00 UTC"),
]


@pytest.mark.parametrize("state", [CampaignState.PLANNED, CampaignState.READY])
@pytest.mark.parametrize(("change", "verdict", "reason"), UNFIT)
def test_a_writer_can_take_it_back_before_anybody_was_mailed(
    change: dict[str, object], verdict: Verdict, reason: str, state: CampaignState
) -> None:
    item = decide([post("known", **change)], after(past(post("known"), state))).items[0]
    assert (item.verdict, item.reason) == (verdict, f"{reason}, said before anybody was mailed")


@pytest.mark.parametrize(("change", "_verdict", "_reason"), UNFIT)
def test_taking_it_back_comes_too_late_once_somebody_was_mailed(
    change: dict[str, object], _verdict: Verdict, _reason: str
) -> None:
    made = decide([post("known", **change)], after(past(post("known"), CampaignState.SENDING)))
    assert verdicts(made) == {"known": Verdict.RESUME}


def test_a_post_can_be_on_the_site_before_it_is_mailed() -> None:
    later = post("later", date=NOW - 20 * DAY, mail_at=NOW)
    assert verdicts(decide([later], now=NOW - DAY)) == {"later": Verdict.SCHEDULED}
    assert verdicts(decide([later], History(), NOW - DAY)) == {"later": Verdict.SCHEDULED}
    assert verdicts(decide([later])) == {"later": Verdict.MAIL}
    assert verdicts(decide([later], now=NOW + 14 * DAY)) == {"later": Verdict.MAIL}
    assert verdicts(decide([later], now=NOW + 15 * DAY)) == {"later": Verdict.TOO_OLD}
    before_its_page = replace(later, date=NOW, mail_at=NOW - DAY)
    assert verdicts(decide([before_its_page], now=NOW - timedelta(hours=1))) == {"later": Verdict.SCHEDULED}


def test_a_provider_that_waits_by_itself_is_given_a_letter_before_its_time() -> None:
    waits = replace(POLICY, provider_waits=True)
    letter_later = post("later", date=NOW - DAY, mail_at=NOW + DAY)
    assert verdicts(decide([letter_later], policy=waits)) == {"later": Verdict.MAIL}
    page_later = post("later", date=NOW + DAY, mail_at=NOW + 2 * DAY)
    (item,) = decide([page_later], policy=waits).items
    assert (item.verdict, item.reason) == (Verdict.SCHEDULED, "not before 2026-03-02 12:00 UTC")


@pytest.mark.parametrize("state", [None, *CampaignState])
@pytest.mark.parametrize(
    ("same", "what"),
    [("url", "address"), ("fingerprint", "text"), ("title", "title"), ("source", "file")],
)
def test_a_look_alike_of_a_known_post_is_held(same: str, what: str, state: CampaignState | None) -> None:
    known = post("known")
    renamed = post("renamed", **{same: getattr(known, same)})
    item = decide([renamed], after(past(known, state))).items[0]
    assert item.verdict is Verdict.HELD
    assert f"the same {what} as known" in item.reason
    assert "id: known" in item.reason
    assert "belonging send --release renamed" in item.reason


def test_a_title_is_the_same_in_other_capitals_and_spacing() -> None:
    renamed = post("renamed", title="  ABOUT   Known ")
    assert decide([renamed], after(past(post("known")))).items[0].verdict is Verdict.HELD


@pytest.mark.parametrize("same", ["fingerprint", "title", "source"])
def test_two_posts_are_not_alike_in_what_neither_has(same: str) -> None:
    made = decide([post("new", **{same: ""})], after(past(post("known", **{same: ""}))))
    assert verdicts(made) == {"new": Verdict.MAIL}
    both = [post("one", **{same: ""}), post("two", **{same: ""})]
    assert set(verdicts(decide(both)).values()) == {Verdict.MAIL}


def test_a_released_look_alike_is_mailed_and_a_skipped_one_never() -> None:
    history = after(past(post("known")))
    alike = post("alike", title="About known")
    assert verdicts(decide([alike], history, release=["alike"])) == {"alike": Verdict.MAIL}
    assert verdicts(decide([alike], history, skip=["alike"])) == {"alike": Verdict.EARLIER}
    assert verdicts(decide([alike], history, skip=["alike"], release=["alike"])) == {"alike": Verdict.EARLIER}


@pytest.mark.parametrize(("same", "what"), [("url", "address"), ("fingerprint", "text"), ("title", "title")])
def test_of_two_new_twins_the_older_goes_ahead(same: str, what: str) -> None:
    older = post("older", date=NOW - 2 * DAY)
    made = decide([post("younger", **{same: getattr(older, same)}), older])
    assert verdicts(made) == {"older": Verdict.MAIL, "younger": Verdict.HELD}
    assert made.of(Verdict.HELD)[0].reason.startswith(f"has the same {what} as older, which had its turn; ")
    assert made.needs_decision


def test_a_released_twin_is_mailed_with_the_other() -> None:
    twins = [post("older", date=NOW - DAY, title="T"), post("younger", title="T")]
    assert set(verdicts(decide(twins, release=["younger"])).values()) == {Verdict.MAIL}


def test_a_post_older_than_the_limit_is_not_mailed_by_itself() -> None:
    on_time, late = (
        post("on-time", date=NOW - 14 * DAY),
        post("late", date=NOW - 14 * DAY - timedelta(hours=1)),
    )
    made = decide([on_time, late])
    assert verdicts(made) == {"on-time": Verdict.MAIL, "late": Verdict.TOO_OLD}
    assert made.of(Verdict.TOO_OLD)[0].reason.startswith("14 days old, the limit is 14;")
    assert not made.needs_decision
    assert verdicts(decide([late], release=["late"])) == {"late": Verdict.MAIL}


def test_more_new_posts_than_the_limit_stop_all_of_them() -> None:
    posts = [post(name, date=NOW - n * DAY) for n, name in enumerate("abc")]
    assert set(verdicts(decide(posts[:2])).values()) == {Verdict.MAIL}
    made = decide(posts)
    assert set(verdicts(made).values()) == {Verdict.STOPPED}
    assert made.needs_decision
    assert not made.to_send
    assert made.items[0].reason == (
        "3 new posts at once, the limit is 2; to mail it: belonging send --release a, never: --skip a"
    )


def test_a_person_answers_for_each_post_of_a_crowd() -> None:
    posts = [post(name, date=NOW - n * DAY) for n, name in enumerate("abcd")]
    made = decide(posts, release=["a"])
    assert verdicts(made) == {
        "a": Verdict.MAIL,
        "b": Verdict.STOPPED,
        "c": Verdict.STOPPED,
        "d": Verdict.STOPPED,
    }
    made = decide(posts, release=["a", "c"], skip=["b"])
    assert verdicts(made) == {
        "a": Verdict.MAIL,
        "b": Verdict.EARLIER,
        "c": Verdict.MAIL,
        "d": Verdict.STOPPED,
    }


def test_a_word_for_one_of_a_crowd_is_no_word_for_the_others() -> None:
    posts = [post(name, date=NOW - n * DAY) for n, name in enumerate("abc")]
    assert verdicts(decide(posts, release=["a"])) == {
        "a": Verdict.MAIL,
        "b": Verdict.STOPPED,
        "c": Verdict.STOPPED,
    }


def test_what_is_under_way_does_not_count_as_a_crowd() -> None:
    begun = [post(name) for name in "abc"]
    history = after(*(past(each, CampaignState.SENDING) for each in begun))
    assert verdicts(decide([*begun, post("new")], history))["new"] is Verdict.MAIL


@pytest.mark.parametrize("release", [[], ["mine"]], ids=["", "released"])
@pytest.mark.parametrize(("change", "verdict", "reason"), UNFIT)
def test_an_operator_does_not_overrule_the_writer(
    change: dict[str, object], verdict: Verdict, reason: str, release: list[str]
) -> None:
    item = decide([post("mine", **change)], release=release).items[0]
    assert (item.verdict, item.reason) == (verdict, reason)


@pytest.mark.parametrize("change", [{}, *(change for change, _, _ in UNFIT)])
def test_a_skipped_new_post_counts_as_published(change: dict[str, object]) -> None:
    item = decide([post("mine", **change)], skip=["mine"]).items[0]
    assert (item.verdict, item.reason) == (Verdict.EARLIER, "skipped on request")


def test_the_reason_of_a_released_post_is_that_it_was() -> None:
    item = decide([post("mine")], release=["mine"]).items[0]
    assert (item.verdict, item.reason) == (Verdict.MAIL, "released on request")


@pytest.mark.parametrize(
    "state", [CampaignState.PLANNED, CampaignState.READY, CampaignState.SENDING, CampaignState.PAUSED]
)
def test_a_begun_campaign_whose_post_is_gone_needs_a_decision(state: CampaignState) -> None:
    gone = past(post("gone"), state)
    made = decide([], after(gone))
    assert made.missing == (gone,)
    assert made.needs_decision
    given_up = decide([], after(gone), skip=["gone"])
    assert given_up.missing == ()
    assert given_up.cancelled == ("gone",)
    assert not given_up.needs_decision


@pytest.mark.parametrize("state", [None, CampaignState.SENT, CampaignState.CANCELLED])
def test_an_ended_campaign_whose_post_is_gone_is_nobodys_concern(state: CampaignState | None) -> None:
    made = decide([], after(past(post("gone"), state)), skip=["gone"])
    assert made.missing == ()
    assert made.cancelled == ()
    assert not made.needs_decision


def test_letters_go_out_in_the_order_the_posts_were_published() -> None:
    first, second = post("first", date=NOW - 2 * DAY), post("second", date=NOW - DAY)
    begun = post("begun", date=NOW - 3 * DAY)
    made = decide([first, second, begun], after(past(begun, CampaignState.READY)))
    assert [item.post.id for item in made.to_send] == ["begun", "first", "second"]
    assert [item.post.id for item in made.items] == ["second", "first", "begun"]


def test_the_digest_names_what_would_be_done() -> None:
    posts, history = [post("new"), post("quiet", mail=False)], after(past(post("old"), CampaignState.SENDING))
    digest = decide(posts, history).digest
    assert len(digest) == 12
    assert digest == decide(posts[::-1], history, NOW + timedelta(minutes=5)).digest
    others = [
        decide([posts[0]], history),
        decide([replace(posts[0], subject="Another"), posts[1]], history),
        decide([replace(posts[0], body="<p>Other words.</p>"), posts[1]], history),
        decide(posts, replace(history, version="2")),
        decide(posts, history, skip=["new"]),
        decide(posts, history, skip=["old"]),  # gives up a campaign whose post is gone
    ]
    assert len({digest, *(other.digest for other in others)}) == 1 + len(others)


def test_a_plan_over_ten_thousand_posts_is_quick() -> None:
    posts = [post(f"p{n}", date=NOW - timedelta(hours=n)) for n in range(10_000)]
    history = after(*(past(each) for each in posts[1:]))
    assert [item.post.id for item in decide(posts, history).to_send] == ["p0"]


# --- whatever the posts, whatever was said -----------------------------------------------------------------------

IDS = "abcdefgh"


@st.composite
def some_posts(draw: st.DrawFn) -> list[Post]:
    """Draw posts that are likely to look like one another."""
    few = st.integers(0, 5)
    return [
        post(
            identity,
            title=f"Title {draw(few)}" if draw(st.booleans()) else f"About {identity}",
            url=f"https://belonging.example.org/{draw(few)}/" if draw(st.booleans()) else f"/{identity}/",
            fingerprint=f"{draw(few):032x}" if draw(st.booleans()) else "",
            source=f"posts/{draw(few)}.md" if draw(st.booleans()) else f"posts/own-{identity}.md",
            date=NOW + timedelta(days=draw(st.integers(-30, 5)), minutes=draw(st.integers(0, 3))),
            mail=draw(st.sampled_from([True, True, True, False])),
            mail_at=draw(st.sampled_from([None, None, None, NOW - 3 * DAY, NOW + DAY])),
            translation_of=draw(st.sampled_from(["", "", "", "a"])),
        )
        for identity in draw(st.lists(st.sampled_from(IDS), unique=True))
    ]


some_decisions = st.builds(
    Decisions,
    release=st.frozensets(st.sampled_from(IDS), max_size=3),
    skip=st.frozensets(st.sampled_from(IDS), max_size=2),
)
some_policies = st.builds(
    Policy,
    newest_on_first_run=st.booleans(),
    max_new=st.integers(1, 4),
    max_age=st.integers(1, 30).map(timedelta),
)


def accepted(made: Plan, history: History) -> History:
    """Model what accepting a plan does to the history: the ledger must do the same."""
    if made.history_version != history.version:
        raise AssertionError("accepted a plan over another history")
    known = {entry.post_id: entry for entry in history.past}
    for item in made.items:
        if item.verdict is Verdict.MAIL:
            known[item.post.id] = past(item.post, CampaignState.PLANNED)
        elif item.verdict is Verdict.STOPPED:
            known[item.post.id] = past(item.post, CampaignState.PAUSED)
        elif item.verdict is Verdict.EARLIER:
            entry = known.get(item.post.id)
            if entry is None:
                known[item.post.id] = past(item.post, None)
            elif entry.state is not None:
                known[item.post.id] = replace(entry, state=CampaignState.CANCELLED)
    for identity in made.cancelled:
        known[identity] = replace(known[identity], state=CampaignState.CANCELLED)
    return History(past=tuple(known.values()), begun=True, version=f"{history.version}+")


def due(each: Post) -> datetime:
    return max(each.date, each.mail_at) if each.mail_at else each.date


def check_every_rule(posts: Sequence[Post], history: History, made: Plan, now: datetime) -> None:
    known = {entry.post_id for entry in history.past}
    mailed = [item.post for item in made.of(Verdict.MAIL)]
    assert sorted(item.post.id for item in made.items) == sorted(each.id for each in posts)
    assert [item.post.date for item in made.items] == sorted((each.date for each in posts), reverse=True)
    assert not known & {each.id for each in mailed}
    assert all(each.mail and not each.translation_of and due(each) <= now for each in mailed)


def check_what_nobody_asked_for(history: History, made: Plan, now: datetime, policy: Policy) -> None:
    mailed = [item.post for item in made.of(Verdict.MAIL) if not item.reason]
    assert len(mailed) <= (policy.max_new if history.begun else int(policy.newest_on_first_run))
    if history.begun:
        assert all(now - due(each) <= policy.max_age for each in mailed)
    for key in ("url", "title", "fingerprint", "source"):
        before = {getattr(entry, key) for entry in history.past} - {""}
        assert not before & {getattr(each, key) for each in mailed}
    for key in ("url", "title", "fingerprint"):
        values = [getattr(each, key) for each in mailed if getattr(each, key)]
        assert len(values) == len(set(values))


@given(posts=some_posts(), data=st.data())
def test_every_run_keeps_every_rule_and_no_post_has_a_second_turn(
    posts: list[Post], data: st.DataObject
) -> None:
    history, now, mailed = History(), NOW, list[str]()
    for _ in range(data.draw(st.integers(1, 5))):
        policy, decisions = data.draw(some_policies), data.draw(some_decisions)
        made = plan(posts, history, now, policy=policy, decisions=decisions)
        check_every_rule(posts, history, made, now)
        check_what_nobody_asked_for(history, made, now, policy)
        shuffled = random.Random(len(mailed)).sample(posts, len(posts))
        assert plan(shuffled, history, now, policy=policy, decisions=decisions) == made

        mailed += [item.post.id for item in made.of(Verdict.MAIL)]
        assert len(mailed) == len(set(mailed))

        history = accepted(made, history)
        again = plan(posts, history, now, policy=policy, decisions=decisions)
        assert again.of(Verdict.MAIL) == (), "planning twice planned something new"
        assert [item.post.id for item in again.to_send] == [item.post.id for item in made.to_send]

        # Then the world goes on: time passes, campaigns move, posts are edited, renamed and written.
        now += data.draw(st.integers(0, 10)) * DAY
        states = st.sampled_from([None, *CampaignState])
        history = replace(
            history,
            past=tuple(
                replace(entry, state=data.draw(states) or entry.state) if entry.state else entry
                for entry in history.past
            ),
        )
        posts = data.draw(some_posts())


@given(posts=some_posts(), policy=some_policies, decisions=some_decisions)
def test_a_first_run_leaves_only_what_has_yet_to_come(
    posts: list[Post], policy: Policy, decisions: Decisions
) -> None:
    made = plan(posts, History(), NOW, policy=policy, decisions=decisions)
    assert all(
        not item.post.mail or item.post.translation_of or due(item.post) > NOW or item.verdict is Verdict.HELD
        for item in made.items
        if item.verdict not in {Verdict.MAIL, Verdict.EARLIER}
    )
    originals = [each for each in posts if each.date <= NOW and not each.translation_of]
    newest = max(originals, key=lambda p: (p.date, p.id), default=None)
    by_itself = [item.post for item in made.of(Verdict.MAIL) if item.post.id not in decisions.release]
    assert by_itself in ([], [newest])


@settings(max_examples=40)
@given(data=st.data())
def test_the_ledger_does_with_a_plan_what_the_model_does(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    engine = connect("sqlite:///list.sqlite", Path(folder))
    try:
        ledger = SqlCampaigns(engine)
        model = History()
        for _ in range(data.draw(st.integers(1, 3))):
            posts = data.draw(some_posts())
            history = ledger.history()
            assert set(history.past) == set(model.past)
            assert history.begun is model.begun
            made = plan(posts, history, NOW, policy=POLICY, decisions=data.draw(some_decisions))
            model = accepted(replace(made, history_version=model.version), model)
            ledger.accept(made, NOW)
            again = plan(posts, ledger.history(), NOW, policy=POLICY)
            assert again.of(Verdict.MAIL) == ()
            for entry in ledger.history().past:
                if entry.state is CampaignState.PLANNED and data.draw(st.booleans()):
                    identity = campaign_id(EVERYBODY, entry.post_id)
                    ledger.freeze(identity, letter(), NOW, samples=True)
                    ledger.move(identity, CampaignState.SENDING, NOW)
                    model = replace(
                        model,
                        past=tuple(
                            replace(e, state=CampaignState.SENDING, frozen_at=NOW)
                            if e.post_id == entry.post_id
                            else e
                            for e in model.past
                        ),
                    )
    finally:
        engine.dispose()
