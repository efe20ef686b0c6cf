"""Letters as their readers chose them: over a real list, a real store and a real Maildir, whatever happens when."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.campaigns import EVERYBODY, campaign_id
from pipeline.digests import Pace
from pipeline.doctor import Level, examine
from pipeline.errors import CheckFailed, TransportDown
from pipeline.letters import Guise
from pipeline.mail.composing import Composer
from pipeline.mail.maildir import Maildir
from pipeline.mail.sameness import differences
from pipeline.planning import Decisions, Verdict
from pipeline.posts import Post, Site, manifest
from pipeline.providers.embedded import EmbeddedList
from pipeline.publishing import Publishing
from pipeline.site import Built
from pipeline.store.choices import SqlChoices
from pipeline.store.tables import deliveries, subscribers
from pipeline.subscribers import Origin
from pipeline.subscribers.choices import Choices, opened, sealed
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Ticket
from pipeline.wiring import Project
from tests.builders import Hands, post

ROOT = Path(__file__).resolve().parents[1]
URL = "https://belonging.example.org"
SITE = Site(name="Belonging", url=URL, lang="en", timezone="UTC")
MONDAY = datetime.fromisoformat("2026-03-02T09:00:00+00:00")
DAY = timedelta(days=1)
READERS = tuple(f"reader{number}@lists.example.com" for number in range(4))
_BODY = "<p>It takes a while, and then it takes a while longer. {}</p><h2>And then</h2><p>It ends well.</p>"
_TOKEN = re.compile(rb"/unsubscribe/[A-Za-z0-9_-]{10,}(?:=\r\n[A-Za-z0-9_-]+)*")


@dataclass
class Desk:
    """A list of some readers, its site, and its clock."""

    root: Path
    hands: Hands
    posts: list[Post] = field(default_factory=list)
    neutral: str = "Letters"

    def __post_init__(self) -> None:
        (self.root / "newsletter.toml").write_text(
            f"""
