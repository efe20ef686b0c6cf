"""A list that somebody else keeps: what readers ask for through our own pages is passed on, now or later, once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from pipeline.clock import Clock
from pipeline.errors import AnswerLost, BelongingError, KeyProblem
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.membership import Notice, NoticeKind
from pipeline.subscribers.sealing import ADDRESS, Sealer

__all__ = ["DepartureStore", "Departures", "HostedList", "Passage", "Relay"]

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4
_LEASE = timedelta(minutes=15)  # longer than what is passed on at once can take
_LOST = timedelta(minutes=3)  # a request that was not answered is not running any more after this
_PAUSES = (5, 10, 20, 40, 80, 160, 300, 900, 3_600)  # seconds between tries of one wish
_LONGEST_REST = 300  # seconds between tries of anything, while nothing gets through
_ILL_AFTER = 3  # tries


class HostedList(Protocol):
    """Pass on what readers ask for, so that no reader's browser ever talks to whoever keeps the list.

    No method tells whether an address was known, and none says anything about it when it fails. Each may be called
    again; twice is once.
    """

    def subscribe(self, address: SecretStr) -> None:
        """Pass on a wish to join. Whoever keeps the list mails the confirmation.

        Raises:
            DeliveryError: It could not be passed on now.
        """

    def unsubscribe(self, address: SecretStr) -> None:
        """Take somebody off the list.

        Raises:
            DeliveryError: It could not be done now.
        """

    def forget(self, address: SecretStr) -> None:
        """Erase somebody for good.

        Raises:
            DeliveryError: It could not be done now.
        """

    def interests(self) -> Sequence[str]:
        """Name what there is to choose from; nothing where letters go to everybody.

        Raises:
            DeliveryError: It could not be asked now.
        """

    def choose(self, address: SecretStr, interests: Sequence[str]) -> None:
        """Set what somebody wants to read about: these interests and no other.

        Raises:
            SettingsError: There is no interest of one of these names.
            DeliveryError: It could not be done now.
        """


class Passage(Protocol):
    """Keep what is to be passed on until it was. Every method is one transaction."""

    def take(self, now: datetime, until: datetime, *, most: int) -> list[Notice]:
        """Lease what is due. What a lease ran out on is taken again, since passing on twice is passing on once."""

    def done(self, notice: Notice) -> None:
        """Forget what was passed on, and an entry that nothing waits for any more."""

    def later(self, notice_id: int, due: datetime) -> None:
        """Keep what could not be passed on."""


class DepartureStore(Protocol):
    """Keep what an earlier list of ours left behind in step with the one that is kept elsewhere."""

    def departed(self, address_index: bytes, state: SubscriberState) -> None:
        """Mark somebody who is still marked as confirmed; nothing where there is nobody."""


@dataclass(kw_only=True)
class Relay:
    """Pass on what waits. When nothing gets through it rests, longer each time, and forgets nothing."""

    passage: Passage
    hosted: HostedList
    keyring: Keyring
    clock: Clock
    _failures: int = field(default=0, init=False)
    _rest: datetime | None = field(default=None, init=False)

    @property
    def well(self) -> bool:
        """Tell whether it gets through, as far as it has been tried."""
        return self._failures < _ILL_AFTER

    def work(self) -> int:
        """Pass on what is due, a few at once; answer how many it was."""
        now = self.clock()
        if self._rest is not None and now < self._rest:
            return 0
        due = self.passage.take(now, now + _LEASE, most=_AT_ONCE)
        if not due:
            return 0
        by_person: dict[int, list[Notice]] = {}
        for notice in due:
            by_person.setdefault(notice.subscriber_id, []).append(notice)
        failed: list[tuple[Notice, BelongingError]] = []
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for outcomes in pool.map(self._pass_on_in_turn, by_person.values()):
                for notice, failure in outcomes:
                    if failure is None:
                        self.passage.done(notice)
                    else:
                        failed.append((notice, failure))
        if not failed:
            self._failures, self._rest = 0, None
            return len(due)
        now = self.clock()
        self._failures += 1
        self._rest = now + min(_pause(self._failures), timedelta(seconds=_LONGEST_REST))
        for notice, failure in failed:
            _LOG.warning("a wish waits to be passed on: %s", failure.message)
            least = _LOST if isinstance(failure, AnswerLost) else timedelta()
            self.passage.later(notice.id, now + max(least, _pause(notice.attempts)))
        return 0

    def _pass_on_in_turn(self, notices: Sequence[Notice]) -> Sequence[tuple[Notice, BelongingError | None]]:
        """Pass on what one person wants, in the order in which they wanted it."""
        return [(notice, self._pass_on(notice)) for notice in notices]

    def _pass_on(self, notice: Notice) -> BelongingError | None:
        try:
            address = SecretStr(
                Sealer(self.keyring).open(notice.address, column=ADDRESS, row=notice.subscriber_id)
            )
        except KeyProblem as error:  # damaged; it must not keep the others waiting
            _LOG.error("a wish could not be read: %s", error.message)
            return None
        try:
            match notice.kind:
                case NoticeKind.LEAVE:
                    self.hosted.unsubscribe(address)
                case NoticeKind.FORGET:
                    self.hosted.forget(address)
                case _:
                    self.hosted.subscribe(address)
        except BelongingError as error:
            return error
        return None


def _pause(times: int) -> timedelta:
    """Tell how long to wait after something failed for the so-manieth time."""
    return timedelta(seconds=_PAUSES[min(times, len(_PAUSES)) - 1])


@dataclass(frozen=True, kw_only=True)
class Departures:
    """Hear of who left a list that is kept elsewhere, so that they are not mailed from here some day."""

    store: DepartureStore
    keyring: Keyring

    def left(self, address: SecretStr, *, unreachable: bool) -> None:
        """Note that somebody left, or cannot be reached any more. May be told more than once."""
        normal = normalise(address.get_secret_value())
        if normal is not None:
            state = SubscriberState.BOUNCED if unreachable else SubscriberState.UNSUBSCRIBED
            self.store.departed(self.keyring.address_index(normal), state)
