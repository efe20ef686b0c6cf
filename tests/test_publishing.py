"""From the manifest to a plan, to letters, to campaigns: over a real list, a real store and a real Maildir."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from pipeline.errors import BelongingError, CheckFailed, PlanChanged, RenderingError
from pipeline.letters import Edition, Guise, ImagePolicy
from pipeline.mail.composing import PLACEHOLDER
from pipeline.planning import Decisions, Item, Verdict
from pipeline.posts import Post, Site, manifest
from pipeline.providers.embedded import EmbeddedList
from pipeline.publishing import Proposal, Publishing, Watcher, require
from pipeline.rendering import encoded_size
from pipeline.site import Built
from pipeline.wiring import Project
from tests.builders import NOW, Hands, post

ROOT = Path(__file__).resolve().parents[1]
SITE = Site(name="Belonging", url="https://belonging.example.org", lang="en", timezone="UTC")
SETTINGS = """\
[letter]
name = "Belonging"
postal_address = ["Belonging", "1 Example Street"]
[sender]
name = "Belonging"
address = "letters@belonging.example.org"
[list]
service_url = "https://belonging.example.org/list"
"""
_BODY = "<p>It takes a while, and then it takes a while longer. {}</p><h2>And then</h2><p>It ends well.</p>"


def essay(name: str, **changes: object) -> Post:
    """Make a post that is fit to be a letter."""
    summary = f"What {name} is about, in a sentence."
    return post(name, **{"summary": summary, "body": _BODY.format(name), **changes})


@dataclass
class Desk:
    """A project on disk, and its clock."""

    root: Path
    hands: Hands

    def __post_init__(self) -> None:
        (self.root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
        (self.root / "theme").symlink_to(ROOT / "theme")
        (self.root / "output").mkdir()
        self.project = Project(self.root, {}, self.hands, self.hands.sleep)

    def publishing(self, *posts: Post) -> Publishing:
        built = Built(output=self.root / "output", manifest=self.root / "posts.json")
        manifest.write(built.manifest, SITE, posts)
        return self.project.publishing(built)

    @property
    def mailed(self) -> list[str]:
        """Answer the subjects of all letters, one for each reader."""
        files = (self.root / "var" / "mail" / "new").glob("*")
        return sorted(str(message_from_bytes(file.read_bytes())["Subject"]) for file in files)

    def send(self, publishing: Publishing) -> None:
        plan = publishing.plan()
        publishing.send(plan, publishing.proposals(plan))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A list of three sample readers whose first run is over, over a site without posts."""
    made = Desk(tmp_path, Hands())
    made.send(made.publishing())
    yield made
    made.project.engine.dispose()


def proposed(publishing: Publishing) -> tuple[Proposal, ...]:
    return publishing.proposals(publishing.plan())


