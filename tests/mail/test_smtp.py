"""SMTP against real servers that accept, defer, refuse, hang up, stall, encrypt and ask for a password."""

from __future__ import annotations

import socket
import ssl
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.errors import DeliveryError, PolicyBlock, TransportDown
from pipeline.mail import smtp
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Accepted, Deferred, Message, Outcome, Rejected, Session, Unknown
from pipeline.settings import Security, SmtpSettings
from tests.builders import address
from tests.mail.servers import CLOSE, STALL, Certificate, Server, certificate, serving
from tests.mail.test_transports import message

# The server's own warning, which is what the test is about.
PASSWORD_IN_CLEAR = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
TIMEOUT = 0.2  # seconds


def connected(
    port: int,
    *,
    host: str = "127.0.0.1",
    security: Security = Security.NONE,
    username: str = "",
    password: str = "",
    timeout: float = 5.0,
) -> Smtp:
    settings = SmtpSettings(
        host=host,
        port=port,
        security=security,
        username=username,
        password=password,  # type: ignore[arg-type]
        timeout_seconds=timeout,
    )
    return Smtp(settings, hello="belonging.example.org")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def talk(stack: ExitStack, server: Server, *, timeout: float = 5.0) -> Session:
    """Run a server and begin a session with it."""
    stack.enter_context(serving(server))
    session = connected(server.port, timeout=timeout).open()
    stack.callback(session.close)
    return session


def result(session: Session, number: int = 0) -> Outcome | DeliveryError:
    """Send one message; what is raised is answered, and may not name the recipient."""
    try:
        return session.send(message(number))
    except DeliveryError as error:
        shown = "".join(traceback.format_exception(error)) + repr(error)
        assert address(number) not in shown
        assert address(number).partition("@")[0] not in shown
        assert error.advice
        return error


def names_nobody(outcome: Outcome) -> bool:
    return "reader" not in repr(outcome) and "@" not in repr(outcome)


# --- what servers say --------------------------------------------------------------------------------------


def test_the_envelope_names_sender_and_recipient_and_the_list_says_hello(stack: ExitStack) -> None:
    server = Server()
    session = talk(stack, server)
    assert result(session) == Accepted()
    assert server.accepted == [("letters@belonging.example.org", address(0), message().content)]
    assert server.steps[0] == "EHLO belonging.example.org", "the machine's own name is nobody's business"


def test_a_bounce_address_of_its_own_is_the_envelope_sender(stack: ExitStack) -> None:
    server = Server()
    session = talk(stack, server)
    made = message()
    session.send(
        Message(id=made.id, sender="b-token@belonging.example.org", to=made.to, content=made.content)
    )
    assert server.accepted[0][0] == "b-token@belonging.example.org"


@pytest.mark.parametrize("step", ["RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("450 4.2.1 <reader0@lists.example.com> is busy", Deferred("450 4.2.1")),
        ("451 try reader0@lists.example.com later", Deferred("451")),
        ("452 4.2.2 mailbox of reader0 full", Deferred("452 4.2.2")),
        ("421 4.3.2 going down", Deferred("421 4.3.2")),
        ("451 4.7.1 greylisted", Deferred("451 4.7.1")),
        ("550 5.1.1 <reader0@lists.example.com>: no such user", Rejected("550 5.1.1")),
        ("552 5.2.2 mailbox full", Rejected("552 5.2.2")),
        ("550 reader0@lists.example.com 5.1.1 unknown", Rejected("550")),
        ("554 no", Rejected("554")),
        ("550 5.1.12345 odd", Rejected("550")),
    ],
)
def test_a_refused_recipient_is_a_value_without_their_address(
    stack: ExitStack, step: str, said: str, outcome: Outcome
) -> None:
    server = Server(answers={f"{step} reader0": said})
    session = talk(stack, server)
    got = result(session)
    assert got == outcome
    assert isinstance(got, Deferred | Rejected)
    assert names_nobody(got)
    assert server.accepted == []
    # And the session goes on.
    assert result(session, 1) == Accepted()
    assert [to for _, to, _ in server.accepted] == [address(1)]
    assert server.connections == (2 if said.startswith("421") else 1)


