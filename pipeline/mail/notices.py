"""Notices: single messages to one person, such as the one that asks whether an address is theirs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

import css_inline
from jinja2 import Environment

from pipeline.clock import Clock
from pipeline.errors import DeliveryError, KeyProblem
from pipeline.mail.retry import pause_after
from pipeline.mail.transport import Accepted, Deferred, Message, Outcome, Rejected, Session, Transport
from pipeline.posts.languages import Catalogue, direction, own_name
from pipeline.rendering import load
from pipeline.rendering.columns import wrap
from pipeline.rendering.phrases import phrases_for
from pipeline.subscribers.keys import Keyring
from pipeline.subscribers.membership import Notice, NoticeKind, Outbox
from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.sealing import ADDRESS, MOVING, Sealer
from pipeline.subscribers.tokens import Purpose, Tokens

__all__ = ["NoticeWriter", "Postman", "Stationery"]

_LOG = logging.getLogger(__name__)
_BATCH = 20
_LEASE = timedelta(minutes=15)  # longer than handing over a batch takes
_PAGES = {
    NoticeKind.CONFIRM: ("confirm", Errand.CONFIRM),
    NoticeKind.RIGHTS: ("rights", Errand.RIGHTS),
    NoticeKind.CHOICES: ("preferences", Errand.CHOICES),
    NoticeKind.MOVE: ("move", Errand.MOVE),
}
_DOWN = timedelta(minutes=1)  # until a way out that is closed is tried again


@dataclass(frozen=True, kw_only=True, slots=True)
class Stationery:
    """What all notices of a list have in common."""

    name: str  # of the list
    lang: str
    sender_name: str
    sender_address: str
    reply_to: str  # "" where answers go to the sender
    postal_address: tuple[str, ...]
    site_url: str
    service_url: str
    confirm_within: timedelta
    rights_within: timedelta


class NoticeWriter:
    """Write notices: neutral in what others may see, with exactly one thing to do."""

    def __init__(self, environment: Environment, stationery: Stationery, keyring: Keyring) -> None:
        """Take the theme's environment, what notices have in common, and the keys that links are made with.

        Raises:
            RenderingError: The theme lacks words or a template.
        """
        self._html, self._text = load(environment, ["email/notice.html", "email/notice.txt"]).values()
        self._words = phrases_for(environment, stationery.lang)
        others = (lang for lang in Catalogue.of(environment).languages if lang != self._words["lang"])
        self._others = [phrases_for(environment, lang) for lang in others]
        self._stationery = stationery
        self._tokens = Tokens(keyring.token)
        self._passes = Passes(keyring.token)
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)

    def write(self, notice: Notice, *, to: str, date: datetime) -> Message:
        """Write one notice. It asks that no machine answers it (RFC 3834 §5).

        Args:
            notice: What it is about.
            to: The address, ASCII, without a line break (addresses.normalise lets none through).
            date: Aware.
        """
        look = self._stationery
        words = self._words[f"notice_{notice.kind.value}"]
        assert isinstance(words, Mapping)  # noqa: S101 - the theme's own
        context = self._context(notice, words, self._link(notice))
        identity = self._tokens.message_id(f"notice {notice.id}", notice.subscriber_id)
        domain = look.sender_address.partition("@")[2]
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(look.sender_name, addr_spec=look.sender_address)
        message["To"] = to
        if look.reply_to:
            message["Reply-To"] = look.reply_to
        message["Subject"] = str(words["subject"])
        message["Date"] = format_datetime(date)
        message["Message-ID"] = f"<{identity}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._text.render(context), cte="quoted-printable")
        html = self._inliner.inline(self._html.render(context)).replace(' data-css-inline="keep"', "")
        message.add_alternative(html.strip() + "\n", subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{identity}")
        return Message(id=identity, sender=look.sender_address, to=to, content=message.as_bytes())

    def _context(self, notice: Notice, words: Mapping[str, Any], link: str) -> dict[str, object]:
        look = self._stationery
        blanks = {
            "name": look.name,
            "site": urlsplit(look.site_url).hostname or look.name,
            "days": look.confirm_within.days,
            "hours": int(look.rights_within.total_seconds() // 3600),
        }
        lang = str(self._words["lang"])
        return {
            "words": self._words,
            "speaks": lang,
            "words_dir": direction(lang),
            "name": look.name,
            "site_url": look.site_url,
            "title": str(words["title"]),
            "before": [str(line).format(**blanks) for line in words["before"]],
            "label": str(words["button"]),
            "link": link,
            "others": [_elsewhere(phrases, notice.kind, link) for phrases in self._others],
            "after": [str(line).format(**blanks) for line in words["after"]],
            "why": str(self._words["notice_why"]).format(**blanks),
            "postal_address": look.postal_address,
            "wrapped": lambda text: "\n".join(wrap(text)),
        }

    def _link(self, notice: Notice) -> str:
        whom, life = notice.subscriber_id, notice.life
        if notice.kind is NoticeKind.ALREADY:
            path = "unsubscribe/" + self._tokens.make(Purpose.UNSUBSCRIBE, whom, life)
        else:
            path, errand = _PAGES[notice.kind]
            path = f"{path}/{self._passes.make(errand, whom, life, notice.expires_at)}"
        return f"{self._stationery.service_url}/{path}"


def _elsewhere(phrases: Mapping[str, object], kind: NoticeKind, link: str) -> Mapping[str, str]:
    """Say in one line of another language what a notice is about; whose language it is in, nobody noted."""
    lang, words = str(phrases["lang"]), phrases[f"notice_{kind.value}"]
    assert isinstance(words, Mapping)  # noqa: S101 - the theme's own
    return {
        "lang": lang,
        "dir": direction(lang),
        "name": own_name(lang),
        "title": str(words["title"]),
        "label": str(words["button"]),
        "link": f"{link}?lang={lang}",
    }


@dataclass(frozen=True, kw_only=True)
class Postman:
    """Hand over the notices that wait."""

    outbox: Outbox
    writer: NoticeWriter
    transport: Transport
    keyring: Keyring
    clock: Clock

    def work(self) -> int:
        """Hand over what is due; answer how many notices it was.

        Before one is handed over the outbox says so on disk. One of which it is not known whether it arrived is
        not sent again: whoever waits for it asks again, and may.
        """
        now = self.clock()
        due = self.outbox.take(now, now + _LEASE, most=_BATCH)
        if not due:
            return 0
        session = self.transport.open()
        try:
            for number, notice in enumerate(due):
                if not self._hand_over(session, notice):
                    for other in due[number + 1 :]:
                        self.outbox.later(other.id, now + _DOWN)
                    break
        finally:
            session.close()
        return len(due)

    def _hand_over(self, session: Session, notice: Notice) -> bool:
        """Hand over one notice; tell whether the way out is open."""
        now = self.clock()
        column = MOVING if notice.kind is NoticeKind.MOVE else ADDRESS
        try:
            to = Sealer(self.keyring).open(notice.address, column=column, row=notice.subscriber_id)
        except KeyProblem as error:  # tampered with; it must not keep the others waiting
            _LOG.error("a notice could not be written: %s", error.message)
            self.outbox.lost(notice.id)
            return True
        try:
            outcome = session.send(self.writer.write(notice, to=to, date=now))
        except DeliveryError as error:
            _LOG.warning("a notice waits: %s", error.message)
            self.outbox.later(notice.id, now + _DOWN)
            return False
        self._note(notice, outcome, now)
        return True

    def _note(self, notice: Notice, outcome: Outcome, now: datetime) -> None:
        match outcome:
            case Accepted():
                self.outbox.sent(notice.id)
            case Rejected():
                self.outbox.refused(notice.id)
            case Deferred() if (pause := pause_after(notice.attempts)) is not None:
                self.outbox.later(notice.id, now + pause)
            case _:
                self.outbox.lost(notice.id)
