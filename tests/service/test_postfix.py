"""The real way of a letter: a mail server takes it, returns what it cannot deliver, and we read what comes back."""

from __future__ import annotations

import email
import os
import pwd
import smtplib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from email.policy import default
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipeline.mail.letterbox import MaildirBox
from pipeline.mail.smtp import Smtp
from pipeline.planning import Policy, plan
from pipeline.providers.embedded import EmbeddedList
from pipeline.settings import Security, SmtpSettings
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.tables import subscribers
from pipeline.subscribers import SubscriberState
from pipeline.subscribers.bouncing import Meaning
from tests.builders import NOW, letter, post
from tests.layers import free_port, require
from tests.service.test_bounces import ADDRESS, clearing_of
from tests.service.world import World

DOMAIN = "lists.example.com"
ADA, BO, NOBODY = f"ada@{DOMAIN}", f"bo@{DOMAIN}", f"nobody@{DOMAIN}"
_PROGRAM = "/usr/sbin/postfix"
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mynetworks = 127.0.0.0/8
mydestination =
alias_maps =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
recipient_delimiter = +
# As a server in the middle does: everything is taken, and what has no mailbox is returned.
smtpd_reject_unlisted_recipient = no
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = lists.example.com, belonging.example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{
  {{ada@lists.example.com = ada/}}, {{bo@lists.example.com = bo/}},
  {{bounces@belonging.example.org = bounces/}}, {{leave@belonging.example.org = bounces/}} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
error     unix - - n - - error
retry     unix - - n - - error
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
proxymap  unix - - n - - proxymap
postlog   unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, kw_only=True)
class PostOffice:
    """A running mail server with a Maildir for each of its people, and one for what comes back."""

    port: int
    folder: Path

    def mailbox(self, name: str) -> Path:
        return self.folder / "mail" / name

    def mails(self, name: str) -> list[bytes]:
        folder = self.mailbox(name) / "new"
        return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.exists() else []

    def wait(self, come: Callable[[], bool]) -> None:
        for _ in range(300):
            if come():
                return
            time.sleep(0.1)
        raise AssertionError((self.folder / "log").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def office() -> Iterator[PostOffice]:
    """Postfix, in a folder of its own, at a port of its own; nothing that it takes leaves this machine."""
    found = Path(_PROGRAM).exists() and os.geteuid() == 0
    require("Postfix", found=found, install="sudo apt-get install postfix, and run as root")
    with tempfile.TemporaryDirectory(prefix="belonging-postfix-") as made:
        folder, port = Path(made), free_port()
        owner = pwd.getpwnam("postfix")
        mailer = pwd.getpwnam("nobody")
        folder.chmod(0o755)
        for name, account in (("queue", None), ("data", owner), ("mail", mailer)):
            (folder / name).mkdir()
            if account:
                os.chown(folder / name, account.pw_uid, account.pw_gid)
        settings = _MAIN.format(folder=folder, uid=mailer.pw_uid, gid=mailer.pw_gid)
        (folder / "main.cf").write_text(settings, encoding="utf-8")
        (folder / "master.cf").write_text(_MASTER.format(port=port), encoding="utf-8")
        run(folder, "start")
        try:
            running = PostOffice(port=port, folder=folder)
            running.wait(lambda: answers(port))
            yield running
        finally:
            run(folder, "stop")


def run(folder: Path, what: str) -> None:
    done = subprocess.run(
        [_PROGRAM, "-c", str(folder), what],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    log = folder / "log"
    assert done.returncode == 0, log.read_text(encoding="utf-8") if log.exists() else what


def answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except (OSError, smtplib.SMTPException):
        return False


def mailed(world: World, office: PostOffice) -> EmbeddedList:
    """Send one campaign to everybody on the list, through the server."""
    file = world.root / "newsletter.toml"
    lines = f'[list]\nbounce_address = "{ADDRESS}"\nunsubscribe_mailto = "leave@belonging.example.org"'
    file.write_text(file.read_text(encoding="utf-8").replace("[list]", lines), encoding="utf-8")
    world.project.__dict__.pop("settings")
    provider = world.project.provider("https://belonging.example.org")
    assert isinstance(provider, EmbeddedList)
    server = SmtpSettings(host="127.0.0.1", port=office.port, security=Security.NONE)
    way = Smtp(server, hello="belonging.example.org")
    provider = replace(provider, delivery=replace(provider.delivery, transport=way))
    campaigns = SqlCampaigns(world.project.engine)
    policy = Policy(newest_on_first_run=True, max_new=10, max_age=timedelta(days=14))
    provider.accept(plan([post("a")], campaigns.history(), NOW, policy=policy))
    campaign = provider.prepare(post("a"), letter())
    assert provider.check(campaign) == ()
    assert provider.send(campaign).tally.accepted == 3
    return provider


def states(world: World) -> dict[str, SubscriberState]:
    with world.project.engine.connect() as connection:
        found = dict(connection.execute(sa.select(subscribers.c.address_index, subscribers.c.state)).all())  # type: ignore[arg-type]
    return {
        who: SubscriberState(found[world.project.keyring.address_index(who)]) for who in (ADA, BO, NOBODY)
    }


def test_an_unknown_user_is_returned_and_suppressed_and_nobody_else(local: World, office: PostOffice) -> None:
    for reader in (ADA, BO, NOBODY):
        local.confirmed(reader)
    mailed(local, office)
    office.wait(lambda: bool(office.mails("ada") and office.mails("bo") and office.mails("bounces")))
    (returned,) = office.mails("bounces")
    assert b"Status: 5.1.1" in returned
    done = clearing_of(local).clear(MaildirBox(office.mailbox("bounces")))
    assert done.counts == {Meaning.GONE: 1}
    assert office.mails("bounces") == []
    confirmed, bounced = SubscriberState.CONFIRMED, SubscriberState.BOUNCED
    assert states(local) == {ADA: confirmed, BO: confirmed, NOBODY: bounced}
    keys = {who: local.project.keyring.suppression_hash(who) for who in (ADA, BO, NOBODY)}
    assert local.project.people.suppressed(list(keys.values())) == {keys[NOBODY]}

    # One of the others answers to the address in the letter's List-Unsubscribe, as a mail program does.
    (content,) = office.mails("ada")
    read = email.message_from_bytes(content, policy=default)
    mailto = str(read["List-Unsubscribe"]).rpartition("<mailto:")[2].removesuffix(">")
    to, _, subject = mailto.partition("?subject=")
    with smtplib.SMTP("127.0.0.1", office.port, timeout=30) as server:
        server.sendmail(
            ADA, [to], f"From: {ADA}\r\nTo: {to}\r\nSubject: {subject.replace('%20', ' ')}\r\n\r\n"
        )
    office.wait(lambda: bool(office.mails("bounces")))
    done = clearing_of(local).clear(MaildirBox(office.mailbox("bounces")))
    assert done.counts == {Meaning.LEFT: 1}
    assert states(local) == {ADA: SubscriberState.UNSUBSCRIBED, BO: confirmed, NOBODY: bounced}
