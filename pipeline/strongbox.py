"""Strongboxes: files that are of no use without a passphrase or a key, written and read as streams.

A strongbox is one line of ASCII, `belonging strongbox 1 …`, which says what it is and how its key is made; then
chunks of 64 KiB, each sealed by AES-256-GCM, the last of them marked as the last (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizár, 2015). So a box that was cut short, put together anew or changed in one bit does not
open. The byte layout stands in docs/strongbox.md, so that another program can open one.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from pipeline.errors import KeyProblem

__all__ = ["Box", "Lock", "Opening", "PassphraseLock", "RootLock", "opened", "peek"]

_MAGIC = b"belonging strongbox 1 "
_CHUNK = 65_536  # bytes of content in each chunk but the last
_TAG = 16
_NONCE_PREFIX = 7  # bytes; then a counter of 4 and one that marks the last chunk
_LONGEST_LINE = 200
_LINE = re.compile(_MAGIC + rb"([a-z]+) ([0-9a-f]{32}) ([0-9a-f]{14}) ([a-z0-9 ]+)\n")
_COST = 17  # scrypt's N is 2 to this power: 128 MiB, a good half second
_MOST_COST = 20  # a box from elsewhere must not make us use a gigabyte and more


@dataclass(frozen=True, slots=True)
class PassphraseLock:
    """A lock that a person opens with what they remember (scrypt, RFC 7914)."""

    passphrase: str
    cost: int = _COST

    @property
    def kind(self) -> str:
        """Say how the key is made."""
        return f"scrypt {self.cost} 8 1"

    def key(self, salt: bytes, told: str) -> bytes:
        """Make the key that a box says it was locked with.

        Raises:
            KeyProblem: The box was not locked with a passphrase, or asks for more memory than is right.
        """
        words = told.split()
        if len(words) != 4 or words[0] != "scrypt" or words[2:] != ["8", "1"] or not words[1].isdecimal():
            raise KeyProblem("this file was not locked with a passphrase", advice="see what it is")
        cost = int(words[1])
        if not 1 <= cost <= _MOST_COST:
            raise KeyProblem("this file asks for more memory than is right", advice="see where it is from")
        return Scrypt(salt=salt, length=32, n=2**cost, r=8, p=1).derive(self.passphrase.encode())


@dataclass(frozen=True, slots=True)
class RootLock:
    """A lock that the list's root key opens."""

    root: bytes  # 32 bytes
    check: str  # tells one root key from another

    @property
    def kind(self) -> str:
        """Say how the key is made."""
        return f"root {self.check}"

    def key(self, salt: bytes, told: str) -> bytes:
        """Make the key that a box says it was locked with.

        Raises:
            KeyProblem: The box was locked with another key.
        """
        if told != self.kind:
            raise KeyProblem(
                "this file was locked with another key",
                advice="name the key of its time: BELONGING_KEY=… belonging …",
            )
        return HKDF(hashes.SHA256(), 32, salt=salt, info=b"belonging/1/strongbox").derive(self.root)


Lock = PassphraseLock | RootLock


class Box(io.RawIOBase):
    """A strongbox that is being written. Only one that is closed without an error is whole."""

    def __init__(self, file: BinaryIO, lock: Lock, *, content: str) -> None:
        """Begin a box.

        Args:
            file: Where to.
            lock: What opens it.
            content: What is in it, one word.
        """
        super().__init__()
        salt, self._prefix = secrets.token_bytes(16), secrets.token_bytes(_NONCE_PREFIX)
        line = _MAGIC + f"{content} {salt.hex()} {self._prefix.hex()} {lock.kind}\n".encode("ascii")
        self._cipher, self._line, self._file = AESGCM(lock.key(salt, lock.kind)), line, file
        self._number, self._waiting = 0, bytearray()
        file.write(line)

    def writable(self) -> bool:
        """Tell that it can be written to."""
        return True

    def write(self, content: object) -> int:
        """Put something in."""
        more = bytes(content)  # type: ignore[call-overload]
        self._waiting += more
        while len(self._waiting) > _CHUNK:  # the last chunk is never empty-handed: it waits for `lock`
            self._seal(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return len(more)

    def lock(self) -> None:
        """Write the last chunk, without which the box does not open."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(
            self._cipher.encrypt(_nonce(self._prefix, self._number, last=last), chunk, self._line)
        )
        self._number += 1


def peek(file: BinaryIO) -> str | None:
    """Say what is in a box, from its first line, and go back; None for a file that is none."""
    found = _LINE.fullmatch(file.readline(_LONGEST_LINE))
    file.seek(0)
    return found[1].decode("ascii") if found else None


def opened(file: BinaryIO, lock: Lock, *, content: str) -> Iterator[bytes]:
    """Open a box and yield what is in it, chunk by chunk; each chunk is genuine when it comes, all when the last has.

    Raises:
        KeyProblem: It is no box, holds something else, was locked with another key, or is damaged or cut short.
    """
    line = file.readline(_LONGEST_LINE)
    found = _LINE.fullmatch(line)
    if found is None:
        raise KeyProblem(
            "this is no file that this program has locked", advice="see whether it is the right one"
        )
    told, salt, prefix, kind = (word.decode("ascii") for word in found.groups())
    if told != content:
        raise KeyProblem(f"this file holds {told}, not {content}", advice="see whether it is the right one")
    cipher = AESGCM(lock.key(bytes.fromhex(salt), kind))
    number, chunk = 0, file.read(_CHUNK + _TAG)
    while True:
        after = file.read(_CHUNK + _TAG)
        try:
            yield cipher.decrypt(_nonce(bytes.fromhex(prefix), number, last=not after), chunk, line)
        except (InvalidTag, ValueError):
            raise KeyProblem(
                "this file does not open: another passphrase or key, or it is damaged or cut short",
                advice="try again; if it is the right one, take another copy of the file",
            ) from None
        if not after:
            return
        number, chunk = number + 1, after


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + number.to_bytes(4, "big") + bytes([last])


class Opening(io.RawIOBase):
    """What is in a box, as a stream that is read once."""

    def __init__(self, file: BinaryIO, lock: Lock, *, content: str) -> None:
        """Take what `opened` takes; reading raises what it raises."""
        super().__init__()
        self._chunks, self._left = opened(file, lock, content=content), b""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read as much as there is room for; 0 at the end."""
        room = memoryview(buffer)  # type: ignore[arg-type]
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = chunk
        size = min(len(room), len(self._left))
        room[:size], self._left = self._left[:size], self._left[size:]
        return size