def test_an_answer_of_several_lines_is_one_answer(stack: ExitStack) -> None:
    server = Server(answers={"RCPT reader0": "550-5.1.1 no such user\r\n550 5.1.1 reader0@lists.example.com"})
    assert result(talk(stack, server)) == Rejected("550 5.1.1")


@pytest.mark.parametrize("step", ["RCPT", "DATA", "END"])
@pytest.mark.parametrize(
    "said", ["550 5.7.1 reader0 is blocked", "554 5.7.26 DMARC", "550 5.7.515 access denied"]
)
def test_a_refusal_by_policy_is_about_us_and_not_the_recipient(
    stack: ExitStack, step: str, said: str
) -> None:
    server = Server(answers={f"{step} reader0": said})
    session = talk(stack, server)
    got = result(session)
    assert isinstance(got, PolicyBlock)
    assert "SPF, DKIM and DMARC" in got.advice
    assert " ".join(said.split()[:2]) in got.message
    assert server.accepted == []
    assert result(session, 1) == Accepted()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("550 5.7.1 not allowed", PolicyBlock),
        ("530 5.7.0 authenticate first", PolicyBlock),
        ("553 no such sender", PolicyBlock),
        ("451 4.3.0 later", TransportDown),
        ("452 4.3.1 disk full", TransportDown),
        ("421 4.3.2 going down", TransportDown),
    ],
)
def test_a_refused_sender_is_about_us(stack: ExitStack, said: str, kind: type[DeliveryError]) -> None:
    server = Server(answers={"MAIL": said})
    session = talk(stack, server)
    got = result(session)
    assert type(got) is kind
    assert str(server.port) in got.message
    assert said[:3] in got.message
    server.answers = {}
    assert result(session) == Accepted()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("said", ["hello there", "199 what", "999 what", "-1 what"])
def test_an_answer_that_is_none_before_the_content_sends_nothing(
    stack: ExitStack, step: str, said: str
) -> None:
    server = Server(answers={step: said})
    session = talk(stack, server)
    assert isinstance(result(session), TransportDown)
    assert server.accepted == []
    server.answers = {}
    assert result(session) == Accepted()


@pytest.mark.parametrize("said", ["hello there", "199 what", "354 more", "999 what"])
def test_an_answer_that_is_none_after_the_content_leaves_it_unknown(stack: ExitStack, said: str) -> None:
    server = Server(answers={"END reader0": said})
    session = talk(stack, server)
    assert result(session) == Unknown("no clear answer")
    assert result(session, 1) == Accepted()


# --- connections that die ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_connection_that_dies_before_the_content_sends_nothing(stack: ExitStack, step: str) -> None:
    server = Server(answers={step: CLOSE})
    session = talk(stack, server)
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "ended the connection" in got.message
    assert server.accepted == []
    server.answers = {}
    assert result(session) == Accepted()


def test_a_connection_that_dies_before_the_answer_leaves_the_message_unknown(stack: ExitStack) -> None:
    server = Server(answers={"END reader0": CLOSE})
    session = talk(stack, server)
    assert result(session) == Unknown("connection lost")
    assert len(server.accepted) == 1, "and this server has accepted it"
    assert result(session, 1) == Accepted()


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_server_that_says_nothing_before_the_content_gets_nothing(stack: ExitStack, step: str) -> None:
    session = talk(stack, Server(answers={step: STALL}), timeout=TIMEOUT)
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "no answer in time" in got.message


