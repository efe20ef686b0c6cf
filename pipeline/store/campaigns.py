"""Campaigns and the history of posts in the store. What each method promises is written in pipeline.ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    bindparam,
    func,
    insert,
    literal,
    select,
    update,
)

from pipeline.batches import batches
from pipeline.campaigns import EVERYBODY, Campaign, CampaignState, campaign_id
from pipeline.errors import PlanChanged
from pipeline.ledger import Allotment, DeliveryState
from pipeline.letters import Edition, Guise, Letter
from pipeline.planning import History, Past, Plan, Verdict
from pipeline.posts import Post
from pipeline.store import facts, letters, pace, transitions
from pipeline.store.engine import transaction
from pipeline.store.tables import campaigns, deliveries, earlier_posts, subscribers
from pipeline.store.upserts import upsert
from pipeline.subscribers import Origin, SubscriberState

__all__ = ["HISTORY", "RESTORED", "SqlCampaigns"]

RESTORED = (
    "restored"  # the fact that the history is that of a backup: the newest post may have been mailed since
)
HISTORY = "history version"  # the fact that counts how often the history changed
# Posts that were stopped for being too many stay so, however many of them are left at the next run.
_BEGIN = {Verdict.MAIL: CampaignState.PLANNED, Verdict.STOPPED: CampaignState.PAUSED}
_NOT_KEPT = (CampaignState.PLANNED, CampaignState.PAUSED)  # states in which there may be no letter yet
_NOW = datetime(1970, 1, 1, tzinfo=UTC)  # due at once
_BATCH = 500
_PAGE = 2_000  # people whose choices are looked at together


class SqlCampaigns:
    """Keep campaigns in SQL (a CampaignLedger)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def history(self) -> History:
        """Answer everything that had its turn before."""
        with transaction(self._engine) as connection:
            version = facts.read(connection, HISTORY)
            earlier = [
                Past(
                    post_id=row.post_id,
                    url=row.url,
                    title=row.title,
                    fingerprint=row.fingerprint,
                    source=row.source,
                    state=None,
                )
                for row in connection.execute(select(earlier_posts).order_by(earlier_posts.c.post_id))
            ]
            begun = [
                Past(
                    post_id=row.post_id,
                    url=row.url,
                    title=row.title,
                    fingerprint=row.fingerprint,
                    source=row.source,
                    state=CampaignState(row.state),
                    frozen_at=row.frozen_at,
                )
                for row in connection.execute(
                    select(
                        *campaigns.c[
                            "post_id", "url", "title", "fingerprint", "source", "state", "frozen_at"
                        ],
                    ).order_by(campaigns.c.post_id)
                )
            ]
        return History(past=(*earlier, *begun), begun=version is not None, version=version or "")

    def accept(self, plan: Plan, now: datetime) -> None:
        """Make a plan's decisions durable."""
        with transaction(self._engine) as connection:
            version = facts.remember(connection, HISTORY, "")
            if version != plan.history_version:
                raise PlanChanged(
                    "something was planned or mailed since this plan was made",
                    advice="run belonging plan again",
                )
            known = set(connection.execute(select(campaigns.c.post_id)).scalars())
            seen = set(connection.execute(select(earlier_posts.c.post_id)).scalars())
            new = [item for item in plan.of(*_BEGIN) if item.post.id not in known]
            settled = {item.post.id: item.post for item in plan.of(Verdict.EARLIER)}
            earlier = [post for post in settled.values() if post.id not in known and post.id not in seen]
            for batch in batches(earlier, _BATCH):
                rows = [{**_remembered(post), "recorded_at": now} for post in batch]
                connection.execute(insert(earlier_posts), rows)
            for item in new:
                connection.execute(
                    insert(campaigns).values(
                        **_remembered(item.post),
                        id=campaign_id(EVERYBODY, item.post.id),
                        state=_BEGIN[item.verdict],
                        subject="",
                        created_at=now,
                    )
                )
            cancelled = [post_id for post_id in (*settled, *plan.cancelled) if post_id in known]
            for post_id in cancelled:
                transitions.cancel(connection, campaign_id(EVERYBODY, post_id), now)
            if not version or new or earlier or cancelled:
                facts.write(connection, HISTORY, str(int(version or 0) + 1))

    def restored(self) -> bool:
        """Tell whether this history was ever put back from a backup."""
        with transaction(self._engine) as connection:
            return facts.read(connection, RESTORED) is not None

    def campaigns(self) -> Sequence[Campaign]:
        """List every campaign, the newest first."""
        with transaction(self._engine) as connection:
            query = select(*_CAMPAIGN).order_by(campaigns.c.created_at.desc(), campaigns.c.id)
            return [_campaign(row) for row in connection.execute(query)]

    def campaign(self, campaign_id: str) -> Campaign | None:
        """Find one campaign."""
        with transaction(self._engine) as connection:
            row = connection.execute(select(*_CAMPAIGN).where(campaigns.c.id == campaign_id)).one_or_none()
            return None if row is None else _campaign(row)

    def audience_size(
        self, now: datetime | None = None, *, samples: bool, allotment: Allotment | None = None
    ) -> int:
        """Count the people that a campaign frozen now would be for."""
        everybody = _confirmed(samples=samples)
        with transaction(self._engine) as connection:
            query = select(func.count()).select_from(subscribers).where(everybody)
            if allotment is None or now is None:
                return connection.execute(query).scalar_one()
            size = 0
            if allotment.everybody:
                size = connection.execute(query.where(subscribers.c.choices.is_(None))).scalar_one()
            return size + sum(len(part) for part in _allotted(connection, everybody, allotment, now))

    def freeze(
        self,
        campaign_id: str,
        letter: Letter,
        now: datetime,
        *,
        samples: bool,
        allotment: Allotment | None = None,
    ) -> int:
        """Keep the letter and fix the audience."""
        with transaction(self._engine) as connection:
            pace.hold(connection, alone=True)
            row = connection.execute(
                select(campaigns.c.state, campaigns.c.audience, campaigns.c.letter.is_(None).label("bare"))
                .where(campaigns.c.id == campaign_id)
                .with_for_update()
            ).one_or_none()
            if row is None:
                raise LookupError(f"campaign {campaign_id} was not accepted before it was frozen")
            if not row.bare or row.state not in _NOT_KEPT:
                return int(row.audience or 0)
            # Never before another one, whatever a clock says: a letter must not slip into a digest that has left.
            now = max(now, pace.frozen(connection) or now)
            everybody = _confirmed(samples=samples)
            if allotment is None:
                self._deliver_to(connection, campaign_id, everybody, now)
            else:
                if allotment.everybody:
                    whom = and_(everybody, subscribers.c.choices.is_(None))
                    self._deliver_to(connection, campaign_id, whom, now)
                add = upsert(connection, deliveries).on_conflict_do_nothing()
                for part in _allotted(connection, everybody, allotment, now):
                    if part:
                        rows = [{"subscriber_id": whom, "variant": variant} for whom, variant in part]
                        connection.execute(add.values(_new(campaign_id, now)), rows)
            editions = allotment.editions() if allotment else (Edition(guise=Guise.OPEN, letter=letter),)
            # Counted, not taken from the driver, which may not know.
            mine = select(func.count()).where(deliveries.c.campaign_id == campaign_id)
            audience = int(connection.execute(mine).scalar_one())
            connection.execute(
                update(campaigns)
                .where(campaigns.c.id == campaign_id)
                .values(
                    state=CampaignState.READY,
                    subject=letter.subject,
                    letter=letters.pack(editions),
                    audience=audience,
                    frozen_at=now,
                )
            )
            return audience

    def _deliver_to(
        self, connection: Connection, campaign_id: str, whom: ColumnElement[bool], now: datetime
    ) -> None:
        """Enter a delivery of the letter as it is for everybody of some people."""
        new = _new(campaign_id, now)
        values = [literal(value, deliveries.c[name].type) for name, value in new.items()]
        people = select(*values, subscribers.c.id).where(whom)
        connection.execute(insert(deliveries).from_select([*new, "subscriber_id"], people))

    def editions(self, campaign_id: str) -> Sequence[Edition]:
        """Answer what was kept."""
        with transaction(self._engine) as connection:
            packed = connection.execute(
                select(campaigns.c.letter).where(campaigns.c.id == campaign_id)
            ).scalar()
        return () if packed is None else letters.unpack(packed)

    def move(self, campaign_id: str, state: CampaignState, now: datetime) -> bool:
        """Bring a campaign into another state, if it may."""
        with transaction(self._engine) as connection:
            return transitions.move(connection, campaign_id, state, now)


