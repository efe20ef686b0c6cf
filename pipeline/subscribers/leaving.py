"""Leaving: one press of a button, here or in a mail program (RFC 8058). No question is asked."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.subscribers.farewells import Farewells, Parting
from pipeline.subscribers.membership import MemberStore
from pipeline.subscribers.tokens import Purpose, Ticket, Tokens

__all__ = ["Leaving", "left"]


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Take people off the list."""

    members: MemberStore
    tokens: Tokens
    farewells: Farewells

    def recognises(self, token: str) -> bool:
        """Tell whether a token was made here for leaving, without looking at the list."""
        return self.tokens.read(Purpose.UNSUBSCRIBE, token) is not None

    def leave(self, token: str) -> bool:
        """Take off the list whom a token speaks for; tell whether they are off it now.

        A token of an earlier life of the subscription is refused like any other that is none.
        """
        ticket = self.tokens.read(Purpose.UNSUBSCRIBE, token)
        return ticket is not None and left(self.members, self.farewells, ticket)


def left(members: MemberStore, farewells: Farewells, ticket: Ticket) -> bool:
    """Take somebody off the list and write that down; tell whether they are off it now."""
    gone = members.leave(ticket)
    if gone:
        farewells.note(Parting.LEFT, ticket.subscriber_id, ticket.life)
    return gone