def test_a_server_that_says_nothing_after_the_content_leaves_it_unknown(
    stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_LONGER", 1)
    session = talk(stack, Server(answers={"END": STALL}), timeout=1.0)
    assert result(session) == Unknown("no answer in time")


def test_a_server_may_take_its_time_over_a_message(stack: ExitStack) -> None:
    slow = _Slow(seconds=1.2)
    stack.callback(slow.close)
    session = connected(slow.port, timeout=1.0).open()
    stack.callback(session.close)
    assert result(session) == Accepted()


class _Slow:
    """A server that answers at once, but for messages, which it thinks about."""

    def __init__(self, *, seconds: float) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._seconds = seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        connection, _ = self._listening.accept()
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 slow\r\n")
            for line in lines:
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                    self._ended.wait(self._seconds)
                if line.upper().startswith(b"QUIT"):
                    return
                connection.sendall(b"250 OK\r\n")

    def close(self) -> None:
        self._ended.set()
        self._thread.join(timeout=10)
        self._listening.close()


@pytest.mark.parametrize("most", [1, 3])
def test_a_server_that_takes_only_so_many_messages_at_a_time_gets_them_all(
    stack: ExitStack, most: int
) -> None:
    server = Server(messages_per_connection=most)
    session = talk(stack, server)
    assert [result(session, number) for number in range(7)] == [Accepted()] * 7
    assert [to for _, to, _ in server.accepted] == [address(number) for number in range(7)]
    assert server.connections == -(-7 // most)


def test_a_connection_that_died_in_silence_between_two_messages_is_made_again(stack: ExitStack) -> None:
    server = Server()
    session = talk(stack, server)
    assert result(session) == Accepted()
    server.answers = _Once({"MAIL": CLOSE})
    assert result(session, 1) == Accepted()
    assert server.connections == 2


class _Once(dict[str, str]):
    """Answers that are given once."""

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        return self.pop(key, default) if key in self else default


def test_a_server_that_hangs_up_each_time_is_asked_twice_and_no_more(stack: ExitStack) -> None:
    server = Server()
    session = talk(stack, server)
    assert result(session) == Accepted()
    server.answers = {"MAIL": CLOSE}
    assert isinstance(result(session, 1), TransportDown)
    assert server.connections == 2
    assert len(server.accepted) == 1


def test_a_server_that_hangs_up_on_whom_it_refuses_has_still_refused_them(stack: ExitStack) -> None:
    server = Server(answers={"RCPT reader0": "550 5.1.1 no such user", "RSET": CLOSE})
    session = talk(stack, server)
    assert result(session) == Rejected("550 5.1.1")
    assert result(session, 1) == Accepted()
    assert server.connections == 2


def test_a_session_says_goodbye_and_a_dead_one_does_not_mind(stack: ExitStack) -> None:
    server = Server()
    session = talk(stack, server)
    assert result(session) == Accepted()
    session.close()
    assert server.steps[-1] == "QUIT"
    server.answers = {"END": CLOSE}
    assert result(session) == Unknown("connection lost")
    session.close()


# --- servers that are not there ----------------------------------------------------------------------------


def test_no_server_no_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    session = connected(port).open()
    got = result(session)
    assert isinstance(got, TransportDown)
    assert got.message == f"no connection to 127.0.0.1:{port} (ConnectionRefusedError)"
    session.close()
    with pytest.raises(TransportDown):
        connected(port).probe()


def test_a_host_that_does_not_exist() -> None:
    session = connected(25, host="nowhere.invalid", security=Security.STARTTLS).open()
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "(no such host)" in got.message


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"554 5.7.1 you are blocked\r\n", "(it answered 554)"),
        (b"SSH-2.0-what\r\n", "(it does not speak SMTP)"),
        (b"", "(SMTPServerDisconnected)"),
        (None, "(no answer in time)"),
    ],
)
def test_a_server_that_does_not_greet(stack: ExitStack, greeting: bytes | None, said: str) -> None:
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def greet() -> None:
        connection, _ = listening.accept()
        stack.callback(connection.close)
        if greeting is not None:
            connection.sendall(greeting)
            connection.close()

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()
    session = connected(listening.getsockname()[1], timeout=TIMEOUT).open()
    got = result(session)
    thread.join(timeout=10)
    assert isinstance(got, TransportDown)
    assert said in got.message


# --- encryption and passwords ------------------------------------------------------------------------------


@pytest.fixture
def localhost(tmp_path: Path) -> Certificate:
    return certificate(tmp_path, "localhost")


