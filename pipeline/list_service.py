"""The list service, put together: beside wiring, so that no other command waits for a web server to be imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError

from pipeline import rendering
from pipeline.errors import BelongingError, SettingsError
from pipeline.mail.notices import NoticeWriter, Postman, Stationery
from pipeline.posts import Site
from pipeline.settings import FILE_NAME, ProviderName
from pipeline.store.arrivals import SqlArrivals
from pipeline.store.members import SqlMembers
from pipeline.store.notices import SqlOutbox
from pipeline.subscribers.leaving import Leaving
from pipeline.subscribers.passes import Passes
from pipeline.subscribers.rights import Rights
from pipeline.subscribers.signing_up import Reception, Rules, SigningUp
from pipeline.subscribers.tokens import Tokens
from pipeline.web.service.app import Service
from pipeline.web.service.pages import Look, Pages
from pipeline.web.service.worker import Worker
from pipeline.wiring import Project

__all__ = ["ListService"]

_LATE = timedelta(minutes=10)  # a wish that waits longer shows that nobody deals with them


@dataclass(frozen=True)
class ListService:
    """The service of one project's embedded list.

    Args:
        project: The project.
        beside_site: Whether the site stands at the same host, so that links to it need no host of their own.
        pause: Between how many seconds the worker pauses.
    """

    project: Project
    beside_site: bool = False
    pause: tuple[float, float] = (1.0, 3.0)

    @property
    def base(self) -> str:
        """Name the path that the service stands at, without a slash at its end."""
        return urlsplit(self.project.settings.list.service_url).path.rstrip("/")

    @cached_property
    def service(self) -> Service:
        """Answer the pages.

        Raises:
            SettingsError: The list is kept by somebody else, who has pages of their own.
            RenderingError: The theme lacks something.
        """
        project = self.project
        chosen = project.settings.service
        if project.settings.provider is not ProviderName.EMBEDDED:
            raise SettingsError(
                f'{FILE_NAME}: provider = "{project.settings.provider}" has pages of its own for joining and leaving',
                advice='the list service is for provider = "embedded"',
            )
        look = Look(
            name=project.settings.letter.name,
            lang=self._site.lang,
            site_url="" if self.beside_site else self._site.url,
            base=self.base,
            exit_url=self._site.exit_url,
            exit_name=self._site.exit_name,
            consent=chosen.consent,
            rights_hours=chosen.rights_hours,
        )
        return Service(
            signing_up=SigningUp(
                arrivals=self._arrivals,
                members=self._members,
                keyring=project.keyring,
                passes=self._passes,
                rules=self._rules,
                clock=project.clock,
            ),
            leaving=Leaving(members=self._members, tokens=Tokens(project.keyring.token)),
            rights=Rights(
                members=self._members, keyring=project.keyring, passes=self._passes, clock=project.clock
            ),
            pages=Pages(rendering.environment(project.root / "theme"), look),
            health=self._health,
            consent=chosen.consent,
            theme=project.root / "theme",
            base=self.base,
            behind_proxy=chosen.behind_proxy,
        )

    @cached_property
    def reception(self) -> Reception:
        """Answer what deals with what was taken in."""
        return Reception(
            arrivals=self._arrivals,
            members=self._members,
            people=self.project.people,
            keyring=self.project.keyring,
            rules=self._rules,
            clock=self.project.clock,
        )

    @cached_property
    def postman(self) -> Postman:
        """Answer what hands over notices."""
        chosen = self.project.settings
        stationery = Stationery(
            name=chosen.letter.name,
            lang=self._site.lang,
            sender_name=chosen.sender.name,
            sender_address=chosen.sender.address,
            reply_to=chosen.sender.reply_to or "",
            postal_address=chosen.letter.postal_address,
            site_url=self._site.url,
            service_url=chosen.list.service_url,
            confirm_within=self._rules.confirm_within,
            rights_within=self._rules.rights_within,
        )
        environment = rendering.environment(self.project.root / "theme")
        return Postman(
            outbox=SqlOutbox(self.project.engine),
            writer=NoticeWriter(environment, stationery, self.project.keyring),
            transport=self.project.transport,
            keyring=self.project.keyring,
            clock=self.project.clock,
        )

    @cached_property
    def worker(self) -> Worker:
        """Answer what works behind the answers."""
        work: tuple[Callable[[], int], ...] = (self.reception.work, self.postman.work)
        return Worker(work, lambda: self._members.sweep(self.project.clock()), pause=self.pause)

    def _health(self) -> Mapping[str, bool]:
        try:
            oldest = self._arrivals.oldest()
        except (BelongingError, SQLAlchemyError):
            return {"store": False, "worker": self.worker.alive}
        on_time = oldest is None or self.project.clock() - oldest < _LATE
        return {"store": True, "worker": self.worker.alive and on_time}

    @cached_property
    def _site(self) -> Site:
        """Answer what the site says of itself; before it was first built, what can be told without it."""
        if self.project.builder.manifest.exists():
            return self.project.manifest()[0]
        where = urlsplit(self.project.settings.list.service_url)
        name = self.project.settings.letter.name
        return Site(name=name, url=f"{where.scheme}://{where.netloc}", lang="en", timezone="UTC")

    @cached_property
    def _rules(self) -> Rules:
        chosen = self.project.settings.service
        return Rules(
            per_source=chosen.per_source,
            everybody=chosen.per_hour,
            shortest=timedelta(seconds=chosen.shortest_seconds),
            quiet=timedelta(days=chosen.quiet_days),
            confirm_within=timedelta(days=chosen.confirm_days),
            rights_within=timedelta(hours=chosen.rights_hours),
        )

    @cached_property
    def _arrivals(self) -> SqlArrivals:
        return SqlArrivals(self.project.engine)

    @cached_property
    def _members(self) -> SqlMembers:
        return SqlMembers(self.project.engine)

    @cached_property
    def _passes(self) -> Passes:
        return Passes(self.project.keyring.token)