def test_a_new_post_is_proposed_with_the_letter_that_would_be_sent(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    assert isinstance(publishing.provider, EmbeddedList)
    (proposal,) = proposed(publishing)
    assert proposal.item.verdict is Verdict.MAIL
    assert proposal.letter.subject == "About a"
    assert proposal.size == encoded_size(proposal.letter.html) > 5_000
    assert "It takes a while" in proposal.letter.text
    assert (proposal.problems, proposal.remarks) == ((), ())
    assert desk.mailed == []


def test_the_older_of_two_posts_is_mailed_first(desk: Desk) -> None:
    publishing = desk.publishing(essay("young"), essay("old", date=NOW - timedelta(days=2)))
    assert [proposal.item.post.id for proposal in proposed(publishing)] == ["old", "young"]


def test_what_was_sent_is_not_sent_again(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    plan = publishing.plan()
    (receipt,) = publishing.send(plan, publishing.proposals(plan))
    assert receipt.complete
    assert (receipt.tally.audience, receipt.tally.accepted) == (3, 3)
    assert proposed(publishing) == ()
    with pytest.raises(PlanChanged):
        publishing.send(plan, ())
    assert desk.mailed == ["About a"] * 3


def test_a_plan_that_somebody_else_has_overtaken_sends_nothing(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"), essay("b"))
    plan = publishing.plan()
    proposals = publishing.proposals(plan)
    publishing.provider.accept(publishing.plan(Decisions(skip=frozenset({"b"}))))
    with pytest.raises(PlanChanged):
        publishing.send(plan, proposals)
    assert desk.mailed == []


def test_one_letter_that_breaks_a_rule_holds_all_of_them_and_leaves_no_trace(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"), essay("b"))
    plan = publishing.plan()
    fine, broken = publishing.proposals(plan)
    broken = replace(broken, problems=("links: one leads nowhere", "size: too large"))
    with pytest.raises(CheckFailed) as refused:
        publishing.send(plan, (fine, broken))
    assert refused.value.message.splitlines() == [
        f"{broken.item.post.source}: links: one leads nowhere",
        f"{broken.item.post.source}: size: too large",
    ]
    assert desk.mailed == []
    assert publishing.plan().history_version == plan.history_version


def test_a_letter_is_held_against_the_rules(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    (proposal,) = proposed(publishing)
    without = replace(proposal.letter, html=proposal.letter.html.replace(PLACEHOLDER, "gone"))
    judged = publishing.judge(proposal.item, [Edition(guise=Guise.OPEN, letter=without)])
    assert judged.problems
    assert all(": " in problem for problem in judged.problems)


def test_a_letter_that_would_tell_on_its_reader_is_refused_at_the_last_moment(desk: Desk) -> None:
    """The provider looks for itself, whatever the rules before it let through."""
    publishing = desk.publishing(essay("a"))
    plan = publishing.plan()
    (proposal,) = publishing.proposals(plan)
    link = f'<a href="https://belonging.example.org/a/?from={PLACEHOLDER}">Read on</a></body>'
    telling = replace(proposal.letter, html=proposal.letter.html.replace("</body>", link))
    with pytest.raises(CheckFailed, match=r"posts/a\.md: ") as refused:
        publishing.send(plan, (replace(proposal, letter=telling),))
    assert "nothing was sent" in refused.value.advice
    assert desk.mailed == []


def test_whoever_watches_is_told_who_is_next_and_how_far_it_is(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"), essay("b", date=NOW - timedelta(days=2)))
    plan = publishing.plan()
    begun: list[tuple[str, int]] = []
    done: list[int] = []
    publishing.send(
        plan,
        publishing.proposals(plan),
        Watcher(
            begins=lambda proposal, left: begun.append((proposal.item.post.id, left)), progress=done.append
        ),
    )
    assert begun == [("b", 3), ("a", 3)]
    assert sum(done) == 6


def test_asked_to_stop_it_begins_no_further_campaign_and_the_next_run_goes_on(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"), essay("b", date=NOW - timedelta(days=2)))
    plan = publishing.plan()
    done: list[int] = []
    watcher = Watcher(progress=done.append, stop=lambda: sum(done) >= 3)
    (receipt,) = publishing.send(plan, publishing.proposals(plan), watcher)
    assert receipt.complete
    assert desk.mailed == ["About b"] * 3
    assert {item.post.id: item.verdict for item in publishing.plan().items} == {
        "a": Verdict.RESUME,
        "b": Verdict.SENT,
    }
    desk.send(publishing)
    assert desk.mailed == ["About a"] * 3 + ["About b"] * 3


def test_a_campaign_that_was_begun_keeps_the_letter_it_began_with(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    plan = publishing.plan()
    done: list[int] = []
    publishing.send(plan, publishing.proposals(plan), Watcher(progress=done.append, stop=lambda: bool(done)))
    assert len(desk.mailed) == 1
    for later in (
        essay("a", title="Another title"),
        essay("a", body=None),
    ):  # changed; too old to have its text
        (proposal,) = proposed(desk.publishing(later))
        assert proposal.letter.subject == "About a"
    desk.send(desk.publishing(essay("a", body=None)))
    assert desk.mailed == ["About a"] * 3


def test_a_post_without_its_text_cannot_become_a_letter(desk: Desk) -> None:
    with pytest.raises(RenderingError, match=r"posts/a\.md: .*newest posts only") as refused:
        proposed(desk.publishing(essay("a", body=None)))
    assert "MANIFEST_BODIES" in refused.value.advice


def test_a_decision_about_a_stranger_is_refused(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    for decisions in (Decisions(release=frozenset({"a", "x"})), Decisions(skip=frozenset({"x"}))):
        with pytest.raises(BelongingError, match=r"no post called x —"):
            publishing.plan(decisions)
    # One that was mailed, and is no longer on the site, is no stranger.
    desk.send(publishing)
    desk.publishing(essay("b")).plan(Decisions(skip=frozenset({"a"})))


def test_the_digest_of_a_plan_stands_for_it(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    plan = publishing.plan()
    require(plan, plan.digest)
    other = desk.publishing(essay("a", body="<p>Other words.</p>")).plan()
    with pytest.raises(PlanChanged, match=other.digest):
        require(other, plan.digest)


def test_pictures_are_read_from_where_the_site_was_built_and_from_nowhere_else(desk: Desk) -> None:
    picture = _png(600, 400)
    (desk.root / "output" / "a b.png").write_bytes(picture)
    (desk.root / "secret.png").write_bytes(picture)
    images = "".join(
        f'<p><img src="{SITE.url}/{name}" alt="{name}" width="600" height="400"></p>'
        for name in ("a%20b.png", "../secret.png", "%2e%2e/secret.png", "%2Fetc/hostname", "gone.png")
    )
    publishing = desk.publishing(essay("a", body=f"<p>Words.</p>{images}"))
    publishing = replace(publishing, images=ImagePolicy.EMBED)
    for name in ("../secret.png", "%2e%2e/secret.png", "%2Fetc/hostname", "gone.png", ""):
        assert publishing._picture(f"{SITE.url}/{name}") is None, name
    only = essay(
        "a", body='<p>Words.</p><p><img src="https://belonging.example.org/a%20b.png" alt="A lamp"></p>'
    )
    letter = replace(desk.publishing(only), images=ImagePolicy.EMBED).letter(only)
    assert [image.data for image in letter.images] == [picture]


def test_what_is_looked_at_is_not_planned(desk: Desk) -> None:
    publishing = desk.publishing(essay("a"))
    looked_at = publishing.judge(
        Item(post=essay("draft"), verdict=Verdict.MAIL), publishing.editions(essay("draft"))
    )
    assert looked_at.problems == ()
    assert {item.post.id for item in publishing.plan().items} == {"a"}


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    data = zlib.compress(b"\x00" * (width + 1) * height)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
