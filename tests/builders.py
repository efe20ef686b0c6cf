"""Values for tests: a post, a letter, people, a clock, each as short as a test needs it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pipeline.letters import Letter
from pipeline.mail.composing import PLACEHOLDER, Envelope
from pipeline.posts import Post
from pipeline.subscribers import Origin, Subscriber, SubscriberState
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = [
    "KEYRING",
    "NOW",
    "UNSUBSCRIBE",
    "Hands",
    "address",
    "envelope",
    "letter",
    "person",
    "persons",
    "post",
]

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYRING = Keyring.derive(bytes(range(32)))
UNSUBSCRIBE = f"https://belonging.example.org/list/unsubscribe/{PLACEHOLDER}"


@dataclass
class Hands:
    """A clock that stands still until a test moves it; sleeping moves it too."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def post(identity: str = "a", **changes: object) -> Post:
    """Make a post that was published an hour before NOW and is like no other."""
    made = Post(
        id=identity,
        slug=identity,
        lang="en",
        title=f"About {identity}",
        url=f"https://belonging.example.org/{identity}/",
        date=NOW - timedelta(hours=1),
        source=f"posts/{identity}.md",
        fingerprint=hashlib.sha256(identity.encode()).hexdigest()[:32],
        body="<p>Words.</p>",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def letter(subject: str = "Coming back", **changes: object) -> Letter:
    """Make a letter that can be unsubscribed from in both of its parts."""
    made = Letter(
        subject=subject,
        preheader="What helps after falling away",
        html=f'<!doctype html><html lang="en"><title>{subject}</title><body><h1>Coming back</h1>'
        f'<p>It is not a failure.</p><a href="{UNSUBSCRIBE}">Unsubscribe</a></body></html>',
        text=f"Coming back\n\nIt is not a failure.\n\nUnsubscribe: {UNSUBSCRIBE}\n",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def envelope(**changes: str) -> Envelope:
    """Make what a campaign's messages have in common."""
    made = Envelope(
        campaign_id="0123456789abcdef",
        sender_name="Belonging",
        sender_address="letters@belonging.example.org",
        reply_to="",
        list_name="Belonging",
        site_url="https://belonging.example.org",
        unsubscribe_url=UNSUBSCRIBE,
        unsubscribe_mailto="",
    )
    return replace(made, **changes)


def address(number: int) -> str:
    """Name the number-th person."""
    return f"reader{number}@lists.example.com"


def person(number: int, *, keyring: Keyring = KEYRING, **changes: object) -> Subscriber:
    """Make the number-th person, confirmed."""
    sealer = Sealer(keyring)
    identity = (number + 1) * 7_919
    made = Subscriber(
        id=identity,
        address=sealer.seal(address(number), column=ADDRESS, row=identity),
        address_index=keyring.address_index(address(number)),
        state=SubscriberState.CONFIRMED,
        origin=Origin.ADDED,
        created_at=NOW,
        confirmed_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def persons(count: int) -> Sequence[Subscriber]:
    """Make the first people."""
    return [person(number) for number in range(count)]