[letter]
name = "Sober together"
postal_address = ["Belonging", "1 Example Street"]
[sender]
name = "Sober together"
address = "letters@belonging.example.org"
[discreet]
sender_name = "{self.neutral}"
[campaigns]
max_new = 9
[list]
service_url = "{URL}/list"
""",
            encoding="utf-8",
        )
        (self.root / "theme").symlink_to(ROOT / "theme")
        (self.root / "output").mkdir()
        self.project = Project(self.root, {}, self.hands, self.hands.sleep)
        for reader in READERS:
            assert self.project.joining.add(reader, origin=Origin.ADDED)
        self.ids = {
            Sealer(self.project.keyring).open(row.address, column=ADDRESS, row=row.id): row.id
            for row in self._rows()
        }
        self.send()

    def _rows(self) -> Sequence[sa.Row[tuple[object, ...]]]:
        with self.project.engine.connect() as connection:
            return connection.execute(sa.select(subscribers)).all()

    def write(self, name: str, **changes: object) -> Post:
        """Publish a post now."""
        made = post(
            name,
            summary=f"What {name} is about, in a sentence.",
            body=_BODY.format(name),
            url=f"{URL}/relapse-and-{name}/",
            title=f"Relapse and {name}",
            date=self.hands.now,
            **changes,
        )
        self.posts.append(made)
        return made

    @property
    def publishing(self) -> Publishing:
        built = Built(output=self.root / "output", manifest=self.root / "posts.json")
        manifest.write(built.manifest, SITE, self.posts)
        return self.project.publishing(built)

    @property
    def provider(self) -> EmbeddedList:
        made = self.publishing.provider
        assert isinstance(made, EmbeddedList)
        return made

    def send(self, **decisions: object) -> list[str]:
        """Do what a run does; answer what was sent."""
        publishing = self.publishing
        plan = publishing.plan(Decisions(**decisions))  # type: ignore[arg-type]
        publishing.send(plan, publishing.proposals(plan))
        return [item.post.id for item in plan.to_send]

    def choose(self, reader: str, choices: Choices) -> None:
        """Set what somebody chose, whatever it was."""
        row = self.ids[reader]
        cell = sealed(choices, Sealer(self.project.keyring), row=row)
        with self.project.engine.begin() as connection:
            connection.execute(sa.update(subscribers).where(subscribers.c.id == row).values(choices=cell))

    def pace(self, reader: str, pace: Pace) -> None:
        """Change how often somebody is written to, as the page does it."""
        row, sealer = self.ids[reader], Sealer(self.project.keyring)

        def change(cell: bytes | None, frozen: datetime | None) -> bytes | None:
            return sealed(
                opened(cell, sealer, row=row).with_pace(pace, self.hands.now, frozen), sealer, row=row
            )

        assert SqlChoices(self.project.engine).choose(Ticket(subscriber_id=row, life=1), change)

    @property
    def mails(self) -> dict[str, list[EmailMessage]]:
        """Read what everybody got, the oldest first."""
        found: dict[str, list[EmailMessage]] = {reader: [] for reader in READERS}
        for file in sorted(
            (self.root / "var" / "mail" / "new").glob("*"), key=lambda f: f.stat().st_mtime_ns
        ):
            message = message_from_bytes(file.read_bytes(), policy=SMTP)
            assert isinstance(message, EmailMessage)
            found[str(message["To"])].append(message)
        return found

    def got(self, reader: str) -> list[str]:
        """Name the posts that somebody got, one by one, by letter or by digest."""
        names = [one.title.removeprefix("Relapse and ") for one in self.posts]
        return [
            name
            for mail in self.mails[reader]
            for name in names
            if re.search(rf"Relapse and {name}(?!\w)", text_of(mail))
        ]


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, Hands(MONDAY))
    yield made
    made.project.engine.dispose()


# --- one letter, many guises ---


def test_everybody_gets_the_letter_as_they_chose(desk: Desk) -> None:
    whole, discreet, notice, plain = READERS
    desk.choose(discreet, Choices(guise=Guise.DISCREET))
    desk.choose(notice, Choices(guise=Guise.NOTICE))
    desk.choose(plain, Choices(guise=Guise.DISCREET, text=True))
    desk.write("hope")
    assert desk.send() == ["hope"]
    by = {reader: mails[0] for reader, mails in desk.mails.items()}
    assert [len(mails) for mails in desk.mails.values()] == [1] * 4
    assert str(by[whole]["Subject"]) == "Relapse and hope"
    assert str(by[whole]["From"]) == "Sober together <letters@belonging.example.org>"
    for reader in (discreet, notice, plain):
        outside = "\n".join(f"{name}: {value}" for name, value in by[reader].items()).lower()
        assert "relapse" not in outside
        assert "sober" not in outside
        assert str(by[reader]["From"]).startswith("Letters <")
        assert "Letters" in str(by[reader]["List-Id"])
    assert str(by[discreet]["Subject"]) == "Your letter of 2 March 2026"
    assert "Relapse and hope" in text_of(by[discreet])
    first = text_of(by[plain])[:160].lower()
    assert "relapse" not in first
    assert by[plain].get_content_type() == "text/plain"
    everything = by[notice].as_string().lower().replace("=\n", "")
    assert str(by[notice]["Subject"]) == "A new letter is on the site"
    for word in ("relapse", "hope", "sober", "it ends well"):
        assert word not in everything, word
    assert f"{URL}/" in text_of(by[notice])


def test_copies_of_one_variant_are_the_same_byte_for_byte(desk: Desk) -> None:
    for reader in READERS[:2]:
        desk.choose(reader, Choices(guise=Guise.DISCREET))
    for reader in READERS[2:]:
        desk.choose(reader, Choices(guise=Guise.NOTICE, text=True))
    desk.write("hope")
    desk.send()
    raw: dict[str, bytes] = {}
    for file in (desk.root / "var" / "mail" / "new").glob("*"):
        content = file.read_bytes().replace(b"=\r\n", b"").replace(b"=\n", b"")
        content = re.sub(rb"(?m)^(To|Message-ID|Date|Delivered-To): .*\r?\n", b"", content)
        to = str(message_from_bytes(file.read_bytes())["To"])
        raw[to] = re.sub(rb"/unsubscribe/[A-Za-z0-9_-]{36}", b"/unsubscribe/", content)
    assert raw[READERS[0]] == raw[READERS[1]]
    assert raw[READERS[2]] == raw[READERS[3]]
    assert raw[READERS[0]] != raw[READERS[2]]


def test_the_link_to_preferences_is_the_same_for_everybody(desk: Desk) -> None:
    desk.write("hope")
    desk.send()
    assert {f"{URL}/list/preferences" in text_of(mails[0]) for mails in desk.mails.values()} == {True}
    assert not any(re.search(r"/list/preferences[/?]", text_of(mails[0])) for mails in desk.mails.values())


def test_a_campaign_keeps_what_was_chosen_when_it_was_frozen(desk: Desk) -> None:
    reader = READERS[0]
    desk.choose(reader, Choices(guise=Guise.DISCREET))
    hope = desk.write("hope")
    publishing = desk.publishing
    plan = publishing.plan()
    (proposal,) = publishing.proposals(plan)
    publishing.provider.accept(plan)
    desk.provider.allot(proposal.item, proposal.letter, publishing._rendering(proposal.item))
    with desk.project.engine.connect() as connection:
        kept = connection.execute(
            sa.select(deliveries.c.variant).where(deliveries.c.subscriber_id == desk.ids[reader])
        ).scalar_one()
    assert kept
    desk.choose(reader, Choices())
    desk.posts[0] = replace(hope, title="Another title", body="<p>Other words.</p>")
    assert desk.send() == ["hope"]
    assert str(desk.mails[reader][0]["Subject"]) == "Your letter of 2 March 2026"
    with desk.project.engine.connect() as connection:
        left = connection.execute(sa.select(deliveries.c.variant)).scalars().all()
    assert list(left) == [0, 0, 0, 0], "nothing tells any more what somebody chose"


def test_a_message_tried_again_is_the_same_message(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = READERS[0]
    desk.choose(reader, Choices(guise=Guise.DISCREET, text=True))
    desk.write("hope")
    seen: list[bytes] = []
    composed = Composer.compose

    def listening(self: Composer, **values: object) -> object:
        made = composed(self, **values)  # type: ignore[arg-type]
        if made.to == reader:
            seen.append(made.content)
        return made

    monkeypatch.setattr(Composer, "compose", listening)
    maildir = Maildir(desk.root / "var" / "mail")
    real = type(maildir.open()).send

    def failing(session: object, message: object) -> object:
        raise TransportDown("gone")

    monkeypatch.setattr(type(maildir.open()), "send", failing)
    with pytest.raises(TransportDown):
        desk.send()
    monkeypatch.setattr(type(maildir.open()), "send", real)
    desk.choose(reader, Choices(guise=Guise.NOTICE))
    desk.send()
    tries = [content for content in seen if b"Your letter" in content]
    assert len(tries) >= 2
    assert len({re.sub(rb"(?m)^Date: .*\r\n", b"", content) for content in tries}) == 1
    assert len(desk.mails[reader]) == 1


def test_every_variant_passes_the_check_that_no_copy_tells_on_its_reader(desk: Desk) -> None:
    for reader, guise in zip(READERS, [*Guise, Guise.OPEN], strict=True):
        desk.choose(reader, Choices(guise=guise, text=reader == READERS[3]))
    desk.write("hope")
    desk.send()
    provider = desk.provider
    campaign = provider.campaigns.campaign(campaign_id(EVERYBODY, "hope"))
    assert campaign is not None
    composers = provider._composers(campaign, provider.kept(desk.posts[0]))
    assert len(composers.variants) == 6
    assert [differences(composers(variant)) for variant in composers.variants] == [()] * 6
    assert provider.check(campaign) == ()


def test_a_discreet_letter_that_would_tell_is_not_sent_and_nothing_is_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Hands(MONDAY), neutral="The recovery people")
    desk.choose(READERS[0], Choices(guise=Guise.DISCREET))
    desk.write("hope")
    publishing = desk.publishing
    plan = publishing.plan()
    (proposal,) = publishing.proposals(plan)
    assert any("From holds “recover”" in remark for remark in proposal.remarks)
    with pytest.raises(CheckFailed, match="From holds"):
        publishing.send(plan, [proposal])
    assert sum(map(len, desk.mails.values())) == 0
    assert desk.provider.kept(desk.posts[0]) == ()
    desk.choose(READERS[0], Choices())
    assert desk.send() == ["hope"]
    assert [len(mails) for mails in desk.mails.values()] == [1] * 4
    desk.project.engine.dispose()


def test_the_doctor_says_why_discreet_letters_are_not_offered(tmp_path: Path) -> None:
    desk = Desk(tmp_path, Hands(MONDAY), neutral="")
    file = desk.project.builder.manifest
    file.parent.mkdir(parents=True, exist_ok=True)
    manifest.write(file, SITE, [])
    (found,) = (one for one in examine(desk.project) if one.name == "discretion")
    assert found.level is Level.WARNING
    assert "From holds “sober”" in found.detail
    again = Project(tmp_path, {}, desk.hands, desk.hands.sleep)
    text = (tmp_path / "newsletter.toml").read_text(encoding="utf-8")
    (tmp_path / "newsletter.toml").write_text(text.replace('sender_name = ""', 'sender_name = "Letters"'))
    (well,) = (one for one in examine(again) if one.name == "discretion")
    assert well.level is Level.OK
    for project in (desk.project, again):
        project.engine.dispose()


# --- who gets it at all ---


def test_a_topic_that_is_left_out_does_not_come_in_a_letter_nor_a_digest(desk: Desk) -> None:
    each, weekly, *_ = READERS
    desk.choose(each, Choices(left_out=("Notes",)))
    desk.choose(weekly, Choices(left_out=("Notes",), paces=((MONDAY - DAY, Pace.WEEKLY),)))
    desk.write("one", category="Notes")
    desk.write("two", category="Essays")
    desk.send()
    desk.hands.now += 7 * DAY
    assert desk.send() == ["weekly:2026-W10"]
    assert desk.got(each) == ["two"]
    assert desk.got(weekly) == ["two"]
    assert sorted(desk.got(READERS[2])) == ["one", "two"]


def test_nothing_comes_in_a_pause_nor_later_and_letters_come_again_after_it(desk: Desk) -> None:
    reader = READERS[0]
    desk.choose(reader, Choices(paused_until=date(2026, 3, 10)))
    desk.write("one")
    desk.send()
    desk.hands.now = datetime.fromisoformat("2026-03-09T23:59:59+00:00")
    desk.write("two")
    desk.send()
    assert desk.got(reader) == []
    desk.hands.now = datetime.fromisoformat("2026-03-10T00:00:00+00:00")
    desk.write("three")
    desk.send()
    assert desk.got(reader) == ["three"]
    assert sorted(desk.got(READERS[1])) == ["one", "three", "two"]


def test_a_pause_counts_at_once_even_for_a_letter_that_waits(desk: Desk) -> None:
    reader = READERS[0]
    desk.write("one")
    publishing = desk.publishing
    plan = publishing.plan()
    (proposal,) = publishing.proposals(plan)
    publishing.provider.accept(plan)
    desk.provider.prepare(proposal.item.post, proposal.letter)
    desk.choose(reader, Choices(paused_until=date(2026, 4, 1)))
    desk.send()
    assert desk.got(reader) == []
    (report,) = desk.provider.reports()
    assert (report.tally.accepted, report.tally.excluded, report.reasons) == (3, 1, {"paused": 1})


# --- digests ---


def test_a_digest_holds_the_letters_of_its_week_and_comes_once(desk: Desk) -> None:
    weekly = READERS[0]
    desk.pace(weekly, Pace.WEEKLY)
    desk.write("one", content_note="Mentions a funeral.")
    desk.send()
    desk.hands.now += 3 * DAY
    desk.write("two")
    assert desk.send() == ["two"]
    assert desk.got(weekly) == []
    desk.hands.now = MONDAY + 7 * DAY
    desk.write("three")
    assert desk.send() == ["three", "weekly:2026-W10"]
    assert desk.send() == []
    assert desk.got(weekly) == ["one", "two"]
    (digest,) = desk.mails[weekly]
    assert str(digest["Subject"]) == "Letters from 2 March 2026 to 8 March 2026"
    text = text_of(digest)
    assert "What one is about, in a sentence." in text
    assert "Mentions a funeral." in text
    assert f"{URL}/relapse-and-two/" in text
    assert [len(desk.mails[reader]) for reader in READERS[1:]] == [3] * 3
    reports = {report.campaign.post_id: report.tally.accepted for report in desk.provider.reports()}
    assert reports == {"one": 3, "two": 3, "three": 3, "weekly:2026-W10": 1}


def test_a_digest_has_the_guise_that_its_reader_chose(desk: Desk) -> None:
    paces = ((MONDAY - DAY, Pace.MONTHLY),)
    desk.choose(READERS[0], Choices(paces=paces, guise=Guise.DISCREET))
    desk.choose(READERS[1], Choices(paces=paces, guise=Guise.NOTICE, text=True))
    desk.choose(READERS[2], Choices(paces=paces))
    desk.write("one")
    desk.send()
    desk.hands.now = datetime.fromisoformat("2026-04-01T08:00:00+00:00")
    assert desk.send() == ["monthly:2026-03"]
    subjects = [str(desk.mails[reader][0]["Subject"]) for reader in READERS]
    assert subjects == [
        "Your letter of 1 April 2026",
        "A new letter is on the site",
        "Letters from 1 March 2026 to 31 March 2026",
        "Relapse and one",
    ]
    assert "relapse" not in desk.mails[READERS[1]][0].as_string().lower()


def test_an_empty_week_or_one_that_nobody_waits_for_has_no_digest(desk: Desk) -> None:
    desk.write("one")
    desk.send()
    desk.hands.now += 7 * DAY
    assert desk.send() == []
    desk.pace(READERS[0], Pace.WEEKLY)
    desk.hands.now += 7 * DAY
    assert desk.send() == []
    assert len(desk.provider.reports()) == 1


def test_a_digest_that_is_too_late_waits_for_a_word(desk: Desk) -> None:
    desk.pace(READERS[0], Pace.WEEKLY)
    desk.write("one")
    desk.send()
    desk.hands.now += 40 * DAY
    plan = desk.publishing.plan()
    (item,) = (item for item in plan.items if item.digest)
    assert item.verdict is Verdict.TOO_OLD
    assert "--release weekly:2026-W10" in item.reason
    assert desk.send() == []
    assert desk.send(release=frozenset({"weekly:2026-W10"})) == ["weekly:2026-W10"]
    assert desk.got(READERS[0]) == ["one"]


def test_a_digest_that_is_skipped_is_never_sent(desk: Desk) -> None:
    desk.pace(READERS[0], Pace.WEEKLY)
    desk.write("one")
    desk.send()
    desk.hands.now += 7 * DAY
    assert desk.send(skip=frozenset({"weekly:2026-W10"})) == []
    assert desk.send() == []


def test_a_digest_leaves_out_what_was_cancelled_or_is_gone(desk: Desk) -> None:
    desk.pace(READERS[0], Pace.WEEKLY)
    for name in ("one", "two", "three"):
        desk.write(name)
    desk.send()
    desk.posts = [one for one in desk.posts if one.id != "two"]
    desk.hands.now += 7 * DAY
    desk.send()
    assert desk.got(READERS[0]) == ["one", "three"]


def test_a_digest_interrupted_goes_on_with_the_same_letter(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reader in READERS[:2]:
        desk.pace(reader, Pace.WEEKLY)
    desk.write("one")
    desk.send()
    desk.hands.now += 7 * DAY
    sent = EmbeddedList.send

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EmbeddedList, "send", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.send()
    monkeypatch.setattr(EmbeddedList, "send", sent)
    desk.pace(READERS[0], Pace.EACH)
    desk.posts[0] = replace(desk.posts[0], summary="Something else.")
    (item,) = desk.publishing.plan().to_send
    assert item.verdict is Verdict.RESUME
    assert desk.send() == ["weekly:2026-W10"]
    assert [desk.got(reader) for reader in READERS[:2]] == [["one"], ["one"]]
    assert "What one is about" in text_of(desk.mails[READERS[0]][0])


def test_the_plan_tells_whom_each_letter_reaches(desk: Desk) -> None:
    desk.pace(READERS[0], Pace.WEEKLY)
    desk.choose(READERS[1], Choices(left_out=("Notes",)))
    desk.write("one")
    desk.send()
    desk.hands.now += 7 * DAY
    desk.write("two", category="Notes")
    publishing = desk.publishing
    plan = publishing.plan()
    assert publishing.readers(plan) == {"two": 2, "weekly:2026-W10": 1}
    assert publishing.plan().digest == plan.digest


steps = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.sampled_from(["Essays", "Notes"])),
        st.tuples(st.just("send"), st.just("")),
        st.tuples(st.sampled_from(READERS), st.sampled_from([pace.value for pace in Pace])),
        st.tuples(st.just("wait"), st.sampled_from(["1", "30", "80", "170", "400"])),
    ),
    min_size=4,
    max_size=14,
)


@settings(
    max_examples=300 if "BELONGING_SOAK" in os.environ else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(events=steps)
def test_nobody_gets_a_letter_twice_and_nobody_is_left_out_however_they_change_their_minds(
    events: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    desk = Desk(tmp_path_factory.mktemp("minds"), Hands(MONDAY))
    try:
        for what, value in events:
            desk.hands.now += timedelta(minutes=1)
            if what == "post":
                desk.write(f"p{len(desk.posts)}x", category=value)
            elif what == "send":
                desk.send(release=_late(desk))
            elif what == "wait":
                desk.hands.now += timedelta(hours=int(value))
            else:
                desk.pace(what, Pace(value))
        for days in (0, 8, 32):
            desk.hands.now += days * DAY
            desk.send(release=_late(desk))
        expected = Counter(one.title.removeprefix("Relapse and ") for one in desk.posts)
        assert {reader: Counter(desk.got(reader)) for reader in READERS} == dict.fromkeys(READERS, expected)
    finally:
        desk.project.engine.dispose()


def _late(desk: Desk) -> frozenset[str]:
    """Say yes to whatever waits for a word."""
    items = desk.publishing.plan().items
    return frozenset(item.post.id for item in items if item.verdict in {Verdict.TOO_OLD, Verdict.STOPPED})
