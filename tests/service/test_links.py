"""Links in mails: machines that follow them change nothing, and what is no link of ours is refused, always alike."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.store.tables import subscribers
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.tokens import Ticket
from tests.builders import KEYRING, NOW
from tests.service.people import unsubscribe_path
from tests.service.world import SITE, World, links_of, path_of

READER = "reader@lists.example.com"
PASSES = Passes(KEYRING.token)


def test_a_scanner_that_follows_every_link_of_every_mail_twice_changes_nothing(world: World) -> None:
    world.confirmed("here@lists.example.com")
    world.clock.now += timedelta(days=8)
    for address in ("here@lists.example.com", READER):
        world.join(address)
    for page in ("rights", "preferences"):
        world.client.post(f"/list/{page}", data={"email": "here@lists.example.com"})
    world.work()
    mails = world.mails()
    (choices,) = (path for mail in mails if "/preferences/" in (path := path_of(mail)))
    world.client.post(choices, data={"do": "move", "email": "there@lists.example.com"})
    world.work()
    mails += world.mails()
    assert len(mails) == 5
    paths = [unsubscribe_path(world, "here@lists.example.com")]
    paths += [link.removeprefix(SITE) for mail in mails for link in links_of(mail)]
    assert (
        sum(path.startswith("/list/") for path in paths) == 1 + 5 * 2
    )  # each notice has its link in two languages
    before = world.everything()
    for path in paths * 2:
        for method in ("GET", "HEAD", "OPTIONS", "PROPFIND"):
            answer = world.client.request(method, path)
            assert answer.status_code < 500
            if path.startswith("/list/") and method in {"GET", "HEAD"}:
                assert answer.status_code == 200
    world.work()
    assert world.everything() == before
    assert world.mails() == []


def _bad_links(world: World) -> dict[str, str]:
    """Name links that must not act, each for a reason of its own."""
    confirm = world.ask(READER)
    world.client.post(confirm)
    with world.project.engine.connect() as connection:
        whom = connection.execute(sa.select(subscribers.c.id)).scalar_one()
    leave = unsubscribe_path(world, READER)
    world.client.post(leave)
    world.clock.now += timedelta(days=8)
    world.confirmed(READER)  # another life
    key = world.project.keyring.token
    soon, passed = world.clock() + timedelta(days=1), world.clock() - timedelta(seconds=1)
    passes, foreign = Passes(key), Passes(bytes(32))
    good = passes.make(Errand.CONFIRM, whom, 2, soon)
    flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    return {
        "reused, in another life": confirm,
        "of an earlier life": leave,
        "of an earlier life, made anew": f"/list/confirm/{passes.make(Errand.CONFIRM, whom, 1, soon)}",
        "forged": f"/list/confirm/{foreign.make(Errand.CONFIRM, whom, 2, soon)}",
        "changed": f"/list/confirm/{flipped}",
        "truncated": f"/list/confirm/{good[:-1]}",
        "padded": f"/list/confirm/{good}==",
        "for something else": f"/list/confirm/{passes.make(Errand.RIGHTS, whom, 2, soon)}",
        "a letter's token": f"/list/confirm/{unsubscribe_path(world, READER).rpartition('/')[2]}",
        "a pass where a letter's token belongs": f"/list/unsubscribe/{good}",
        "expired": f"/list/confirm/{passes.make(Errand.CONFIRM, whom, 2, passed)}",
        "of nobody": f"/list/confirm/{passes.make(Errand.CONFIRM, whom ^ 1, 1, soon)}",
        "rights, expired": f"/list/rights/{passes.make(Errand.RIGHTS, whom, 2, passed)}",
        "rights, of an earlier life": f"/list/rights/{passes.make(Errand.RIGHTS, whom, 1, soon)}",
        "rights, for something else": f"/list/rights/{good}",
        **{
            f"{page}, {why}": f"/list/{page}/{text}"
            for page, errand in (("preferences", Errand.CHOICES), ("move", Errand.MOVE))
            for why, text in {
                "of an earlier life": passes.make(errand, whom, 1, soon),
                "expired": passes.make(errand, whom, 2, passed),
                "forged": foreign.make(errand, whom, 2, soon),
                "truncated": passes.make(errand, whom, 2, soon)[:-1],
                "for something else": good,
                "a letter's token": unsubscribe_path(world, READER).rpartition("/")[2],
            }.items()
        },
        "move, that nobody asked for": f"/list/move/{passes.make(Errand.MOVE, whom, 2, soon)}",
        "nothing of ours": "/list/unsubscribe/hello",
        "of another alphabet": "/list/unsubscribe/" + "%C3%A9" * 36,
    }


def test_links_that_must_not_act_are_refused_alike(world: World) -> None:
    links = _bad_links(world)
    before = world.everything()
    answers = {
        why: world.client.post(link, data={"do": "see", "List-Unsubscribe": "One-Click"})
        for why, link in links.items()
    }
    first = next(iter(answers.values()))
    for why, answer in answers.items():
        assert answer.status_code == 404, why
        assert answer.text == first.text, why
        assert _headers(answer) == _headers(first), why
    assert world.everything() == before


def test_a_link_that_worked_shows_the_same_when_it_is_pressed_again(world: World) -> None:
    link = world.ask(READER)
    assert [world.client.post(link).status_code for _ in range(3)] == [200, 200, 200]


def _headers(answer: object) -> dict[str, str]:
    headers = getattr(answer, "headers")  # noqa: B009
    return {name: value for name, value in headers.items() if name != "date"}


IDENTITIES = st.integers(0, 2**63 - 1)
LIVES = st.integers(1, 2**16 - 1)


@given(st.sampled_from(Errand), IDENTITIES, LIVES, st.integers(1, 10**9))
def test_a_pass_speaks_for_whom_it_was_made_until_it_ends(
    errand: Errand, whom: int, life: int, seconds: int
) -> None:
    end = NOW + timedelta(seconds=seconds)
    text = PASSES.make(errand, whom, life, end)
    assert PASSES.read(errand, text, end - timedelta(seconds=1)) == Ticket(subscriber_id=whom, life=life)
    assert PASSES.read(errand, text, end) is None
    for other in set(Errand) - {errand}:
        assert PASSES.read(other, text, NOW) is None


@given(IDENTITIES, LIVES, st.integers(0, 43), st.characters(codec="utf-8"))
def test_a_pass_with_another_character_is_none(whom: int, life: int, place: int, other: str) -> None:
    text = PASSES.make(Errand.CONFIRM, whom, life, NOW + timedelta(days=1))
    changed = text[:place] + other + text[place + 1 :]
    assert (PASSES.read(Errand.CONFIRM, changed, NOW) is None) == (changed != text)


@given(st.text(max_size=60))
def test_whatever_else_is_written_there_is_no_pass_and_no_stamp(text: str) -> None:
    assert PASSES.read(Errand.CONFIRM, text, NOW) is None
    assert PASSES.stamped(text) is None


def test_a_stamp_says_when_it_was_made() -> None:
    assert PASSES.stamped(PASSES.stamp(NOW)) == NOW
    assert Passes(bytes(32)).stamped(PASSES.stamp(NOW)) is None


PATHS = ("subscribe", "confirm/x", "unsubscribe/x", "rights", "rights/x", "health", "static/x", "")
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    st.one_of(st.sampled_from(PATHS), st.text(max_size=40)),
    st.one_of(
        st.sampled_from(
            [
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=b",
                "multipart/form-data",
                'multipart/form-data; boundary="',
                "application/json",
                "",
            ]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    ),
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda name, value: f"{name}={value}".encode(),
            st.sampled_from(["email", "stamp", "carried", "do", "website"]),
            st.text(max_size=60),
        ),
        st.builds(
            lambda name, value: (
                b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n--b--' % (name, value)
            ),
            st.sampled_from([b"email", b"stamp", b"carried", b"do"]),
            st.binary(max_size=60),
        ),
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
)


@given(request=REQUESTS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_sent_breaks_it(local: World, request: tuple[str, str, str, bytes, str]) -> None:
    method, path, kind, body, forwarded = request
    answer = local.client.request(
        method,
        f"/list/{quote(path)}",
        content=body,
        headers={"Content-Type": kind.strip(), "X-Forwarded-For": forwarded.strip()},
    )
    assert answer.status_code < 500
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/list/subscribe", "/list/rights", "/list/unsubscribe/x"])
def test_a_body_that_no_form_sends_is_turned_away(local: World, path: str) -> None:
    answer = local.client.post(
        path, content=b"email=" + b"a" * 20_000, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
    assert local.everything()["arrivals"] == []


def test_the_pass_of_a_mail_stands_in_it_once(local: World) -> None:
    local.join(READER)
    local.work()
    assert len(path_of(local.mail()).rpartition("/")[2]) == 44
