"""The delivery loop: claim, try, record, until nothing of a campaign is left to be tried.

Before a message is handed over, the ledger says so on disk; what came of it is recorded together with what is
tried next, so that one commit a message is enough. Killed anywhere, the loop leaves at most as many unknown
deliveries as it has connections, and everything else exactly as it was.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from pipeline.clock import Clock
from pipeline.errors import DeliveryError, KeyProblem, PolicyBlock, TransportDown
from pipeline.ledger import HELD, Claim, DeliveryLedger, DeliveryState, Settlement
from pipeline.mail.alarm import Alarm
from pipeline.mail.composing import Composer
from pipeline.mail.retry import pause_after
from pipeline.mail.senders import Sender
from pipeline.mail.transport import (
    Accepted,
    Deferred,
    Message,
    Outcome,
    Rejected,
    Session,
    Transport,
    Unknown,
)
from pipeline.subscribers import SubscriberStore
from pipeline.subscribers.choices import opened
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.sealing import ADDRESS, Sealer
from pipeline.subscribers.tokens import Purpose, Tokens

__all__ = ["Delivery", "Progress"]

Progress = Callable[[int], None]
"""Is told how many more deliveries have an outcome."""

_BATCH = 100  # claimed at once; suppression is looked at again this often
_ODD = 2  # so many rows of a batch may be held; if it is most of them, something else is wrong
_PATIENCE = timedelta(seconds=90)  # a run waits this long for a deferred delivery to be due
_RECONNECT = (2.0, 10.0, 30.0)  # seconds between attempts to reach a transport that is down


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything the loop needs of the world."""

    ledger: DeliveryLedger
    people: SubscriberStore
    transport: Transport
    keyring: Keyring
    clock: Clock
    lease: timedelta
    sleep: Callable[[float], object] = time.sleep
    return_paths: ReturnPaths | None = None  # None: bounces go to the sender's address

    def run(
        self,
        campaign_id: str,
        composers: Callable[[int], Composer],
        sender: Sender,
        *,
        progress: Progress = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Deliver what can be delivered now.

        Args:
            campaign_id: A campaign that is being sent.
            composers: Make its messages, each those of one variant.
            sender: Who holds the leases.
            progress: Is told of outcomes.
            stop: Asked between messages; True ends the run with nothing half-done.

        Raises:
            TransportDown: The transport could not be reached for a while; what was not sent is waiting.
            PolicyBlock: The other side refuses the sender, or nearly everybody; what was not sent is waiting.
        """
        pauses = iter(_RECONNECT)
        with _pool(self.transport) as pool:
            batch = _Batch(
                world=self,
                campaign_id=campaign_id,
                composers=composers,
                owner=sender.name,
                pool=pool,
                progress=progress,
                stop=stop,
                sealer=Sealer(self.keyring),
                tokens=Tokens(self.keyring.token),
                alarm=Alarm(),
            )
            while not stop():
                now = self.clock()
                self.ledger.reap(now, sender.dead(self.ledger.owners()))
                claims = self.ledger.claim(
                    campaign_id, sender.name, limit=_BATCH, now=now, until=now + self.lease
                )
                if claims:
                    try:
                        batch.deliver(claims)
                    except TransportDown:
                        pause = next(pauses, None)
                        if pause is None:
                            raise
                        self.sleep(pause)
                    else:
                        pauses = iter(_RECONNECT)
                    continue
                due = self.ledger.next_due(campaign_id)
                if due is None or due - now > _PATIENCE:
                    return
                self.sleep(max(0.05, min(1.0, (due - now).total_seconds())))


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """How one batch of claims is worked through."""

    world: Delivery
    campaign_id: str
    composers: Callable[[int], Composer]
    owner: str
    pool: _Pool
    progress: Progress
    stop: Callable[[], bool]
    sealer: Sealer
    tokens: Tokens
    alarm: Alarm

    def deliver(self, claims: Sequence[Claim]) -> None:
        """Bring every claim to an outcome, or back."""
        sealed = {claim.delivery_id: self._opened(claim) for claim in claims if not claim.excluded}
        addresses = {identity: address for identity, address in sealed.items() if address is not None}
        if len(sealed) - len(addresses) > max(_ODD, len(addresses)):
            raise KeyProblem(
                "most of the list does not open with this key; nobody was mailed",
                advice="belonging doctor tells more; restore a backup if the store was tampered with",
            )
        excluded = self._excluded(claims, addresses)
        settled = [
            Settlement(delivery_id=identity, state=DeliveryState.EXCLUDED, code=why, tried=False)
            for identity, why in excluded.items()
        ]
        left = [claim for claim in claims if claim.delivery_id not in excluded]
        try:
            while left and not self.stop():
                window, left = left[: self.pool.size], left[self.pool.size :]
                mine = self._record(settled, [claim.delivery_id for claim in window])
                settled = []
                window = [claim for claim in window if claim.delivery_id in mine]
                settled, outcomes = self._try(window, addresses)
                for outcome in outcomes:
                    if isinstance(outcome, DeliveryError):
                        raise outcome
                    self.alarm.hear(outcome)
        finally:
            # Whatever was claimed and not tried goes back, so that nobody has to wait for the lease to run out.
            released = [
                Settlement(delivery_id=claim.delivery_id, state=DeliveryState.WAITING, tried=False)
                for claim in left
            ]
            self._record([*settled, *released], [])

    def _record(self, settled: Sequence[Settlement], trying: Sequence[int]) -> frozenset[int]:
        now = self.world.clock()
        mine = self.world.ledger.settle(self.owner, settled, trying, now=now, until=now + self.world.lease)
        self.progress(sum(s.state not in {DeliveryState.WAITING, DeliveryState.DEFERRED} for s in settled))
        return mine

    def _opened(self, claim: Claim) -> str | None:
        """Open somebody's address and see that what they chose opens too; None where one of them does not."""
        whom = claim.subscriber_id
        try:
            opened(claim.choices, self.sealer, row=whom)
            return self.sealer.open(claim.sealed_address, column=ADDRESS, row=whom)
        except KeyProblem:
            return None

    def _excluded(self, claims: Sequence[Claim], addresses: dict[int, str]) -> dict[int, str]:
        """Name the deliveries that must not be made, and why.

        Who left or paused since; whose address is suppressed; whose row was tampered with (nobody else waits for it).
        """
        excluded = {
            claim.delivery_id: claim.excluded or HELD
            for claim in claims
            if claim.delivery_id not in addresses
        }
        now = self.world.clock()
        excluded |= {
            claim.delivery_id: "paused"
            for claim in claims
            if claim.choices
            and claim.delivery_id not in excluded
            and opened(claim.choices, self.sealer, row=claim.subscriber_id).paused_at(now)
        }
        hashes = {
            identity: self.world.keyring.suppression_hash(address) for identity, address in addresses.items()
        }
        suppressed = self.world.people.suppressed(list(hashes.values()))
        excluded |= {identity: "suppressed" for identity, name in hashes.items() if name in suppressed}
        return excluded

    def _try(
        self, window: Sequence[Claim], addresses: dict[int, str]
    ) -> tuple[list[Settlement], list[Outcome | DeliveryError]]:
        date, paths = self.world.clock(), self.world.return_paths
        messages = [
            self.composers(claim.variant).compose(
                to=addresses[claim.delivery_id],
                message_id=self.tokens.message_id(self.campaign_id, claim.subscriber_id),
                date=date,
                token=self.tokens.make(Purpose.UNSUBSCRIBE, claim.subscriber_id, claim.life),
                sender=paths.make(claim.subscriber_id, claim.life) if paths else "",
            )
            for claim in window
        ]
        settled: list[Settlement] = []
        outcomes = self.pool.send(messages)
        for claim, outcome in zip(window, outcomes, strict=True):
            if isinstance(outcome, DeliveryError):
                # Behind everybody else: if it is this one that brings connections down, the others come first.
                settled.append(
                    Settlement(
                        delivery_id=claim.delivery_id, state=DeliveryState.WAITING, due_at=date, tried=False
                    )
                )
            else:
                settled.append(self._settlement(claim, outcome))
        return settled, outcomes

    def _settlement(self, claim: Claim, outcome: Outcome) -> Settlement:
        identity = claim.delivery_id
        match outcome:
            case Accepted():
                return Settlement(delivery_id=identity, state=DeliveryState.ACCEPTED)
            case Rejected(code):
                return Settlement(delivery_id=identity, state=DeliveryState.REJECTED, code=code)
            case Unknown(code):
                return Settlement(delivery_id=identity, state=DeliveryState.UNKNOWN, code=code)
            case Deferred(code):
                pause = pause_after(claim.attempts + 1)
                if pause is None:
                    return Settlement(
                        delivery_id=identity, state=DeliveryState.REJECTED, code=f"{code}, given up"
                    )
                return Settlement(
                    delivery_id=identity,
                    state=DeliveryState.DEFERRED,
                    code=code,
                    due_at=self.world.clock() + pause,
                )


class _Pool:
    """As many sessions as the transport allows, one thread each."""

    def __init__(self, sessions: Sequence[Session], executor: ThreadPoolExecutor) -> None:
        self._sessions = sessions
        self._executor = executor
        self.size = len(sessions)

    def send(self, messages: Sequence[Message]) -> list[Outcome | DeliveryError]:
        if len(messages) == 1:
            return [_send(self._sessions[0], messages[0])]
        return list(self._executor.map(_send, self._sessions, messages))


@contextlib.contextmanager
def _pool(transport: Transport) -> Iterator[_Pool]:
    sessions = [transport.open() for _ in range(transport.connections)]
    with ThreadPoolExecutor(max_workers=len(sessions)) as executor:
        try:
            yield _Pool(sessions, executor)
        finally:
            for session in sessions:
                session.close()


def _send(session: Session, message: Message) -> Outcome | DeliveryError:
    try:
        return session.send(message)
    except (TransportDown, PolicyBlock) as error:
        return error
