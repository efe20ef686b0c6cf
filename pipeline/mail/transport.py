"""The contract of a transport: take one message, answer what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

__all__ = ["Accepted", "Deferred", "Message", "Outcome", "Rejected", "Session", "Transport", "Unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One subscriber's message, ready to be handed over."""

    id: str  # 32 hex digits: what stands before the @ of its Message-ID; the same each time it is made
    sender: str  # envelope sender
    to: str  # envelope recipient, ASCII
    content: bytes  # RFC 5322, lines end in CRLF

    def __repr__(self) -> str:
        return f"Message({self.id})"  # never the address


@dataclass(frozen=True, slots=True)
class Accepted:
    """The other side has taken the message over."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now; it may be tried again."""

    code: str  # such as "451 4.7.0"; never free text, which quotes addresses


@dataclass(frozen=True, slots=True)
class Rejected:
    """Not this recipient, ever."""

    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The connection died after the message was handed over and before the answer came."""

    code: str


Outcome = Accepted | Deferred | Rejected | Unknown


class Session(Protocol):
    """One connection, used for many messages, by one thread."""

    def send(self, message: Message) -> Outcome:
        """Hand over one message.

        A recipient who is refused is a value. The session may be used again after any answer and after an error.

        Raises:
            TransportDown: No connection, or it died before the message was handed over; it was not sent. One that
                died between two messages is made again and nobody hears of it.
            PolicyBlock: The other side refuses the sender, whoever the recipient is; it was not sent.
        """

    def close(self) -> None:
        """Say goodbye. Never raises."""


class Transport(Protocol):
    """A way out."""

    @property
    def leaves_machine(self) -> bool:
        """Tell whether a message may reach anybody beyond this machine."""

    @property
    def connections(self) -> int:
        """Tell how many sessions may be open at once."""

    def open(self) -> Session:
        """Begin a session; connecting may wait until the first message."""

    def probe(self) -> None:
        """Go as far as sending would, without a message.

        Raises:
            TransportDown: Sending would fail now; the message says why.
        """

    def describe(self) -> str:
        """Say for a person where mail goes, without credentials."""