_CAMPAIGN = [
    campaigns.c[name] for name in ("id", "post_id", "state", "subject", "url", "created_at", "finished_at")
]


def _confirmed(*, samples: bool) -> ColumnElement[bool]:
    confirmed = subscribers.c.state == SubscriberState.CONFIRMED
    return confirmed if samples else and_(confirmed, subscribers.c.origin != Origin.SAMPLE)


def _new(campaign_id: str, now: datetime) -> dict[str, object]:
    """Write what all new deliveries of a campaign have in common."""
    return {"campaign_id": campaign_id, "state": DeliveryState.WAITING, "due_at": _NOW, "changed_at": now}


def _allotted(
    connection: Connection, everybody: ColumnElement[bool], allotment: Allotment, now: datetime
) -> Iterator[list[tuple[int, int]]]:
    """Go through those who chose anything, page by page: who of them gets the letter, and in which variant."""
    page = (
        select(subscribers.c.id, subscribers.c.choices)
        .where(everybody, subscribers.c.choices.is_not(None), subscribers.c.id > bindparam("last"))
        .order_by(subscribers.c.id)
        .limit(_PAGE)
    )
    last = -1
    while rows := connection.execute(page, {"last": last}).all():
        last = rows[-1].id
        variants = ((row.id, allotment.variant(row.id, row.choices, now)) for row in rows)
        yield [(whom, variant) for whom, variant in variants if variant is not None]


def _remembered(post: Post) -> dict[str, str]:
    return {
        "post_id": post.id,
        "url": post.url,
        "title": post.title,
        "fingerprint": post.fingerprint,
        "source": post.source,
    }


def _campaign(row: Row[tuple[object, ...]]) -> Campaign:
    return Campaign(
        id=row.id,
        post_id=row.post_id,
        state=CampaignState(row.state),
        subject=row.subject,
        url=row.url,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