@pytest.fixture
def trusted(localhost: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """A certificate that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(localhost.file))
    return localhost


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_over_an_encrypted_connection_messages_arrive(
    stack: ExitStack, trusted: Certificate, security: Security
) -> None:
    server = Server()
    stack.enter_context(serving(server, tls=trusted, implicit=security is Security.TLS))
    session = connected(server.port, host="localhost", security=security).open()
    stack.callback(session.close)
    assert [result(session, number) for number in range(3)] == [Accepted()] * 3
    connected(server.port, host="localhost", security=security).probe()
    if security is Security.STARTTLS:
        assert server.steps[:2] == ["EHLO belonging.example.org"] * 2, "said again once it is encrypted"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_nobody_vouches_for_is_refused(
    stack: ExitStack, localhost: Certificate, security: Security
) -> None:
    server = Server()
    stack.enter_context(serving(server, tls=localhost, implicit=security is Security.TLS))
    session = connected(server.port, host="localhost", security=security).open()
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "(its certificate is not trusted)" in got.message
    assert server.accepted == []
    assert "MAIL" not in server.steps


def test_a_certificate_for_another_host_is_refused(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = certificate(tmp_path, "other.example.org")
    monkeypatch.setenv("SSL_CERT_FILE", str(other.file))
    server = Server()
    stack.enter_context(serving(server, tls=other))
    got = result(connected(server.port, host="localhost", security=Security.STARTTLS).open())
    assert isinstance(got, TransportDown)
    assert "(its certificate is not trusted)" in got.message


@PASSWORD_IN_CLEAR
def test_a_server_that_offers_no_encryption_gets_neither_password_nor_message(stack: ExitStack) -> None:
    server = Server(passwords={"me": "SECRET"})
    stack.enter_context(serving(server))
    session = connected(
        server.port, host="localhost", security=Security.STARTTLS, username="me", password="SECRET"
    ).open()
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "does not offer what newsletter.toml asks for" in got.message
    assert [step.partition(" ")[0] for step in server.steps] == ["EHLO"]


def test_speaking_plainly_to_a_port_that_expects_encryption_is_a_clear_mistake(
    stack: ExitStack, trusted: Certificate
) -> None:
    server = Server()
    stack.enter_context(serving(server, tls=trusted, implicit=True))
    got = result(connected(server.port, host="localhost", security=Security.STARTTLS, timeout=TIMEOUT).open())
    assert isinstance(got, TransportDown)
    plain = Server()
    stack.enter_context(serving(plain))
    got = result(connected(plain.port, host="localhost", security=Security.TLS, timeout=2).open())
    assert isinstance(got, TransportDown)


def test_a_password_opens_the_door(stack: ExitStack, trusted: Certificate) -> None:
    server = Server(passwords={"me": "SECRET"})
    stack.enter_context(serving(server, tls=trusted))

    def session(password: str) -> Session:
        made = connected(
            server.port, host="localhost", security=Security.STARTTLS, username="me", password=password
        ).open()
        stack.callback(made.close)
        return made

    assert result(session("SECRET")) == Accepted()
    got = result(session("WRONG-PASSWORD"))
    assert isinstance(got, TransportDown)
    assert "refused user name and password" in got.message
    shown = "".join(traceback.format_exception(got)) + str(got) + repr(got)
    assert "WRONG" not in shown
    assert len(server.accepted) == 1


def test_a_server_that_knows_no_passwords_is_a_clear_mistake(stack: ExitStack) -> None:
    server = Server()
    stack.enter_context(serving(server))
    session = connected(server.port, username="me", password="SECRET").open()
    got = result(session)
    assert isinstance(got, TransportDown)
    assert "does not offer what newsletter.toml asks for" in got.message
    assert server.accepted == []


@PASSWORD_IN_CLEAR
def test_a_server_that_wants_a_password_and_gets_none_pauses_everything(stack: ExitStack) -> None:
    server = Server(passwords={"me": "SECRET"})
    stack.enter_context(serving(server))
    got = result(connected(server.port).open())
    assert isinstance(got, PolicyBlock)
    assert "530 5.7.0" in got.message


def test_old_protocols_are_not_spoken() -> None:
    # What the transport makes of Python's defaults: TLS 1.2 at least, certificates and names checked.
    context = ssl.create_default_context()
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
