"""The edge: every odd answer becomes one of our errors, and nothing that is secret comes along."""

from __future__ import annotations

import base64
import hashlib
import io
import logging
import re
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from pipeline.errors import (
    AnswerLost,
    BelongingError,
    DeliveryError,
    RequestRefused,
    SettingsError,
    TransportDown,
)
from pipeline.providers.mailchimp.client import PAUSES, Mailchimp, data_centre
from pipeline.providers.mailchimp.edge import official_client
from pipeline.providers.mailchimp.endpoints import ENDPOINTS, find
from pipeline.providers.mailchimp.people import member_of
from pipeline.providers.mailchimp.remote import Content
from pipeline.providers.mailchimp.wire import SessionWire
from tests.builders import Hands
from tests.providers.mailchimp.contract import operations
from tests.providers.mailchimp.fake import KEY, LIST, FakeMailchimp
from tests.providers.mailchimp.running import FakeWire
from tests.providers.mailchimp.server import Mishap, Server

CANARY = "Canary.Bird+sings@leaks.example.org"
BODY = {
    "type": "regular",
    "recipients": {"list_id": LIST},
    "settings": {"title": "x", "subject_line": "x", "from_name": "x", "reply_to": "x@example.org"},
}


def read(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.campaigns(LIST)


def create(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.create(BODY)


def overwrite(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.set_content(_draft(fake), Content(html="<p>*|UNSUB|*</p>", text="x"))


def send(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.send(_draft(fake))


def test_send(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.test(_draft(fake), SecretStr(CANARY))


def join(client: Mailchimp, fake: FakeMailchimp) -> object:
    member = member_of(SecretStr(CANARY))
    return client.put_member(LIST, member, lambda: {"email_address": CANARY, "status_if_new": "pending"})


def forget(client: Mailchimp, fake: FakeMailchimp) -> object:
    return client.forget_member(LIST, member_of(SecretStr(CANARY)))


test_send.__test__ = False  # type: ignore[attr-defined]
Act = Callable[[Mailchimp, FakeMailchimp], object]
WRITES: tuple[Act, ...] = (create, overwrite, send, test_send, join, forget)
NEVER_DONE = {Mishap.EMPTY_429, Mishap.HTML_429}


def _draft(fake: FakeMailchimp) -> str:
    if not fake.campaigns:
        fake.person_creates("draft", "draft")
        fake.contents[next(iter(fake.campaigns))] = {
            "html": "*|UNSUB|* *|HTML:LIST_ADDRESS_HTML|*",
            "plain_text": "x",
        }
    return next(iter(fake.campaigns))


STALLS = {Mishap.STALL, Mishap.STALL_AFTER}


def impatient(client: Mailchimp, mishap: Mishap) -> Mailchimp:
    """Wait for a stalled answer no longer than a test may."""
    wire = SessionWire(SecretStr(KEY), timeout=(5, 0.5)) if mishap in STALLS else client.wire
    return Mailchimp(wire=wire, base=client.base, sleep=client.sleep, pauses=(1.0,))


def always(server: Server, mishap: Mishap) -> None:
    server.mishaps = dict.fromkeys(range(100), mishap)


@pytest.mark.parametrize("mishap", list(Mishap), ids=lambda m: m.name.lower())
def test_reading_ends_in_one_of_our_errors_and_in_nothing_else(
    client: Mailchimp, fake: FakeMailchimp, server: Server, mishap: Mishap
) -> None:
    always(server, mishap)
    with pytest.raises(DeliveryError) as caught:
        impatient(client, mishap).campaigns(LIST)
    assert caught.value.exit_code == 5
    assert not isinstance(caught.value, AnswerLost)


@pytest.mark.parametrize(
    "mishap",
    [m for m in Mishap if m not in {Mishap.EMPTY_403, Mishap.ECHO_400, Mishap.REDIRECT, Mishap.REDIRECT_307}],
)
def test_reading_is_tried_again(client: Mailchimp, hands: Hands, server: Server, mishap: Mishap) -> None:
    start = hands.now
    server.mishaps = {0: mishap}
    assert impatient(client, mishap).campaigns(LIST) == ()
    assert (hands.now - start).total_seconds() == PAUSES[0]


@pytest.mark.parametrize("act", WRITES, ids=lambda a: a.__name__)
@pytest.mark.parametrize("mishap", list(Mishap), ids=lambda m: m.name.lower())
def test_a_write_whose_answer_is_odd_is_asked_once_and_reported_as_lost(
    client: Mailchimp, fake: FakeMailchimp, server: Server, mishap: Mishap, act: Act
) -> None:
    server.mishaps = {0: mishap}
    client = impatient(client, mishap)
    if mishap in NEVER_DONE:
        if act is not forget:
            act(client, fake)
            assert server.number == 2, "tried again, since nothing had been done"
        return
    if mishap in {Mishap.EMPTY_403, Mishap.ECHO_400}:
        with pytest.raises(RequestRefused):
            act(client, fake)
    else:
        with pytest.raises(AnswerLost):
            act(client, fake)
    assert server.number == 1


def test_a_connection_that_never_opened_is_tried_again_and_then_reported(
    wire: SessionWire, hands: Hands
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{taken.getsockname()[1]}/3.0"
    start = hands.now
    with pytest.raises(TransportDown):
        Mailchimp(wire=wire, base=base, sleep=hands.sleep).create(BODY)
    assert (hands.now - start).total_seconds() == sum(PAUSES)


def test_too_many_requests_are_answered_with_growing_pauses(
    client: Mailchimp, hands: Hands, server: Server
) -> None:
    server.mishaps = dict.fromkeys(range(3), Mishap.EMPTY_429)
    start = hands.now
    client.create(BODY)
    assert (hands.now - start).total_seconds() == sum(PAUSES[:3])
    assert sorted(PAUSES) == list(PAUSES)


def test_a_post_without_a_body_has_none_and_gets_a_connection_of_its_own(
    client: Mailchimp, fake: FakeMailchimp, server: Server
) -> None:
    send(client, fake)
    head = {name.lower(): value for name, value in server.heads[-1].items()}
    assert head["content-length"] == "0"
    assert "content-type" not in head
    assert head["connection"] == "close"


def test_proxies_and_passwords_of_the_environment_are_ignored(
    client: Mailchimp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: Server
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client.campaigns(LIST) == ()
    wanted = base64.b64encode(f"belonging:{KEY}".encode()).decode()
    assert server.heads[-1]["Authorization"] == f"Basic {wanted}"


def test_at_most_four_requests_are_under_way(client: Mailchimp, server: Server) -> None:
    server.slow = 0.03
    threads = [threading.Thread(target=client.domains) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.most_open <= 4
    assert server.number == 12


def test_all_pages_are_read(client: Mailchimp, fake: FakeMailchimp) -> None:
    for number in range(2_300):
        fake.campaigns[f"{number:010x}"] = {
            "id": f"{number:010x}",
            "type": "regular",
            "status": "sent",
            "create_time": f"2026-01-01T00:00:{number % 60:02}+00:00",
            "recipients": {"list_id": LIST},
            "settings": {"title": f"t{number}"},
            "tracking": {},
        }
        fake._keep(f"{number:010x}")
    assert len({each.id for each in client.campaigns(LIST)}) == 2_300


def test_ids_and_data_centres_are_looked_at(client: Mailchimp) -> None:
    for bad in ("../lists", "a/b", "", "A1", "server"):
        with pytest.raises(AssertionError, match="that is no id"):
            client.campaign(bad)
    assert data_centre(SecretStr(KEY)) == "us7"
    for key in ("", "abc", f"{KEY[:32]}-evil.example.org/", f"{KEY}\n", f"{KEY[:32]}-us7@x"):
        with pytest.raises(SettingsError) as caught:
            data_centre(SecretStr(key))
        assert not key or key not in str(caught.value)
    with pytest.raises(SettingsError):
        data_centre(SecretStr(KEY), "us8")


def test_an_id_that_holds_the_word_server_is_left_alone(hands: Hands) -> None:
    fake = FakeMailchimp(hands)
    seen: list[str] = []

    def wire(method: str, url: str, **more: object) -> object:
        seen.append(url)
        return FakeWire(fake)(method, url, **more)  # type: ignore[arg-type]

    client = official_client(wire, "https://us7.api.mailchimp.com/3.0")  # type: ignore[arg-type]
    client.campaigns.list(list_id="server")
    assert seen == ["https://us7.api.mailchimp.com/3.0/campaigns"]


def test_only_endpoints_of_the_table_can_be_asked(client: Mailchimp, server: Server) -> None:
    with pytest.raises(AssertionError, match="outside the table"):
        client._ask(lambda: client._client.lists.get_list_members_info(LIST))
    with pytest.raises(AssertionError, match="outside the table"):
        client._ask(lambda: client._client.reports.get_campaign_recipients("abc"))
    assert server.number == 0


def test_the_table_is_what_the_api_has_and_lists_no_people() -> None:
    described = set()
    for method, path in operations():
        described.add((method, re.sub(r"\{\w+\}", "{}", path)))
    ours = {(each.method, each.path) for each in ENDPOINTS}
    assert described - ours == {("DELETE", "/campaigns/{}")}, "only the live test tidies up"
    assert ours <= described
    assert find("GET", "/lists/abc/members") is None
    assert find("GET", f"/lists/abc/members/{'a' * 32}") is None
    assert not any("search" in path or "activity" in path for _, path in ours)


# --- leaks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that anybody logs, at debug level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def forms() -> list[str]:
    """What must not be seen, in every form it could be seen in."""
    address, lower = CANARY.encode(), CANARY.lower().encode()
    secrets = [KEY, KEY[:32], f"belonging:{KEY}"]
    found = [CANARY, CANARY.lower(), CANARY.partition("@")[0].lower(), quote(CANARY)]
    found += [hasher(lower).hexdigest() for hasher in (hashlib.md5, hashlib.sha1, hashlib.sha256)]
    found += [base64.b64encode(each).decode().rstrip("=") for each in (address, lower)]
    found += [*secrets, *(base64.b64encode(each.encode()).decode().rstrip("=")[:-1] for each in secrets)]
    return [each.lower() for each in found]


@pytest.mark.parametrize("act", (read, *WRITES), ids=lambda a: a.__name__)
def test_no_fault_lets_key_or_address_out(  # noqa: PLR0917
    client: Mailchimp,
    fake: FakeMailchimp,
    server: Server,
    act: Act,
    logged: io.StringIO,
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = []
    for mishap in Mishap:
        server.mishaps = dict.fromkeys(range(server.number, server.number + 9), mishap)
        try:
            act(impatient(client, mishap), fake)
        except BelongingError as error:
            said.append(everything(error))
    assert len(said) > 10
    out = "\n".join((*said, logged.getvalue(), *capfd.readouterr(), repr(client), repr(client.wire))).lower()
    assert "/3.0/" in out, "the log is not empty"
    for form in forms():
        assert form not in out


def everything(error: BaseException) -> str:
    """Print an exception as the most talkative tool would: with every local of every frame, causes included."""
    assert error.__cause__ is None
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        frames = traceback.TracebackException.from_exception(seen, capture_locals=True)
        # The frames of this test hold the canary themselves.
        frames.stack = traceback.StackSummary.from_list(
            [f for f in frames.stack if "/tests/" not in f.filename]
        )
        lines += [*frames.format(), repr(seen), str(seen), str(vars(seen))]
        seen = seen.__context__
    return "\n".join(lines)
