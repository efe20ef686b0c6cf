"""The contract of a transport, held against each: a message arrives whole or it is said what came of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.mail.composing import Composer
from pipeline.mail.maildir import Maildir
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Accepted, Message, Transport
from pipeline.settings import Security, SmtpSettings
from tests.builders import NOW, address, envelope, letter
from tests.mail.servers import Server, serving

COMPOSER = Composer(letter(), envelope())


def message(number: int = 0, content: bytes | None = None) -> Message:
    made = COMPOSER.compose(to=address(number), message_id=f"{number:032x}", date=NOW, token="A" * 36)
    return made if content is None else Message(id=made.id, sender=made.sender, to=made.to, content=content)


# Lines as SMTP may carry them: anything but lone CR and LF, dots where they hurt.
contents = st.lists(
    st.sampled_from([b"", b".", b"..", b".x", b"x.", b"From x", b"x" * 900, b"=2E", b" "]), max_size=12
).map(lambda lines: b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines))


class TransportContract(ABC):
    """What every transport promises."""

    leaves_machine: ClassVar[bool]

    @pytest.fixture
    @abstractmethod
    def place(self, tmp_path: Path) -> Iterator[object]:
        """Make a place that messages arrive at."""

    @abstractmethod
    def transport(self, place: object) -> Transport:
        """Answer the way to it."""

    @abstractmethod
    def arrived(self, place: object) -> list[bytes]:
        """Answer what has arrived there, in order of arrival."""

    def test_a_message_arrives_as_it_was_made(self, place: object) -> None:
        session = self.transport(place).open()
        assert session.send(message()) == Accepted()
        session.close()
        assert self.arrived(place) == [message().content]

    def test_many_messages_go_one_after_the_other(self, place: object) -> None:
        session = self.transport(place).open()
        assert [session.send(message(number)) for number in range(30)] == [Accepted()] * 30
        session.close()
        assert sorted(self.arrived(place)) == sorted(message(number).content for number in range(30))

    def test_what_was_accepted_is_there_at_once(self, place: object) -> None:
        session = self.transport(place).open()
        for number in range(3):
            session.send(message(number))
            assert len(self.arrived(place)) == number + 1
        session.close()

    def test_several_sessions_do_not_know_of_each_other(self, place: object) -> None:
        transport = self.transport(place)
        sessions = [transport.open() for _ in range(3)]
        for number, session in enumerate(sessions):
            assert session.send(message(number)) == Accepted()
        for session in sessions:
            session.close()
        assert len(self.arrived(place)) == 3

    def test_closing_twice_or_unused_is_no_error_and_a_closed_session_can_go_on(self, place: object) -> None:
        session = self.transport(place).open()
        session.close()
        session.close()
        assert session.send(message()) == Accepted()
        session.close()
        session.close()

    def test_a_probe_leaves_nothing_behind(self, place: object) -> None:
        self.transport(place).probe()
        assert self.arrived(place) == []

    def test_where_mail_goes_is_said_in_one_line(self, place: object) -> None:
        transport = self.transport(place)
        assert transport.leaves_machine is self.leaves_machine
        assert transport.connections >= 1
        assert transport.describe().isprintable()
        assert "SECRET" not in transport.describe()

    def test_no_line_of_a_message_ends_it_early_or_is_changed(self, place: object) -> None:
        session = self.transport(place).open()
        sent: list[bytes] = []

        @given(contents)
        def arrives(content: bytes) -> None:
            assert session.send(message(len(sent), content)) == Accepted()
            sent.append(content)

        arrives()
        session.close()
        assert sorted(self.arrived(place)) == sorted(sent)


class TestMaildir(TransportContract):
    leaves_machine = False

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[object]:
        yield tmp_path / "mail"

    def transport(self, place: object) -> Transport:
        assert isinstance(place, Path)
        return Maildir(place)

    def arrived(self, place: object) -> list[bytes]:
        assert isinstance(place, Path)
        files = sorted((place / "new").glob("*"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return [file.read_bytes() for file in files]


class TestSmtp(TransportContract):
    leaves_machine = True

    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[object]:
        with serving(Server()) as server:
            yield server

    def transport(self, place: object) -> Transport:
        assert isinstance(place, Server)
        settings = SmtpSettings(
            host="127.0.0.1",
            port=place.port,
            security=Security.NONE,
            password="SECRET",  # type: ignore[arg-type]
        )
        return Smtp(settings, hello="belonging.example.org")

    def arrived(self, place: object) -> list[bytes]:
        assert isinstance(place, Server)
        return [content for _, _, content in place.accepted]
