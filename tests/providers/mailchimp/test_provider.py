"""Mailchimp as a provider: first runs, people's hands in Mailchimp, scheduling, the ledger, who gets what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.campaigns import CampaignState
from pipeline.errands import Errand, Step
from pipeline.errors import (
    AnswerLost,
    BelongingError,
    CheckFailed,
    DecisionNeeded,
    DeliveryError,
    PlanChanged,
    RequestRefused,
    SettingsError,
)
from pipeline.planning import Decisions, Plan, Verdict, plan
from pipeline.posts import Post
from pipeline.providers import Provider, Rehearsal
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.alone import Alone
from pipeline.providers.mailchimp.drafts import mark_of, marker
from pipeline.settings import MailchimpSettings
from pipeline.store.engine import connect
from pipeline.store.errands import SqlErrands
from tests.builders import NOW, Hands, post
from tests.providers.mailchimp.fake import LIST, FakeMailchimp
from tests.providers.mailchimp.running import POLICY, Died, FakeWire, Fault, letter_of, provider, run

DAY = timedelta(days=1)
NEW = post("new")


@pytest.fixture
def fresh(fake: FakeMailchimp, hands: Hands) -> Callable[..., MailchimpList]:
    """Make a provider as a new process would, with nothing remembered."""

    def make(**changes: object) -> MailchimpList:
        return provider(FakeWire(fake), hands, hands.sleep, **changes)  # type: ignore[arg-type]

    return make


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlErrands]:
    engine = connect("sqlite:///list.sqlite", tmp_path)
    yield SqlErrands(engine)
    engine.dispose()


Fresh = Callable[..., MailchimpList]


def verdicts(made: Plan) -> dict[str, Verdict]:
    return {item.post.id: item.verdict for item in made.items}


def planned(
    mailchimp: MailchimpList, posts: list[Post], hands: Hands, **changes: object
) -> dict[str, Verdict]:
    policy = replace(POLICY, **changes)  # type: ignore[arg-type]
    return verdicts(plan(posts, mailchimp.history(posts), hands(), policy=policy))


def test_it_is_a_provider_that_can_send_tests(fresh: Fresh) -> None:
    made: Provider = fresh()
    assert isinstance(made, Rehearsal)
    assert made.name == "mailchimp"
    assert made.describe() == "Mailchimp, the audience “Belonging”"
    assert made.audience_size() == 100


def test_a_new_post_becomes_one_campaign_with_nothing_tracked(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [NEW], hands)
    hands.sleep(900)
    again = run(fresh(), [NEW], hands)
    assert verdicts(again) == {"new": Verdict.SENT}
    assert len(fake.sendings) == 1
    assert not any(fake.sendings[0].tracking.values())
    settings = fake.campaigns[fake.sendings[0].campaign]["settings"]
    assert settings["fb_comments"] is settings["auto_footer"] is settings["auto_tweet"] is False


def test_edits_and_another_category_do_not_make_a_second_campaign(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [NEW], hands)
    changed = replace(
        NEW, title="Other", url="https://belonging.example.org/o/", category="Else", source="o.md"
    )
    hands.sleep(900)
    run(fresh(), [changed], hands)
    assert len(fake.sendings) == 1


# --- the first run, with nothing remembered ---


def blog() -> list[Post]:
    return [post(f"p{n}", date=NOW - n * DAY) for n in range(1, 5)]


def test_with_none_the_first_run_mails_nothing_and_the_next_post_is_mailed(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.folders.clear()
    posts = blog()
    run(fresh(), posts, hands)
    assert fake.sendings == []
    hands.sleep(3_600)
    new = post("next", date=hands.now - timedelta(minutes=1))
    made = run(fresh(), [new, *posts], hands)
    assert verdicts(made)["next"] is Verdict.MAIL
    assert [made for sending in fake.sendings if (made := mark_of(sending.title))] != []
    assert len(fake.sendings) == 1


def test_with_newest_the_first_run_mails_the_newest_and_never_an_older_one(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.folders.clear()
    policy = replace(POLICY, newest_on_first_run=True)
    run(fresh(), blog(), hands, policy=policy)
    hands.sleep(900)
    run(fresh(), blog(), hands, policy=policy)
    assert [sending.title.partition(" [")[0] for sending in fake.sendings] == ["About p1"]


@pytest.mark.parametrize("call", range(40))
def test_a_first_run_that_dies_anywhere_is_taken_up_again(
    fake: FakeMailchimp, hands: Hands, call: int
) -> None:
    fake.folders.clear()
    posts, policy = blog(), replace(POLICY, newest_on_first_run=True)
    released = Decisions(release=frozenset({"p3"}))
    wire = FakeWire(fake, {call: Fault.DIE_AFTER})
    try:
        run(provider(wire, hands, hands.sleep), posts, hands, policy=policy, decisions=released)
    except Died:
        hands.sleep(300)
        run(provider(FakeWire(fake), hands, hands.sleep), posts, hands, policy=policy, decisions=released)
    names = sorted(sending.title.partition(" [")[0] for sending in fake.sendings)
    assert names == ["About p1", "About p3"]


def test_without_the_folder_the_list_began_with_its_first_campaign(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [NEW], hands)
    fake.folders.clear()
    hands.sleep(900)
    later = post("later", date=hands.now)
    old = post("old", date=NOW - 2 * DAY)
    assert planned(fresh(), [later, NEW, old], hands) == {
        "later": Verdict.MAIL,
        "new": Verdict.SENT,
        "old": Verdict.EARLIER,
    }


def test_another_lists_beginning_is_not_ours(fresh: Fresh, fake: FakeMailchimp, hands: Hands) -> None:
    fake.folders[0]["name"] = fake.folders[0]["name"].replace(LIST, "fff")
    assert not fresh().history([NEW]).begun


# --- people's hands ---


def drafted(fresh: Fresh, fake: FakeMailchimp) -> str:
    fresh().prepare(NEW, letter_of(NEW))
    return str(fake.by_title(marker(LIST, NEW.id))[0]["id"])


@pytest.mark.parametrize(
    "status", ["canceled", "canceling", "paused", "archived", "sent", "schedule", "sending"]
)
def test_a_campaign_that_a_person_has_decided_about_is_left_alone(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, status: str
) -> None:
    fake.person_sets(drafted(fresh, fake), status=status, send_time="2027-01-01T00:00:00+00:00")
    before = len(fake.calls)
    assert verdicts(run(fresh(), [NEW], hands)) == {"new": Verdict.SENT}
    assert all(method == "GET" for method, _ in fake.calls[before:])
    assert fake.sendings == []


def test_a_draft_that_a_person_edited_is_held_and_written_anew_only_on_their_word(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    identity = drafted(fresh, fake)
    fake.contents[identity]["html"] = fake.contents[identity]["html"].replace("About", "All about")
    assert verdicts(run(fresh(), [NEW], hands)) == {"new": Verdict.HELD}
    assert "All about" in fake.contents[identity]["html"]
    assert fake.sendings == []
    run(fresh(), [NEW], hands, decisions=Decisions(release=frozenset({"new"})))
    assert len(fake.sendings) == 1
    assert "All about" not in fake.sendings[0].html


def test_a_subject_that_a_person_edited_is_held_too(fresh: Fresh, fake: FakeMailchimp, hands: Hands) -> None:
    fake.person_sets(drafted(fresh, fake), settings={"subject_line": "Mine"})
    assert planned(fresh(), [NEW], hands) == {"new": Verdict.HELD}


def test_a_post_that_was_edited_before_it_left_leaves_as_edited(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    drafted(fresh, fake)
    run(fresh(), [replace(NEW, body="<p>Better words.</p>")], hands)
    assert "Better words" in fake.sendings[0].html
    assert len(fake.campaigns) == 1


def test_a_campaign_that_a_person_renamed_stops_the_run_and_is_reported(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.person_sets(drafted(fresh, fake), settings={"title": "My own name"})
    with pytest.raises(DecisionNeeded, match=r"posts/new\.md: Mailchimp has a campaign of the same subject"):
        run(fresh(), [NEW], hands)
    assert len(fake.campaigns) == 1


def test_an_old_campaign_of_the_same_subject_is_nobodys_business(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.person_creates("By hand", NEW.title, create_time="2026-02-01T00:00:00+00:00")
    run(fresh(), [NEW], hands)
    assert len(fake.sendings) == 1


def test_a_draft_that_a_person_deleted_is_held_where_there_is_a_ledger(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands
) -> None:
    mailchimp = fresh(ledger=ledger)
    mailchimp.prepare(NEW, letter_of(NEW))
    fake.person_deletes(next(iter(fake.campaigns)))
    assert planned(fresh(ledger=ledger), [NEW], hands) == {"new": Verdict.HELD}
    assert planned(fresh(), [NEW], hands) == {"new": Verdict.MAIL}
    run(fresh(ledger=ledger), [NEW], hands, decisions=Decisions(release=frozenset({"new"})))
    assert len(fake.sendings) == 1


def test_a_draft_that_is_taken_over_is_remembered(
    fresh: Fresh, fake: FakeMailchimp, ledger: SqlErrands
) -> None:
    identity = drafted(fresh, fake)
    fresh(ledger=ledger).prepare(NEW, letter_of(NEW))
    errand = ledger.errand(marker(LIST, NEW.id))
    assert errand is not None
    assert (errand.step, errand.remote_id) == (Step.DRAFTED, identity)


def test_a_sent_campaign_that_a_person_deleted_is_not_sent_again_where_there_is_a_ledger(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands
) -> None:
    run(fresh(ledger=ledger), [NEW], hands)
    fake.person_deletes(next(iter(fake.campaigns)))
    run(fresh(ledger=ledger), [NEW], hands)
    assert len(fake.sendings) == 1


def test_skipping_is_said_in_the_post(fresh: Fresh, fake: FakeMailchimp, hands: Hands) -> None:
    with pytest.raises(DecisionNeeded, match="mail: false"):
        run(fresh(), [NEW], hands, decisions=Decisions(skip=frozenset({"new"})))
    drafted(fresh, fake)
    with pytest.raises(DecisionNeeded, match="mail: false"):
        run(fresh(), [NEW], hands, decisions=Decisions(skip=frozenset({"new"})))
    assert verdicts(run(fresh(), [replace(NEW, mail=False)], hands)) == {"new": Verdict.SITE_ONLY}
    assert fake.sendings == []


def test_a_plan_that_is_no_longer_true_is_refused(fresh: Fresh, fake: FakeMailchimp, hands: Hands) -> None:
    mailchimp = fresh()
    made = plan([NEW], mailchimp.history([NEW]), hands(), policy=POLICY)
    run(fresh(), [NEW], hands)
    with pytest.raises(PlanChanged):
        mailchimp.accept(made)


# --- the ledger ---


def test_an_errand_is_noted_only_by_who_saw_the_last_one(ledger: SqlErrands) -> None:
    one = Errand(step=Step.CREATING, at=NOW)
    two = Errand(step=Step.DRAFTED, remote_id="ab12", at=NOW + DAY)
    assert ledger.errand("x") is None
    assert ledger.note("x", None, one)
    assert not ledger.note("x", None, two)
    assert ledger.errand("x") == one
    assert ledger.note("x", one, two)
    assert ledger.errand("x") == two
    assert ledger.note("x", two, None)
    assert ledger.errand("x") is None
    assert ledger.note("x", None, one)


def test_an_intent_is_on_disk_before_each_post_and_its_outcome_after_it(
    fake: FakeMailchimp, hands: Hands, ledger: SqlErrands
) -> None:
    mark, seen = marker(LIST, NEW.id), []
    wire = FakeWire(fake)

    class Looking(FakeWire):
        def __call__(self, method: str, url: str, **more: object) -> object:  # type: ignore[override]
            errand = ledger.errand(mark)
            if method == "POST":
                seen.append((url.rpartition("/")[2], errand.step if errand else None))
            return wire(method, url, **more)  # type: ignore[arg-type]

    run(provider(Looking(fake), hands, hands.sleep, ledger=ledger), [NEW], hands)
    assert seen == [("campaigns", Step.CREATING), ("send", Step.SENDING)]
    errand = ledger.errand(mark)
    assert errand is not None
    assert errand.step is Step.SENT


def test_a_sending_without_an_outcome_is_looked_up_by_its_id_alone(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands
) -> None:
    identity = drafted(fresh, fake)
    ledger.note(marker(LIST, NEW.id), None, Errand(step=Step.SENDING, remote_id=identity, at=hands()))
    fake.person_deletes(identity)
    with pytest.raises(DecisionNeeded, match="nobody knows whether it went out"):
        run(fresh(ledger=ledger), [NEW], hands)
    assert fake.campaigns == {}


def test_a_refusal_leaves_no_intent_behind(fake: FakeMailchimp, hands: Hands, ledger: SqlErrands) -> None:
    fake.plan = "forever_free"
    later = replace(NEW, mail_at=NOW + DAY)
    with pytest.raises(RequestRefused):
        run(
            provider(FakeWire(fake), hands, hands.sleep, ledger=ledger),
            [later],
            hands,
            policy=replace(POLICY, provider_waits=True),
        )
    errand = ledger.errand(marker(LIST, NEW.id))
    assert errand is not None
    assert errand.step is Step.DRAFTED


def test_one_sender_at_a_time_on_one_machine(tmp_path: Path) -> None:
    one, two = Alone(tmp_path / "var" / "lock"), Alone(tmp_path / "var" / "lock")
    one()
    one()
    with pytest.raises(DeliveryError, match="another belonging send"):
        two()
    one.release()
    two()
    two.release()


# --- later ---

WAITING = replace(POLICY, provider_waits=True)


def test_mail_at_is_scheduled_at_the_next_quarter_and_leaves_then(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    later = replace(NEW, mail_at=NOW + timedelta(hours=5, minutes=1))
    run(fresh(), [later], hands, policy=WAITING)
    (campaign,) = fake.campaigns.values()
    assert (campaign["status"], campaign["send_time"]) == ("schedule", "2026-03-01T17:15:00+00:00")
    assert verdicts(run(fresh(), [later], hands, policy=WAITING)) == {"new": Verdict.SENT}
    (report,) = fresh().reports()
    assert report.tally.waiting == 100
    hands.sleep(6 * 3_600)
    fake.settle()
    run(fresh(), [later], hands, policy=WAITING)
    assert len(fake.sendings) == 1


@pytest.mark.parametrize("minute", [0, 14, 15, 44, 59])
def test_the_next_quarter_of_an_hour_is_far_enough_away(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, minute: int
) -> None:
    hands.now = NOW + timedelta(minutes=minute)
    run(fresh(settings=MailchimpSettings(quarter=True)), [NEW], hands)
    (campaign,) = fake.campaigns.values()
    assert campaign["status"] == "schedule"
    assert campaign["send_time"][14:16] in {"00", "15", "30", "45"}


@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize("gone", [False, True])
def test_a_post_that_becomes_a_draft_before_its_time_is_taken_back(  # noqa: PLR0917
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands, gone: bool, remembers: bool
) -> None:
    kept = ledger if remembers else None
    later = replace(NEW, mail_at=NOW + DAY)
    run(fresh(ledger=kept), [later], hands, policy=WAITING)
    run(fresh(ledger=kept), [] if gone else [replace(later, mail=False)], hands, policy=WAITING)
    (campaign,) = fake.campaigns.values()
    assert campaign["status"] == "save"
    hands.sleep(2 * 86_400)
    fake.settle()
    assert fake.sendings == []
    run(fresh(ledger=kept), [later], hands, policy=WAITING)
    assert len(fake.sendings) == 1


FIRST, SECOND = NOW + timedelta(hours=5), NOW + timedelta(hours=9)


def scheduled(fake: FakeMailchimp) -> list[tuple[str, str]]:
    return [(campaign["status"], campaign["send_time"]) for campaign in fake.campaigns.values()]


@pytest.mark.parametrize("remembers", [False, True])
@pytest.mark.parametrize("then", [SECOND, NOW + timedelta(hours=2)])
def test_a_time_that_is_moved_in_the_post_is_moved_at_mailchimp(  # noqa: PLR0917
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands, remembers: bool, then: datetime
) -> None:
    kept = ledger if remembers else None
    run(fresh(ledger=kept), [replace(NEW, mail_at=FIRST)], hands, policy=WAITING)
    made = run(fresh(ledger=kept), [replace(NEW, mail_at=then)], hands, policy=WAITING)
    (item,) = made.items
    assert item.verdict is Verdict.RESUME
    assert item.reason == f"scheduled for 2026-03-01 17:00 UTC, to be moved to 2026-03-01 {then:%H:%M} UTC"
    assert scheduled(fake) == [("schedule", f"{then:%Y-%m-%dT%H:%M:%S}+00:00")]
    (again,) = run(fresh(ledger=kept), [replace(NEW, mail_at=then)], hands, policy=WAITING).items
    assert (again.verdict, again.reason) == (Verdict.SENT, f"scheduled for {then:%Y-%m-%d %H:%M} UTC")
    (report,) = fresh().reports()
    assert report.reasons == {f"scheduled for {then:%Y-%m-%d %H:%M} UTC": 1}
    hands.now = NOW + DAY
    fake.settle()
    run(fresh(ledger=kept), [replace(NEW, mail_at=then)], hands, policy=WAITING)
    assert [sending.due for sending in fake.sendings] == [then]


@pytest.mark.parametrize("remembers", [False, True])
def test_a_time_that_is_taken_out_of_the_post_means_now(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands, remembers: bool
) -> None:
    kept = ledger if remembers else None
    run(fresh(ledger=kept), [replace(NEW, mail_at=FIRST)], hands, policy=WAITING)
    made = run(fresh(ledger=kept), [NEW], hands, policy=WAITING)
    assert made.items[0].reason.endswith("to be moved to now")
    assert len(fake.sendings) == 1


@pytest.mark.parametrize("remembers", [False, True])
def test_what_a_person_unscheduled_waits_for_their_word(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands, ledger: SqlErrands, remembers: bool
) -> None:
    kept = ledger if remembers else None
    later = replace(NEW, mail_at=FIRST)
    run(fresh(ledger=kept), [later], hands, policy=WAITING)
    (identity,) = fake.campaigns
    fake.person_sets(identity, status="save", send_time="")
    for wanted in (later, replace(later, mail_at=SECOND), replace(later, mail_at=None)):
        made = run(fresh(ledger=kept), [wanted], hands, policy=WAITING)
        assert verdicts(made) == {"new": Verdict.HELD}
        assert "as if somebody took it back in Mailchimp" in made.items[0].reason
    assert scheduled(fake) == [("save", "")]
    silenced = run(fresh(ledger=kept), [replace(later, mail=False)], hands, policy=WAITING)
    assert verdicts(silenced) == {"new": Verdict.SITE_ONLY}
    released = Decisions(release=frozenset({"new"}))
    run(fresh(ledger=kept), [later], hands, policy=WAITING, decisions=released)
    assert [status for status, _ in scheduled(fake)] == ["schedule"]
    hands.now = NOW + DAY
    fake.settle()
    run(fresh(ledger=kept), [later], hands, policy=WAITING)
    assert len(fake.sendings) == 1


def test_a_time_that_a_person_chose_in_mailchimp_stays(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [replace(NEW, mail_at=FIRST)], hands, policy=WAITING)
    (identity,) = fake.campaigns
    fake.person_sets(identity, send_time="2026-03-01T20:00:00+00:00")
    for wanted in (FIRST, SECOND):
        made = run(fresh(), [replace(NEW, mail_at=wanted)], hands, policy=WAITING)
        assert made.items[0].reason == "moved in Mailchimp to 2026-03-01 20:00 UTC, and left so"
    assert scheduled(fake) == [("schedule", "2026-03-01T20:00:00+00:00")]


@pytest.mark.parametrize("wait", range(1, 46, 4))
@pytest.mark.parametrize("remembers", [False, True])
def test_lists_that_lag_behind_do_not_look_like_a_person(
    fake: FakeMailchimp, hands: Hands, ledger: SqlErrands, wait: int, remembers: bool
) -> None:
    def once(hours: int) -> Plan:
        wire = FakeWire(fake, before=lambda: hands.sleep(1))
        mailchimp = provider(wire, hands, hands.sleep, ledger=ledger if remembers else None)
        return run(mailchimp, [replace(NEW, mail_at=NOW + timedelta(hours=hours))], hands, policy=WAITING)

    once(5)
    fake.lag = timedelta(seconds=30)
    for hours in (5, 9, 9):
        hands.sleep(wait)
        try:
            assert not once(hours).of(Verdict.HELD)
        except PlanChanged:
            continue  # the lists have caught up meanwhile
    fake.lag = timedelta()
    hands.sleep(60)
    once(9)
    assert ("schedule", "2026-03-01T21:00:00+00:00") in [
        (campaign["status"], campaign.get("send_time")) for campaign in fake.campaigns.values()
    ]
    hands.now = NOW + DAY
    fake.settle()
    assert len(fake.sendings) == 1


def test_a_sent_campaign_that_a_person_deleted_is_not_sent_again_on_an_empty_disk(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [NEW], hands)
    hands.sleep(7_200)
    fake.settle()
    fake.person_deletes(next(iter(fake.campaigns)))
    newer = post("newer", date=hands.now)
    hands.sleep(60)
    made = run(fresh(), [newer, NEW], hands)
    assert verdicts(made) == {"newer": Verdict.MAIL, "new": Verdict.HELD}
    assert "something was sent to this list at 2026-03-01 12:00 UTC" in made.of(Verdict.HELD)[0].reason
    assert [sending.title.partition(" [")[0] for sending in fake.sendings] == ["About new", "About newer"]


def test_who_says_that_it_was_another_campaign_is_believed(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    by_hand = fake.person_creates("By hand", "Greetings")
    fake._leave(by_hand)
    hands.sleep(7_200)
    fake.settle()
    assert planned(fresh(), [NEW], hands) == {"new": Verdict.MAIL}
    fake.person_deletes(by_hand)
    assert planned(fresh(), [NEW], hands) == {"new": Verdict.HELD}
    assert planned(fresh(), [replace(NEW, mail=False)], hands) == {"new": Verdict.SITE_ONLY}
    run(fresh(), [NEW], hands, decisions=Decisions(release=frozenset({"new"})))
    assert len(fake.sendings) == 2


def test_a_lost_answer_to_scheduling_is_reconciled(fake: FakeMailchimp, hands: Hands) -> None:
    later = replace(NEW, mail_at=NOW + DAY)
    for call in range(25):
        wire = FakeWire(fake, {call: Fault.LOST_AFTER})
        try:
            run(provider(wire, hands, hands.sleep), [later], hands, policy=WAITING)
        except BelongingError:
            hands.sleep(200)
    assert [campaign["status"] for campaign in fake.campaigns.values()] == ["schedule"]


def test_a_test_letter_goes_to_one_address_and_leaves_the_campaign_a_draft(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fresh().test(NEW, letter_of(NEW), SecretStr("me@example.org"))
    (entry,) = fake.tests
    assert entry[1] == ("me@example.org",)
    assert fake.sendings == []
    run(fresh(), [NEW], hands)
    assert len(fake.sendings) == 1
    assert len(fake.campaigns) == 1
    with pytest.raises(DecisionNeeded):
        fresh().test(NEW, letter_of(NEW), SecretStr("me@example.org"))


# --- who gets what ---


@pytest.fixture
def cut(fake: FakeMailchimp) -> FakeMailchimp:
    fake.segments += [{"id": 77, "name": "Readers", "member_count": 30, "list_id": LIST}]
    fake.groups["aa11"] = ("Topics", {"bb22": "Belonging", "cc33": "Recovery"})
    return fake


def test_a_saved_segment_is_found_by_its_name(fresh: Fresh, cut: FakeMailchimp, hands: Hands) -> None:
    mailchimp = fresh(settings=MailchimpSettings(audience="belonging", segment="Readers"))
    assert mailchimp.audience_size() == 30
    assert "segment “Readers”" in mailchimp.describe()
    run(mailchimp, [NEW], hands)
    assert cut.sendings[0].recipients == 30


def test_each_category_goes_to_its_interest(fresh: Fresh, cut: FakeMailchimp, hands: Hands) -> None:
    chosen = MailchimpSettings(interest_group="topics", interests={"Relapse": "Recovery"})
    run(fresh(settings=chosen), [replace(NEW, category="Relapse")], hands)
    (campaign,) = cut.campaigns.values()
    (condition,) = campaign["recipients"]["segment_opts"]["conditions"]
    assert condition == {
        "condition_type": "Interests",
        "field": "interests-aa11",
        "op": "interestcontains",
        "value": ["cc33"],
    }
    assert cut.sendings[0].recipients == 7


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            MailchimpSettings(audience="Other"),
            "no audience “Other”.*mailchimp.audience; there is: “Belonging”",
        ),
        (MailchimpSettings(segment="Other"), "no segment “Other”.*“Readers”"),
        (MailchimpSettings(interest_group="Other"), "no group of interests “Other”.*“Topics”"),
        (MailchimpSettings(interest_group="Topics"), r"no interest in the group Topics “Odd”.*posts/new\.md"),
    ],
)
def test_a_name_that_is_not_there_is_refused_with_those_that_are(
    fresh: Fresh, cut: FakeMailchimp, hands: Hands, settings: MailchimpSettings, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        run(fresh(settings=settings), [replace(NEW, category="Odd")], hands)
    assert cut.campaigns == {}


def test_two_of_one_name_are_told_apart_by_id(fresh: Fresh, fake: FakeMailchimp) -> None:
    fake.add_list("fff0", "Belonging")
    with pytest.raises(SettingsError, match=r"2 of this name.*fff0"):
        fresh(settings=MailchimpSettings(audience="Belonging")).describe()
    assert "Belonging" in fresh(settings=MailchimpSettings(audience="fff0")).describe()
    with pytest.raises(SettingsError, match="no audience without a name"):
        fresh().describe()


# --- status ---


def test_status_is_made_of_sums_and_they_add_up(fresh: Fresh, fake: FakeMailchimp, hands: Hands) -> None:
    run(fresh(), [NEW], hands)
    hands.sleep(900)
    identity = fake.sendings[0].campaign
    fake.sums[identity] = {
        "bounces": {"hard_bounces": 3, "soft_bounces": 2, "syntax_errors": 1},
        "unsubscribed": 4,
        "abuse_reports": 1,
    }
    fake.person_creates("By hand", "Something else")
    (report,) = fresh().reports()
    assert report.campaign.state is CampaignState.SENT
    assert (report.tally.audience, report.tally.accepted, report.tally.rejected) == (100, 94, 6)
    assert report.reasons == {
        "bounced for good": 4,
        "bounced for now": 2,
        "unsubscribed after it": 4,
        "complained of it": 1,
    }


def test_nothing_that_the_pipeline_does_names_a_person(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    run(fresh(), [NEW], hands)
    fresh().reports()
    assert not any("members" in path for _, path in fake.calls)


def test_a_check_that_fails_leaves_a_draft_that_the_next_run_takes_over(
    fresh: Fresh, fake: FakeMailchimp, hands: Hands
) -> None:
    fake.lists[LIST]["use_archive_bar"] = True
    with pytest.raises(CheckFailed):
        run(fresh(), [NEW], hands)
    fake.lists[LIST]["use_archive_bar"] = False
    run(fresh(), [NEW], hands)
    assert len(fake.campaigns) == len(fake.sendings) == 1


def test_a_creation_that_is_carried_out_late_is_found(fake: FakeMailchimp, hands: Hands) -> None:
    faults = dict.fromkeys(range(30), Fault.LATE)

    class OnlyCreation(FakeWire):
        def __call__(self, method: str, url: str, **more: object) -> object:  # type: ignore[override]
            self.faults = faults if method == "POST" and url.endswith("/campaigns") else {}
            return super().__call__(method, url, **more)  # type: ignore[arg-type]

    run(provider(OnlyCreation(fake), hands, hands.sleep), [NEW], hands)
    assert len(fake.campaigns) == len(fake.sendings) == 1


def test_a_creation_that_nobody_knows_of_stops_the_run(fake: FakeMailchimp, hands: Hands) -> None:
    class NoCreation(FakeWire):
        def __call__(self, method: str, url: str, **more: object) -> object:  # type: ignore[override]
            self.faults = {self.calls: Fault.LOST} if method == "POST" and url.endswith("/campaigns") else {}
            return super().__call__(method, url, **more)  # type: ignore[arg-type]

    wire = NoCreation(fake)
    with pytest.raises(AnswerLost, match="did not say whether it created"):
        run(provider(wire, hands, hands.sleep), [NEW], hands)
    assert sum(path == "/campaigns" and method == "POST" for method, path in fake.calls) == 0
    assert fake.campaigns == {}
