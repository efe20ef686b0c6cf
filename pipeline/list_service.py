"""The list service, put together: beside wiring, so that no other command waits for a web server to be imported."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cached_property
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp

from pipeline import rendering
from pipeline.errors import BelongingError, KeyChanged
from pipeline.letters import Guise
from pipeline.mail.notices import NoticeWriter, Postman, Stationery
from pipeline.posts import Site
from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.people import MailchimpPeople
from pipeline.providers.mailchimp.webhooks import SIGNATURE, EventKind, genuine, read_event
from pipeline.providers.mailchimp.wire import SessionWire
from pipeline.settings import ProviderName, TransportName
from pipeline.store.arrivals import SqlArrivals
from pipeline.store.choices import SqlChoices
from pipeline.store.hosted import SqlGuests, SqlPassage
from pipeline.store.members import SqlMembers
from pipeline.store.notices import MAILED, SqlOutbox
from pipeline.subscribers.hosting import Departures, HostedList, Relay
from pipeline.subscribers.leaving import Leaving
from pipeline.subscribers.membership import MemberStore, NoticeKind
from pipeline.subscribers.passes import Passes
from pipeline.subscribers.preferences import Preferences
from pipeline.subscribers.rights import Rights
from pipeline.subscribers.signing_up import Reception, Rules, SigningUp
from pipeline.subscribers.tokens import Tokens
from pipeline.web.service.app import Service
from pipeline.web.service.hosted import Hosted
from pipeline.web.service.pages import Look, Pages
from pipeline.web.service.renewing import Renewing
from pipeline.web.service.shield import Shield
from pipeline.web.service.worker import Worker
from pipeline.wiring import Project

__all__ = ["ListService"]

_RENEWING = threading.Lock()
_PATIENCE = (5.0, 20.0)  # seconds to connect, and to answer: somebody may be waiting, or stopping us
_LATE = timedelta(minutes=10)  # a wish that waits longer shows that nobody deals with them


@dataclass(frozen=True)
class ListService:
    """The service of one project's list, whoever keeps it.

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

    @property
    def living(self) -> ASGIApp:
        """Answer the application, which goes on when the list is given another key.

        Beside a site it is made to be mounted at `base`.
        """
        return Shield(
            Renewing(lambda: self.current, self._renew), self.service.pages.message("broken", status=500)
        )

    @cached_property
    def current(self) -> ASGIApp:
        """Answer the application with the key of now."""
        return self.service.application() if self.beside_site else self.service.alone()

    def _renew(self, stale: ASGIApp | None) -> None:
        """Make everything anew that knows a key, unless somebody has done so since."""
        with _RENEWING:
            if stale is None or self.__dict__.get("current") is stale:
                self.project.renew()
                mine = {field.name for field in fields(self)} | {"worker"}
                for name in [name for name in self.__dict__ if name not in mine]:
                    self.__dict__.pop(name, None)

    @cached_property
    def service(self) -> Service:
        """Answer the pages.

        Raises:
            SettingsError: The list is kept at Mailchimp, and there is no key for it.
            RenderingError: The theme lacks something.
        """
        project = self.project
        chosen = project.settings.service
        look = Look(
            name=project.settings.letter.name,
            lang=self._site.lang,
            site_url="" if self.beside_site else self._site.url,
            base=self.base,
            exit_url=self._site.exit_url,
            exit_name=self._site.exit_name,
            consent=chosen.consent,
            rights_hours=chosen.rights_hours,
            keeper="Mailchimp" if self._hosted else "",
            write_to=project.settings.sender.reply_to or project.settings.sender.address,
        )
        rights = Rights(
            members=self._members,
            keyring=project.keyring,
            passes=self._passes,
            clock=project.clock,
            farewells=project.farewells,
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
            leaving=Leaving(
                members=self._members,
                tokens=Tokens(project.keyring.token),
                farewells=project.farewells,
            ),
            rights=rights,
            pages=Pages(rendering.environment(project.root / "theme"), look),
            health=self._health,
            theme=project.root / "theme",
            base=self.base,
            behind_proxy=chosen.behind_proxy,
            preferences=None if self._hosted else self._preferences,
            hosted=self._elsewhere(rights, self._mailchimp) if self._hosted else None,
        )

    @cached_property
    def _preferences(self) -> Preferences:
        project = self.project
        guises = (Guise.OPEN,) if project.exposures(self._site) else tuple(Guise)
        return Preferences(
            store=SqlChoices(project.engine),
            keyring=project.keyring,
            passes=self._passes,
            clock=project.clock,
            confirm_within=self._rules.confirm_within,
            topics=project.topics,
            guises=guises,
        )

    def _elsewhere(self, rights: Rights, kept: HostedList) -> Hosted:
        """Put together what the pages do besides where Mailchimp keeps the list."""

        def choose(link: str, topics: Sequence[str]) -> bool:
            whose = rights.address(link)
            if whose is not None:
                kept.choose(whose, topics)
            return whose is not None

        secret = self.project.settings.mailchimp.webhook_secret
        return Hosted(
            mails=self._mails,
            topics=lambda: tuple(self._topics),
            choose=choose,
            hear=self._hear if secret.get_secret_value() else None,
        )

    def _hear(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Hear what Mailchimp calls about; tell whether it was Mailchimp."""
        project = self.project
        secret = project.settings.mailchimp.webhook_secret
        if not genuine(headers.get(SIGNATURE, ""), body, secret, project.clock()):
            return False
        event = read_event(body)
        if event is not None and event.kind in {EventKind.UNSUBSCRIBE, EventKind.CLEANED, EventKind.CHANGED}:
            heard = Departures(store=self._guests, keyring=project.keyring)
            heard.left(event.address, unreachable=event.kind is EventKind.CLEANED)
        return True

    @cached_property
    def reception(self) -> Reception:
        """Answer what deals with what was taken in."""
        return Reception(
            arrivals=self._arrivals,
            members=self._members,
            choices=SqlChoices(self.project.engine),
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
            sender_name=chosen.neutral_name,
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
            outbox=SqlOutbox(self.project.engine, [NoticeKind.RIGHTS] if self._hosted else MAILED),
            writer=NoticeWriter(environment, stationery, self.project.keyring),
            transport=self.project.transport,
            keyring=self.project.keyring,
            clock=self.project.clock,
        )

    @cached_property
    def worker(self) -> Worker:
        """Answer what works behind the answers."""
        # Looked up each time: after a new key they are others.
        work: list[Callable[[], int]] = [lambda: self._with_key(lambda: self.reception.work)]
        if self._hosted:
            work.append(lambda: self._with_key(lambda: self.relay.work))
        if self._mails:
            work.append(lambda: self._with_key(lambda: self.postman.work))
        return Worker(work, lambda: self._with_key(lambda: self._sweep), pause=self.pause)

    def _with_key(self, work: Callable[[], Callable[[], int]]) -> int:
        try:
            return work()()
        except KeyChanged:
            self._renew(None)
            return work()()

    @cached_property
    def relay(self) -> Relay:
        """Answer what passes on to Mailchimp what readers ask for."""
        return Relay(
            passage=SqlPassage(self.project.engine),
            hosted=self._mailchimp,
            keyring=self.project.keyring,
            clock=self.project.clock,
        )

    def _sweep(self) -> int:
        gone = self._members.sweep(self.project.clock())
        if self._hosted and not self._topics:
            self._topics.extend(self._mailchimp.interests())
        return gone

    def _health(self) -> Mapping[str, bool]:
        try:
            oldest = self._arrivals.oldest()
        except (BelongingError, SQLAlchemyError):
            return {"store": False, "worker": self.worker.alive}
        on_time = oldest is None or self.project.clock() - oldest < _LATE
        well = {"store": True, "worker": self.worker.alive and on_time}
        return {**well, "mailchimp": self.relay.well} if self._hosted else well

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
    def _members(self) -> MemberStore:
        return self._guests if self._hosted else SqlMembers(self.project.engine)

    @cached_property
    def _guests(self) -> SqlGuests:
        return SqlGuests(self.project.engine, self.project.clock)

    @property
    def _hosted(self) -> bool:
        """Tell whether somebody else keeps the list."""
        return self.project.settings.provider is ProviderName.MAILCHIMP

    @property
    def _mails(self) -> bool:
        """Tell whether messages of ours can reach anybody."""
        return not self._hosted or self.project.settings.list.transport is TransportName.SMTP

    @cached_property
    def _mailchimp(self) -> HostedList:
        """Answer the people at Mailchimp. Nothing is tried twice or waited for long here: the relay tries again."""
        chosen = self.project.settings.mailchimp
        wire = SessionWire(chosen.api_key, timeout=_PATIENCE)
        client = replace(self.project.mailchimp_account, wire=wire, pauses=())
        return MailchimpPeople(client=client, audience=Audience(client, chosen))

    @cached_property
    def _topics(self) -> list[str]:
        """Keep the names of Mailchimp's interests, as soon as they are known."""
        return []

    @cached_property
    def _passes(self) -> Passes:
        return Passes(self.project.keyring.token)
