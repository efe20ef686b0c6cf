"""A mailbox on a real IMAP server, read over TLS: what was dealt with is gone there, everything else stays."""

from __future__ import annotations

import contextlib
import grp
import imaplib
import os
import pwd
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.errors import SettingsError, TransportDown
from pipeline.mail.imap import ImapBox
from pipeline.settings import ImapSettings, Security
from pipeline.subscribers.bouncing import Meaning
from tests.layers import free_port, require
from tests.mail.servers import certificate
from tests.service.test_bounces import READER, clearing_of, path, report
from tests.service.world import World

_DOVECOT = shutil.which("dovecot") or "/usr/sbin/dovecot"
_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
{accounts}
mail_location = maildir:{folder}/mail/%n
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = {uid}
first_valid_gid = 0
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = yes
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%n
}}
service imap-login {{
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
"""


_OWN = """
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
service imap-login {{
  chroot =
}}
service anvil {{
  chroot =
}}
"""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """A running server, with one account: bounces, secret."""

    plain: int  # port, where STARTTLS is offered
    tls: int  # port
    authority: Path  # who vouches for its certificate

    def settings(self, **other: object) -> ImapSettings:
        values = {
            "host": "localhost",
            "port": self.tls,
            "username": "bounces",
            "password": SecretStr("secret"),
        }
        return ImapSettings.model_validate({**values, **other})

    @contextlib.contextmanager
    def account(self) -> Iterator[imaplib.IMAP4]:
        """Look into the mailbox as a person with a mail program does."""
        context = ssl.create_default_context(cafile=str(self.authority))
        with imaplib.IMAP4_SSL("localhost", self.tls, ssl_context=context, timeout=20) as server:
            server.login("bounces", "secret")
            yield server

    def put(self, *messages: bytes, folder: str = "INBOX") -> None:
        """Empty a folder and put some messages into it."""
        with self.account() as server:
            name = f'"{folder}"'
            if folder != "INBOX":
                server.create(name)
            if server.select(name)[1] != [b"0"]:
                server.store("1:*", "+FLAGS", "(\\Deleted)")
                server.expunge()
            for content in messages:
                assert server.append(name, "", "", content)[0] == "OK"  # type: ignore[arg-type]

    def subjects(self) -> list[bytes]:
        """List what lies in the inbox, whether a person has seen it or not."""
        with self.account() as server:
            server.select(readonly=True)
            found = server.search(None, "ALL")[1][0].split()
            lines = [server.fetch(one, "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1] for one in found]
            return [line.strip().removeprefix(b"Subject: ") for line in lines]


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    """Dovecot, in a folder of its own."""
    require(
        "Dovecot",
        found=Path(_DOVECOT).exists(),
        install="sudo apt-get install --no-install-recommends dovecot-imapd",
    )
    # Dovecot reads nobody's mail as root; so as root it gets a folder that another account can enter.
    as_root = os.geteuid() == 0
    mailer = pwd.getpwnam("nobody") if as_root else pwd.getpwuid(os.getuid())
    name, group = mailer.pw_name, grp.getgrgid(mailer.pw_gid).gr_name
    accounts = "" if as_root else _OWN.format(user=name, group=group)
    with tempfile.TemporaryDirectory(prefix="belonging-imap-") as made_folder:
        folder = Path(made_folder)
        made = MailServer(plain=free_port(), tls=free_port(), authority=certificate(folder, "localhost").file)
        folder.chmod(0o755)
        (folder / "mail").mkdir()
        os.chown(folder / "mail", mailer.pw_uid, mailer.pw_gid)
        settings = _SETTINGS.format(
            folder=folder,
            accounts=accounts,
            uid=mailer.pw_uid,
            gid=mailer.pw_gid,
            certificate=made.authority,
            plain=made.plain,
            tls=made.tls,
        )
        (folder / "dovecot.conf").write_text(settings, encoding="utf-8")
        process = subprocess.Popen(
            [_DOVECOT, "-F", "-c", str(folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(made, process, folder / "log")
            yield made
        finally:
            process.terminate()
            process.wait(timeout=30)


def until(made: MailServer, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server lets the account in."""
    for _ in range(100):
        with contextlib.suppress(OSError, imaplib.IMAP4.error), made.account():
            return
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError(log.read_text(encoding="utf-8"))


@pytest.fixture
def trusted(server: MailServer, monkeypatch: pytest.MonkeyPatch) -> MailServer:
    """The server, known to this process."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    return server


MIXED = b"Subject: hello\r\n\r\nA person writes.\r\n"


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_what_was_dealt_with_is_deleted_on_the_server_and_the_rest_is_left(
    trusted: MailServer, local: World, security: Security
) -> None:
    local.confirmed(READER)
    to, clearing = path(local), clearing_of(local)
    trusted.put(report(to, "4.4.1"), MIXED, report(to, "5.1.1"))
    with trusted.account() as person:  # who has looked at everything in between
        person.select()
        person.store("1:*", "+FLAGS", "(\\Seen)")
    port = trusted.tls if security is Security.TLS else trusted.plain
    box = ImapBox(trusted.settings(port=port, security=security.value))
    assert clearing.clear(box).counts == {Meaning.PASSING: 1, Meaning.OTHER: 1, Meaning.GONE: 1}
    assert trusted.subjects() == [b"hello"]
    assert clearing.clear(box).counts == {}
    assert trusted.subjects() == [b"hello"]


def test_a_run_that_is_killed_leaves_what_it_did_not_note(trusted: MailServer, local: World) -> None:
    local.confirmed(READER)
    to, clearing = path(local), clearing_of(local)
    trusted.put(*(report(to, "4.4.1") for _ in range(3)))
    with pytest.raises(KeyboardInterrupt), ImapBox(trusted.settings()).open() as letters:
        clearing.deal_with(next(letters).content)  # and not taken away
        raise KeyboardInterrupt
    done = clearing.clear(ImapBox(trusted.settings()))
    assert done.counts == {Meaning.AGAIN: 1, Meaning.PASSING: 2}
    assert local.everything()["bounces"][0][1] == 3
    assert trusted.subjects() == []


def test_many_are_read_in_several_windows(
    trusted: MailServer, local: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.mail.imap._WINDOW", 3)
    local.confirmed(READER)
    to = path(local)
    trusted.put(*(report(to, "4.4.1") if turn % 4 else MIXED for turn in range(11)))
    done = clearing_of(local).clear(ImapBox(trusted.settings()))
    assert done.counts == {Meaning.PASSING: 8, Meaning.OTHER: 3}
    assert trusted.subjects() == [b"hello"] * 3


def test_another_folder_is_read_where_the_settings_say_so(trusted: MailServer, local: World) -> None:
    local.confirmed(READER)
    trusted.put(MIXED)
    trusted.put(report(path(local), "5.1.1"), folder="Came back")
    done = clearing_of(local).clear(ImapBox(trusted.settings(folder="Came back")))
    assert done.counts == {Meaning.GONE: 1}
    assert trusted.subjects() == [b"hello"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"password": SecretStr("guess")}, "refused user name and password"),
        ({"password": SecretStr("gé\r\nss")}, "refused user name and password"),
        ({"host": "127.0.0.1"}, "its certificate is not trusted"),  # which names localhost
        ({"port": 1}, "ConnectionRefusedError"),
        ({"host": "nowhere.invalid"}, "no such host"),
    ],
)
def test_what_is_wrong_is_said_without_secrets(
    trusted: MailServer, wrong: dict[str, object], words: str
) -> None:
    with pytest.raises(TransportDown) as caught, ImapBox(trusted.settings(**wrong)).open():
        pass
    assert words in str(caught.value)
    assert "guess" not in str(caught.value)
    assert caught.value.exit_code == 5


def test_a_folder_that_is_not_there_is_named(trusted: MailServer) -> None:
    with pytest.raises(SettingsError) as caught, ImapBox(trusted.settings(folder="Nowhere")).open():
        pass
    assert "has no folder Nowhere" in str(caught.value)


def test_a_server_that_nobody_vouches_for_is_not_told_the_password(server: MailServer) -> None:
    with pytest.raises(TransportDown) as caught, ImapBox(server.settings()).open():
        pass
    assert "its certificate is not trusted" in str(caught.value)
