"""How letters come is chosen by whom a link was mailed to, and seen by nobody else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.posts import Site, manifest
from pipeline.store.tables import subscribers
from pipeline.subscribers.choices import Choices, opened
from pipeline.subscribers.sealing import Sealer
from tests.builders import NOW, post
from tests.service.people import unsubscribe_path
from tests.service.world import SITE, World, path_of, running, served, text_of

READER = "reader@lists.example.com"
OTHER = "other@lists.example.com"


@pytest.fixture(autouse=True)
def built(world: World) -> None:
    """The site was built, with posts of two topics, one of which is not mailed."""
    file = world.project.builder.manifest
    file.parent.mkdir(parents=True)
    site = Site(name="Belonging", url=SITE, lang="en", timezone="UTC")
    posts = [
        post("a", category="Essays"),
        post("b", category="Notes"),
        post("c", category="Site", mail=False),
    ]
    manifest.write(file, site, posts)


def ask(world: World, reader: str = READER) -> str:
    """Ask for the page, and answer the path of the link that came."""
    assert world.client.post("/list/preferences", data={"email": reader}).status_code == 200
    world.work()
    return path_of(world.mail())


def chosen(world: World) -> Choices:
    """Read what the one person on the list chose."""
    with world.project.engine.connect() as connection:
        row = connection.execute(sa.select(subscribers)).one()
    return opened(row.choices, Sealer(world.project.keyring), row=row.id)


def save(world: World, link: str, **fields: str) -> str:
    wanted = {"do": "save", "pace": "each", "guise": "open", "pause": "", **fields}
    answer = world.client.post(link, data=wanted)
    assert answer.status_code == 200
    return answer.text


def test_everything_can_be_chosen_and_is_shown_again(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    until = (world.clock() + timedelta(days=30)).date()
    page = save(
        world,
        link,
        pace="weekly",
        guise="discreet",
        text="yes",
        pause=until.isoformat(),
        **{"without:Notes": "yes"},
    )
    assert "Saved" in page
    assert chosen(world) == Choices(
        guise=Guise.DISCREET,
        text=True,
        left_out=("Notes",),
        paused_until=until,
        paces=((world.clock(), Pace.WEEKLY),),
    )
    again = world.client.post(link, data={"do": "show"}).text
    for mark in (
        'value="weekly" checked',
        'value="discreet" checked',
        'name="text" value="yes" checked',
        'name="without:Notes" value="yes" checked',
        f'name="pause" value="{until}"',
    ):
        assert mark in again
    assert 'name="without:Essays" value="yes">' in again
    assert "without:Site" not in again, "no letter is about it"


def test_opening_the_link_shows_nothing_and_changes_nothing(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, guise="notice", **{"without:Notes": "yes"})
    before = world.everything()
    page = world.client.get(link)
    assert page.status_code == 200
    assert "Notes" not in page.text
    assert "notice" not in page.text
    assert world.everything() == before


def test_going_back_to_nothing_chosen_leaves_nothing_stored(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, guise="discreet")
    save(world, link)
    with world.project.engine.connect() as connection:
        assert connection.execute(sa.select(subscribers.c.choices)).scalar_one() is None


@pytest.mark.parametrize("days", [-400, -1, 0, 367, None])
def test_a_pause_that_cannot_be_is_said_to_be_so_and_nothing_is_saved(world: World, days: int | None) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, guise="discreet")
    day = "soon" if days is None else (world.clock() + timedelta(days=days)).date().isoformat()
    answer = world.client.post(link, data={"do": "save", "pace": "weekly", "guise": "notice", "pause": day})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert 'value="weekly" checked' in answer.text, "what was typed is still there"
    assert chosen(world) == Choices(guise=Guise.DISCREET)


def test_all_topics_cannot_be_left_out_and_strange_ones_are_not_kept(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    everything = {"do": "save", "without:Notes": "yes", "without:Essays": "yes"}
    assert world.client.post(link, data=everything).status_code == 422
    save(world, link, **{"without:Notes": "yes", "without:" + "x" * 5_000: "yes"})
    assert chosen(world).left_out == ("Notes",)


def test_a_topic_that_is_no_more_stays_left_out(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, **{"without:Notes": "yes"})
    site = Site(name="Belonging", url=SITE, lang="en", timezone="UTC")
    manifest.write(world.project.builder.manifest, site, [post("a", category="Essays")])
    assert "without:Notes" in world.client.post(link, data={"do": "show"}).text
    save(world, link, **{"without:Notes": "yes"})
    assert chosen(world).left_out == ("Notes",)


def test_fields_that_no_form_of_ours_sends_do_no_harm(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    for strange in ({"pace": "hourly"}, {"guise": "loud"}, {"pace": "\x00"}, {}):
        assert world.client.post(link, data={"do": "save", **strange}).status_code == 200
        assert chosen(world) == Choices()


def test_the_answer_is_the_same_whoever_is_on_the_list(world: World) -> None:
    world.confirmed(READER)
    answers = [
        world.client.post("/list/preferences", data={"email": address})
        for address in (READER, "stranger@lists.example.com")
    ]
    assert answers[0].text == answers[1].text
    world.work()
    assert [str(mail["To"]) for mail in world.mails()] == [READER]


def test_only_who_is_on_the_list_gets_a_link(world: World) -> None:
    world.confirmed(READER)
    world.client.post(unsubscribe_path(world, READER))
    world.ask(OTHER)
    for address in (READER, OTHER):
        world.client.post("/list/preferences", data={"email": address})
    world.work()
    assert world.mails() == []


def test_leaving_forgets_what_was_chosen_and_ends_the_link(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, guise="discreet")
    world.client.post(unsubscribe_path(world, READER))
    with world.project.engine.connect() as connection:
        assert connection.execute(sa.select(subscribers.c.choices)).scalar_one() is None
    for do in ("show", "save", "move"):
        assert world.client.post(link, data={"do": do, "email": OTHER}).status_code == 404


def test_a_link_does_its_own_errand_and_for_a_while(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    text = link.rpartition("/")[2]
    for path in ("rights", "confirm", "move", "unsubscribe"):
        assert world.client.post(f"/list/{path}/{text}", data={"do": "see"}).status_code == 404
    leave = unsubscribe_path(world, READER).rpartition("/")[2]
    assert world.client.post(f"/list/preferences/{leave}", data={"do": "show"}).status_code == 404
    world.clock.now += timedelta(hours=25)
    assert world.client.get(link).status_code == 404
    assert world.client.post(link, data={"do": "show"}).status_code == 404


def test_discreet_letters_can_be_chosen_when_joining(world: World) -> None:
    link = world.ask(READER)
    assert 'name="discreet"' in world.client.get(link).text
    assert world.client.post(link, data={"discreet": "yes"}).status_code == 200
    assert chosen(world) == Choices(guise=Guise.DISCREET)
    assert world.client.post(link).status_code == 200, "pressing again"
    assert chosen(world) == Choices(guise=Guise.DISCREET)


def test_coming_back_begins_anew(world: World) -> None:
    world.client.post(world.ask(READER), data={"discreet": "yes"})
    world.client.post(unsubscribe_path(world, READER))
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)
    assert chosen(world) == Choices()


def test_what_was_chosen_is_among_what_is_stored_and_goes_with_it(world: World) -> None:
    world.confirmed(READER)
    save(world, ask(world), guise="discreet", pace="monthly", **{"without:Notes": "yes"})
    world.client.post("/list/rights", data={"email": READER})
    world.work()
    rights = path_of(world.mail())
    stored = json.loads(world.client.post(rights, data={"do": "take"}).text)
    assert stored["how_letters_come"] == [
        {"mailbox": "discreet", "form": "html", "left_out": "Notes", "paused_until": None}
    ]
    assert stored["how_often"] == [{"pace": "monthly", "from": NOW.isoformat(timespec="seconds")}]
    assert "Notes" in world.client.post(rights, data={"do": "see"}).text
    world.client.post(rights, data={"do": "erase"})
    assert world.everything()["subscribers"] == []


def test_what_cannot_be_discreet_is_not_offered(tmp_path: Path) -> None:
    root = tmp_path / "named"
    root.mkdir()
    with running(root) as world:
        settings = (
            (root / "newsletter.toml").read_text().replace('name = "Belonging"', 'name = "Sober together"')
        )
        (root / "newsletter.toml").write_text(settings)
        del world.project.__dict__["settings"]
        made = type(world.made)(world.project).service
        assert made.preferences is not None
        assert tuple(made.preferences.guises) == (Guise.OPEN,)
        with served(made.alone()) as url:
            link = url + world.ask(READER)
            assert 'name="discreet"' not in httpx.get(link).text
            assert httpx.post(link, data={"discreet": "yes"}).status_code == 200
        assert chosen(world) == Choices(), "else nothing could be sent to anybody"


# --- another address ------------------------------------------------------------------------------------------------


def move(world: World, link: str, to: str = OTHER) -> None:
    assert world.client.post(link, data={"do": "move", "email": to}).status_code == 200
    world.work()


def test_letters_go_to_another_address_when_its_owner_says_so(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    save(world, link, guise="discreet")
    old_leave = unsubscribe_path(world, READER)
    move(world, link)
    mail = world.mail()
    assert str(mail["To"]) == OTHER
    assert READER not in text_of(mail)
    there = path_of(mail)
    assert world.client.get(there).status_code == 200
    assert READER.encode() not in repr(world.everything()).encode()
    assert [world.client.post(there).status_code for _ in range(2)] == [200, 200]
    assert chosen(world) == Choices(guise=Guise.DISCREET)
    assert world.states() == [("confirmed", 2)]
    assert [answer.status_code for answer in (world.client.post(link), world.client.post(old_leave))] == [
        404,
        404,
    ]
    with pytest.raises(ValueError, match="no mail"):
        _only_link(world, READER)
    assert _only_link(world, OTHER)
    consents = world.everything()["consents"]
    assert len(consents) == 2
    assert world.everything()["moves"] == []


def _only_link(world: World, reader: str) -> str:
    world.clock.now += timedelta(days=2)
    world.client.post("/list/preferences", data={"email": reader})
    world.work()
    mails = world.mails()
    if not mails:
        raise ValueError("no mail")
    return path_of(mails[0])


def test_nothing_changes_before_the_new_address_says_so(world: World) -> None:
    world.confirmed(READER)
    move(world, ask(world))
    there = path_of(world.mail())
    world.clock.now += timedelta(days=7, seconds=1)
    world.made.worker._sweep()
    assert world.client.post(there).status_code == 404
    assert world.everything()["moves"] == []
    assert _only_link(world, READER)


def test_only_the_address_that_was_named_last_can_take_the_place(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    move(world, link, "typo@lists.example.com")
    wrong = path_of(world.mail())
    move(world, link)
    right = path_of(world.mail())
    assert world.client.post(wrong).status_code == 404
    assert world.client.post(right).status_code == 200
    assert world.client.post(wrong).status_code == 404


def test_an_address_on_the_list_is_told_so_and_the_answer_is_the_same(world: World) -> None:
    world.confirmed(READER)
    world.clock.now += timedelta(days=8)
    world.confirmed(OTHER)
    world.clock.now += timedelta(days=8)
    link = ask(world)
    there = world.client.post(link, data={"do": "move", "email": OTHER})
    world.work()
    new = world.client.post(link, data={"do": "move", "email": "third@lists.example.com"})
    assert there.text == new.text
    world.work()
    subjects = {str(mail["To"]): str(mail["Subject"]) for mail in world.mails()}
    assert subjects[OTHER] == "Your address is on the list already"
    assert subjects["third@lists.example.com"] == "Please confirm your address"


def test_an_address_that_left_can_be_moved_to_and_one_that_is_suppressed_cannot(world: World) -> None:
    world.confirmed(OTHER)
    world.client.post(unsubscribe_path(world, OTHER))
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)
    link = ask(world)
    move(world, link)
    assert world.client.post(path_of(world.mail())).status_code == 200
    assert world.states() == [("confirmed", 2)]
    third = "third@lists.example.com"
    world.project.people.suppress([world.project.keyring.suppression_hash(third)], "erased", NOW)
    world.clock.now += timedelta(days=8)
    move(world, ask(world, OTHER), third)
    assert world.mails() == []


def test_a_stranger_is_written_to_once_a_week_however_often_an_address_is_named(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    for _ in range(3):
        move(world, link)
    world.join(OTHER)
    world.work()
    (mail,) = world.mails()
    assert world.client.post(path_of(mail)).status_code == 200, "asking again does not break the first link"


@pytest.mark.parametrize("text", ["", "no address", "a@b\r\nBcc: c@example.org", "x" * 300 + "@example.org"])
def test_what_is_no_address_is_said_to_be_none(world: World, text: str) -> None:
    world.confirmed(READER)
    answer = world.client.post(ask(world), data={"do": "move", "email": text})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_who_is_erased_meanwhile_does_not_come_back_by_another_address(world: World) -> None:
    world.confirmed(READER)
    link = ask(world)
    move(world, link)
    there = path_of(world.mail())
    world.client.post("/list/rights", data={"email": READER})
    world.work()
    world.client.post(path_of(world.mail()), data={"do": "forget"})
    assert world.client.post(there).status_code == 404
    assert world.states() == []
