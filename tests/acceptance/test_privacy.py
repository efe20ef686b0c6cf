"""The canary: an address that is on the list stands in its own letter's envelope and To, and nowhere else.

A sentinel is put on the list in every way there is; then everything is done with it, also what goes wrong. No
file, no output and no temporary folder may hold it, in whatever disguise.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import signal
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.cli.app import run
from pipeline.mail.maildir import MaildirSession
from pipeline.mail.transport import Message
from tests.acceptance.commandline import Outcome
from tests.acceptance.postoffice import PostOffice
from tests.acceptance.projects import Project

CANARY = "Canary.Feather+cage7@Sentinel.example.net"
KEPT = "Canary.Feather+cage7@sentinel.example.net"  # as it is written down


def disguises(address: str) -> Iterator[bytes]:
    """Name everything that would tell on an address."""
    for text in {address, address.lower(), address.partition("@")[0], address.partition("@")[0].lower()}:
        raw = text.encode()
        yield raw
        yield text.encode("utf-16-le")
        yield quopri.encodestring(raw, quotetabs=True).strip()
        yield urllib.parse.quote(text, safe="").encode()
        yield raw.hex().encode()
        for offset in range(3):  # wherever it stands in what was encoded
            encoded = base64.b64encode(b"\0" * offset + raw)
            start, end = (0, 2, 3)[offset], len(encoded) - (4 if encoded.endswith(b"=") else 0)
            yield encoded[start:end]
            yield encoded[start:end].replace(b"+", b"-").replace(b"/", b"_")
        for algorithm in ("md5", "sha1", "sha256"):
            digest = hashlib.new(algorithm, raw)
            yield digest.digest()
            yield digest.hexdigest().encode()
            yield base64.b64encode(digest.digest()).rstrip(b"=")


NEEDLES = {needle for address in (CANARY, KEPT) for needle in disguises(address)}


def told(content: bytes) -> list[bytes]:
    folded = content.lower()
    return [needle for needle in NEEDLES if needle in content or needle.lower() in folded]


def search(folder: Path) -> dict[str, list[bytes]]:
    """Find every file whose content or name tells."""
    found = {
        str(path.relative_to(folder)): told(path.read_bytes()) + told(path.name.encode())
        for path in folder.rglob("*")
        if path.is_file()
    }
    return {name: needles for name, needles in found.items() if needles}


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """See that a canary that sings is heard, in each disguise."""
    for number, text in enumerate(
        (KEPT.encode(), base64.b64encode(b"x" + KEPT.encode() + b"yz"), KEPT.encode().hex().encode())
    ):
        (tmp_path / str(number)).write_bytes(b"before " + text + b" after")
    (tmp_path / KEPT).write_bytes(b"")
    (tmp_path / "hash").write_bytes(hashlib.md5(KEPT.lower().encode()).hexdigest().upper().encode())
    assert len(search(tmp_path)) == 5


def test_an_address_is_in_its_own_letters_and_nowhere_else(
    published: Project, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    outcomes: list[Outcome] = []

    def do(*arguments: str, code: int = 0, **more: str) -> None:
        outcomes.append(
            published.run(*arguments, code=code, env={"PYTHONDEVMODE": "1", "BELONGING_DEBUG": "1"}, **more)
        )

    do("subscribers", "add", stdin=f"{CANARY}\n")
    do("subscribers", "add", stdin=f"{CANARY}\n")
    do("subscribers", "add", CANARY, code=2)
    do("subscribers", "add", stdin=f"{CANARY} {CANARY}\n", code=1)
    file = published.root.parent / "people.csv"
    file.write_text(
        f"email,status\n{CANARY},subscribed\n{CANARY} {CANARY},subscribed\n{CANARY},pending\n",
        encoding="utf-8",
    )
    do("subscribers", "import", str(file))
    do("subscribers", "import", str(file), "--json", "--apply")
    file.unlink()
    published.write("fourth")
    do("publish")
    do("publish")
    for command in (
        ["plan"],
        ["plan", "--json"],
        ["status"],
        ["status", "--json"],
        ["status", "--unknown"],
        ["doctor"],
    ):
        do(*command)
    do("doctor", "--json")
    do("preview", "fourth", "--text")

    # What goes wrong on the way: a server that quotes the address back, dies over it, and is no server at all.
    text = (published.root / "newsletter.toml").read_text(encoding="utf-8")
    with PostOffice(answers={KEPT: f"550 5.1.1 <{KEPT}> is not known here"}).open() as office:
        real = text.replace('"maildir"', '"smtp"').replace("belonging.example.org", "belonging.test")
        published.settings(real + office.settings())
        published.write("fifth")
        do("publish")
        do("status")
    assert office.seen == 0
    published.settings(text)

    # A crash with the address in its hands, and the traceback of it.
    published.write("sixth")
    do("build")
    send = MaildirSession.send

    def crash(self: MaildirSession, message: Message) -> object:
        if message.to == KEPT:
            raise LookupError(message.to)
        return send(self, message)

    monkeypatch.setattr(MaildirSession, "send", crash)
    monkeypatch.chdir(published.root)
    before = signal.getsignal(signal.SIGTERM)
    assert run(["send"]) == 70
    signal.signal(signal.SIGTERM, before)
    monkeypatch.undo()
    printed = capfd.readouterr()
    assert "LookupError" in printed.err
    outcomes.append(Outcome(code=70, out=printed.out, err=printed.err))
    do("send", code=4)
    do("status", "--unknown")

    assert not [outcome for outcome in outcomes if told(outcome.both.encode())]
    assert [path for path in search(published.root.parent) if not path.startswith("site/var/mail/new/")] == []
    mine = [letter for letter in published.letters if KEPT in str(letter["To"])]
    assert [letter["Subject"] for letter in mine] == ["Fourth"]
    for letter in mine:
        del letter["To"]
        assert told(letter.as_bytes()) == []
    for file in (published.root / "var" / "mail" / "new").iterdir():
        assert told(file.name.encode()) == []


def test_whoever_has_the_store_without_the_key_learns_nothing(published: Project) -> None:
    published.run("subscribers", "add", stdin=f"{CANARY}\n")
    store = published.root / "var" / "list.sqlite"
    before = store.read_bytes()
    assert told(before) == []
    # The same person on another list, under another key, looks like somebody else.
    (published.root / "var" / "key").rename(published.root.parent / "kept")
    store.rename(published.root.parent / "old.sqlite")
    published.run("subscribers", "add", stdin=f"{CANARY}\n")
    rows = [line for line in published.store if 'INTO "subscribers"' in line]
    cells = [bytes.fromhex(cell.partition("'")[0]) for line in rows for cell in line.split("X'")[1:]]
    assert len(cells) >= 2
    assert not [cell for cell in cells if cell in before]
