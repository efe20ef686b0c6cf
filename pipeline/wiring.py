"""The composition root: the only module that knows every adapter and puts the parts together."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from pipeline import rendering, settings, strongbox
from pipeline.clock import Clock
from pipeline.errors import BelongingError, KeyProblem, SettingsError
from pipeline.letters import Edition, Guise, Letter
from pipeline.mail import bounces
from pipeline.mail.clearing import Clearing
from pipeline.mail.composing import Composers
from pipeline.mail.delivery import Delivery
from pipeline.mail.discretion import exposures
from pipeline.mail.imap import ImapBox
from pipeline.mail.letterbox import Letterbox, MaildirBox
from pipeline.mail.maildir import Maildir
from pipeline.mail.smtp import Smtp
from pipeline.mail.transport import Transport
from pipeline.planning import Policy
from pipeline.posts import Post, Site, manifest
from pipeline.providers import Provider
from pipeline.providers.embedded import EmbeddedList, envelope_of
from pipeline.providers.mailchimp import MailchimpList
from pipeline.providers.mailchimp.alone import Alone
from pipeline.providers.mailchimp.client import BASE, Mailchimp, data_centre
from pipeline.providers.mailchimp.content import neutralised
from pipeline.providers.mailchimp.doctor import Look, examine
from pipeline.providers.mailchimp.wire import SessionWire
from pipeline.publishing import Publishing
from pipeline.rendering import Publication
from pipeline.rendering.wording import words_for
from pipeline.settings import FirstRun, ProviderName, Settings, TransportName
from pipeline.site import Built, SiteBuilder
from pipeline.store import backup, engine, people
from pipeline.store.bounces import SqlBounces
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.deliveries import SqlDeliveries
from pipeline.store.errands import SqlErrands
from pipeline.store.farewells import Repeated, repeat
from pipeline.store.members import SqlMembers
from pipeline.store.people import People
from pipeline.store.rotation import SqlRotation
from pipeline.subscribers.bouncing import Bouncing, CameBack
from pipeline.subscribers.choices import opened
from pipeline.subscribers.exporting import Exporting
from pipeline.subscribers.farewells import Farewells
from pipeline.subscribers.farewells import read as read_farewells
from pipeline.subscribers.importing import Importing
from pipeline.subscribers.joining import Joining
from pipeline.subscribers.keys import Keyring, adopt, new_key_file, new_root_key_for, root_key
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.rotation import Rotation, Seals
from pipeline.subscribers.sealing import ADDRESS, KEPT, Sealer
from pipeline.subscribers.tokens import Tokens

__all__ = ["Project"]

FAREWELLS = "var/farewells"  # below the folder of the site


@dataclass(frozen=True)
class Project:
    """One project: a folder with content, a theme and newsletter.toml. Parts are made when first asked for."""

    root: Path
    environment: Mapping[str, str]
    clock: Clock
    sleep: Callable[[float], object]

    @cached_property
    def settings(self) -> Settings:
        """Answer the settings; see settings.load for what it raises."""
        return settings.load(self.root, self.environment)

    @cached_property
    def builder(self) -> SiteBuilder:
        """Answer what builds the site."""
        return SiteBuilder(self.root)

    @property
    def mailbox(self) -> Path:
        """Name the Maildir that letters are written to."""
        return self.settings.path(self.settings.list.maildir)

    @property
    def has_list(self) -> bool:
        """Tell whether the embedded list exists already."""
        return engine.exists(self.settings.list.store.get_secret_value(), self.root)

    @cached_property
    def keyring(self) -> Keyring:
        """Answer the keys of the embedded list, making the root key together with the list.

        Raises:
            KeyProblem: The key is missing or not the one the list was sealed with.
        """
        check = self.people.sealed_with()
        keyring = Keyring.derive(root_key(self.settings.list.key, self.root, create=check is None))
        if check is None:
            check = self.people.seal_with(keyring.check)
        if keyring.check != check:
            keyring = self._rotated(check)
        if (kept := self.people.outliving()) is not None:
            keyring = keyring.with_outliving(Sealer(keyring).open(kept, column=KEPT, row=0))
        engine.guard(self.engine, keyring.check)
        return keyring

    def _rotated(self, check: str) -> Keyring:
        """Finish a rotation that was killed after the list was sealed anew and before the key was put in its place.

        Raises:
            KeyProblem: There was none; it is a wrong key.
        """
        if self.key_is_a_file and new_key_file(self.settings.path(self.settings.list.key.file)).exists():
            keyring = Keyring.derive(new_root_key_for(self.settings.list.key, self.root))
            if keyring.check == check:
                adopt(self.settings.list.key, self.root)
                return keyring
        raise KeyProblem(
            "this is not the key that the list was sealed with",
            advice="bring back the right one (BELONGING_KEY, list.key.command or list.key.file)",
        )

    @property
    def key_is_a_file(self) -> bool:
        """Tell whether the key comes from a file, which this program may write."""
        chosen = self.settings.list.key
        return not chosen.value.get_secret_value() and not chosen.command

    def rotate_key(self, given: bytes | None) -> int:
        """Give the list another key; answer how many entries were sealed anew.

        Args:
            given: The new root key; None: one is made in a file beside the present one, and takes its place.

        Raises:
            KeyProblem: The key of now is missing or wrong.
        """
        old, chosen = self.keyring, self.settings.list.key
        new = Keyring.derive(given or new_root_key_for(chosen, self.root)).succeeding(old)
        sealed: list[int] = []
        if new.check != old.check:
            rotation = Rotation(store=SqlRotation(self.engine), seals=Seals(old=old, new=new))
            rotation.run(sealed.append)
        if given is None:
            adopt(chosen, self.root)
        self.renew()
        return sum(sealed)

    @cached_property
    def farewells(self) -> Farewells:
        """Answer where it is written down who left."""
        return Farewells(file=self.root / FAREWELLS, keyring=self.keyring)

    def back_up(self, file: BinaryIO) -> None:
        """Write the whole store into a file that only the list's key opens, while it is in use.

        Raises:
            BelongingError: There is no list yet.
        """
        if not self.has_list:
            raise BelongingError("there is no list yet", advice="it begins with the first belonging send")
        box = strongbox.Box(file, self._lock(), content="backup")
        with io.BufferedWriter(box) as target:
            for line in backup.dump(self.engine, self.keyring.check):
                target.write(line)
            target.flush()
            box.lock()

    def restore(self, file: BinaryIO, *, overwrite: bool, farewells: Sequence[Path]) -> Repeated:
        """Put a backup in the place of the store, and repeat who has left or was erased since.

        Args:
            file: The backup.
            overwrite: Whether a list that is there may go.
            farewells: More files in which it is written down who left; that of this folder is always read.

        Raises:
            KeyProblem: It is no backup, is damaged, or was locked with another key than the settings name.
            BelongingError: There is a list, and overwrite is false.
        """
        if not overwrite and self.has_list and not backup.is_empty(self.engine):
            raise BelongingError(
                "there is a list already, and a restored backup would take its place",
                advice="make a backup of it; then say belonging restore --overwrite",
            )
        lock = self._lock()
        keyring = Keyring.derive(lock.root)
        repeated: list[Repeated] = []

        def afterwards(connection: Connection) -> None:
            kept = people.outliving_in(connection)
            whole = (
                keyring.with_outliving(Sealer(keyring).open(kept, column=KEPT, row=0)) if kept else keyring
            )
            lines = read_farewells([self.root / FAREWELLS, *farewells])
            repeated.append(repeat(connection, lines, whole, self.clock()))

        with io.BufferedReader(strongbox.Opening(file, lock, content="backup")) as lines:
            backup.load(self.engine, lines, afterwards)
        self.renew()
        return repeated[0]

    def _lock(self) -> strongbox.RootLock:
        root = root_key(self.settings.list.key, self.root, create=False)
        return strongbox.RootLock(root, Keyring.derive(root).check)

    def renew(self) -> None:
        """Forget what was made with a key, so that it is made anew with the one of now."""
        for name in ("keyring", "engine", "people", "joining", "importing", "exporting", "farewells"):
            self.__dict__.pop(name, None)

    @cached_property
    def engine(self) -> Engine:
        """Open the store."""
        return engine.connect(self.settings.list.store.get_secret_value(), self.root)

    @cached_property
    def people(self) -> People:
        """Answer the subscribers of the embedded list."""
        return People(self.engine)

    @cached_property
    def joining(self) -> Joining:
        """Answer what brings people onto the embedded list."""
        return Joining(keyring=self.keyring, people=self.people, clock=self.clock)

    @cached_property
    def importing(self) -> Importing:
        """Answer what takes over lists from elsewhere."""
        return Importing(keyring=self.keyring, people=self.people, clock=self.clock)

    @cached_property
    def exporting(self) -> Exporting:
        """Answer what writes the list for elsewhere."""
        return Exporting(keyring=self.keyring, people=self.people)

    @cached_property
    def transport(self) -> Transport:
        """Answer the way out of the embedded list."""
        if self.settings.list.transport is TransportName.SMTP:
            return Smtp(self.settings.list.smtp, hello=self.settings.sender.address.partition("@")[2])
        return Maildir(self.mailbox)

    @property
    def return_paths(self) -> ReturnPaths | None:
        """Answer where letters come back to, if the settings name an address for that."""
        address = self.settings.list.bounce_address
        return ReturnPaths(self.keyring.token, address) if address else None

    @property
    def clearing(self) -> Clearing:
        """Answer what deals with mail that came back.

        Raises:
            SettingsError: The settings name no address that any could come back to.
        """
        paths = self.return_paths
        if paths is None and self.settings.list.unsubscribe_mailto is None:
            raise SettingsError(
                "neither list.bounce_address nor list.unsubscribe_mailto is set, so nothing can come back",
                advice="write them into newsletter.toml",
            )
        tokens = Tokens(self.keyring.token)
        return Clearing(
            read=lambda content: bounces.read(content, paths, tokens),
            bouncing=Bouncing(
                store=SqlBounces(self.engine),
                members=SqlMembers(self.engine),
                keyring=self.keyring,
                clock=self.clock,
                farewells=self.farewells,
            ),
            campaigns=SqlCampaigns(self.engine),
        )

    def letterbox(self, maildir: Path | None) -> Letterbox:
        """Answer where mail comes back to: a Maildir, or without one the mailbox that the settings name.

        Raises:
            SettingsError: They name none.
        """
        if maildir is not None:
            return MaildirBox(maildir)
        if not self.settings.list.imap.host:
            raise SettingsError(
                "there is no mailbox to read",
                advice="name a Maildir, or write list.imap.host into newsletter.toml",
            )
        return ImapBox(self.settings.list.imap)

    @property
    def came_back(self) -> CameBack | None:
        """Answer what came back so far; None where nothing can."""
        chosen = self.settings
        if chosen.provider is not ProviderName.EMBEDDED or not self.has_list:
            return None
        return SqlBounces(self.engine).came_back()

    def provider(self, site_url: str) -> Provider:
        """Answer who keeps the list, as newsletter.toml says.

        Args:
            site_url: Where the site is read, without a trailing slash.
        """
        if self.settings.provider is ProviderName.MAILCHIMP:
            return self.mailchimp
        campaigns = SqlCampaigns(self.engine)
        if not self.settings.leaves_machine and not campaigns.history().begun:
            self._add_samples()
        return EmbeddedList(
            campaigns=campaigns,
            delivery=Delivery(
                ledger=SqlDeliveries(self.engine),
                people=self.people,
                transport=self.transport,
                keyring=self.keyring,
                clock=self.clock,
                lease=timedelta(seconds=self.settings.list.lease_seconds),
                sleep=self.sleep,
                return_paths=self.return_paths,
            ),
            settings=self.settings.list,
            letter_settings=self.settings.letter,
            sender_settings=self.settings.sender,
            site_url=site_url,
            neutral_name=self.settings.neutral_name,
            telling=self.settings.discreet.words,
            senders=self.root / "var" / "senders",
        )

    @cached_property
    def mailchimp_account(self) -> Mailchimp:
        """Answer the Mailchimp account that the key belongs to.

        Raises:
            SettingsError: There is no key, or it is none.
        """
        chosen = self.settings.mailchimp
        if not chosen.api_key.get_secret_value():
            raise SettingsError(
                "there is no key for Mailchimp", advice="set MAILCHIMP_API_KEY in the environment"
            )
        base = BASE.format(data_centre(chosen.api_key, chosen.server))
        return Mailchimp(wire=SessionWire(chosen.api_key), base=base, sleep=self.sleep)

    @cached_property
    def mailchimp(self) -> MailchimpList:
        """Answer Mailchimp as who keeps the list; the store, where there is one, remembers what it was asked."""
        return MailchimpList(
            client=self.mailchimp_account,
            settings=self.settings.mailchimp,
            sender=self.settings.sender,
            clock=self.clock,
            sleep=self.sleep,
            ledger=SqlErrands(self.engine),
            alone=Alone(self.root / "var" / "mailchimp.lock"),
        )

    def examine_mailchimp(self) -> tuple[Look, ...]:
        """Look over the Mailchimp account; reads only."""
        return examine(
            self.mailchimp_account,
            self.mailchimp.audience,
            sender=self.settings.sender.address,
            clock=self.clock,
        )

    def _add_samples(self) -> None:
        """Give a list that nobody is on its made-up readers."""
        if not any(self.people.count().values()):
            self.joining.add_samples()

    def manifest(self) -> tuple[Site, tuple[Post, ...]]:
        """Answer what the last build left.

        Raises:
            ManifestError: There is no manifest, or it is broken.
        """
        return manifest.read(self.builder.manifest)

    @property
    def zone(self) -> ZoneInfo:
        """Answer the time zone of the site, as far as a build has told it."""
        return ZoneInfo(self.manifest()[0].timezone if self.builder.manifest.exists() else "UTC")

    @property
    def _restored(self) -> bool:
        """Tell whether the ledger was put back from a backup, so that the newest post may have been mailed since."""
        return self.has_list and SqlCampaigns(self.engine).restored()

    def retry_held(self) -> int:
        """Let deliveries be tried that were held because what is sealed did not open; answer how many."""
        return SqlDeliveries(self.engine).retry_held(self.clock())

    def unreadable(self) -> int:
        """Count the rows whose address or choices do not open with the key."""
        sealer, last, count = Sealer(self.keyring), -1, 0
        while page := self.people.after(last, most=1_000):
            for person, _ in page:
                last = person.id
                try:
                    sealer.open(person.address, column=ADDRESS, row=person.id)
                    opened(person.choices, sealer, row=person.id)
                except KeyProblem:
                    count += 1
        return count

    def decide(self, numbers: Sequence[int] | None, *, resend: bool) -> int:
        """Carry out a person's decision about unknown deliveries (None: about all); answer how many it was.

        Raises:
            BelongingError: One of the numbers is not waiting for a decision; nothing was changed.
        """
        ledger = SqlDeliveries(self.engine)
        waiting = [delivery.delivery_id for delivery in ledger.unknown()]
        if strangers := sorted(set(numbers or ()) - set(waiting)):
            raise BelongingError(
                f"no delivery waits for a decision under {', '.join(map(str, strangers))}",
                advice="belonging status --unknown lists those that do",
            )
        return ledger.decide(waiting if numbers is None else numbers, resend=resend, now=self.clock())

    def unknown_deliveries(self) -> list[tuple[int, str, str, str]]:
        """List what waits for a decision: number, campaign, since when, Message-ID."""
        tokens = Tokens(self.keyring.token)
        domain = self.settings.sender.address.partition("@")[2]
        return [
            (
                delivery.delivery_id,
                delivery.campaign_id,
                f"{delivery.since:%Y-%m-%d %H:%M}",
                f"<{tokens.message_id(delivery.campaign_id, delivery.subscriber_id)}@{domain}>",
            )
            for delivery in SqlDeliveries(self.engine).unknown()
        ]

    def publishing(self, built: Built | None = None) -> Publishing:
        """Put together what planning and sending need, from the last build, or from one that is only staged.

        Raises:
            ManifestError: There is no manifest, or it is broken.
        """
        built = built or Built(output=self.builder.output, manifest=self.builder.manifest)
        return self._publishing(*manifest.read(built.manifest), output=built.output)

    def topics(self) -> tuple[str, ...]:
        """Name the categories that letters are about, as the last build knows them."""
        if not self.builder.manifest.exists():
            return ()
        posts = self.manifest()[1]
        return tuple(sorted({post.category for post in posts if post.mail and post.category}))

    def exposures(self, site: Site) -> tuple[str, ...]:
        """Say what on the outside of a discreet letter would tell what it is about, in the site's language.

        Raises:
            RenderingError: The theme lacks words.
        """
        chosen = self.settings
        words = words_for(rendering.environment(self.root / "theme"), site.lang)
        letter = Letter(
            subject=words.discreet_subject,
            preheader=words.discreet_preheader,
            html="",
            text=f"{words.discreet_preheader}\n",
        )
        around = envelope_of(chosen.sender, chosen.list, chosen.letter, site.url, chosen.neutral_name)
        composer = Composers([Edition(guise=Guise.DISCREET, letter=letter)], around)(0)
        return exposures(composer, letter.preheader, chosen.discreet.words)

    def drafts(self) -> Publishing:
        """Put together what looking at letters needs, drafts and scheduled posts included.

        Raises:
            BuildError: The posts could not be built.
        """
        return self.publishing(self.builder.build_drafts())

    def _publishing(self, site: Site, posts: Sequence[Post], *, output: Path) -> Publishing:
        chosen = self.settings.campaigns
        hosted = self.settings.provider is ProviderName.MAILCHIMP
        return Publishing(
            site=site,
            posts=tuple(map(neutralised, posts)) if hosted else posts,
            provider=self.provider(site.url),
            publication=Publication(
                name=self.settings.letter.name,
                why=self.settings.letter.why,
                neutral_name=self.settings.neutral_name,
                help_url=f"{site.url}/help/" if (output / "help" / "index.html").exists() else "",
                feed_url=f"{site.url}/feed.atom" if (output / "feed.atom").exists() else "",
                untracked=not hosted,
            ),
            policy=Policy(
                newest_on_first_run=chosen.first_run is FirstRun.NEWEST and not self._restored,
                max_new=chosen.max_new,
                max_age=timedelta(days=chosen.max_age_days),
                provider_waits=hosted,
            ),
            images=self.settings.letter.images,
            environment=rendering.environment(self.root / "theme"),
            output=output,
            clock=self.clock,
        )
