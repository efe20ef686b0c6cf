"""Keys: one root key, kept apart from the data, and the four it is turned into."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import json
import os
import secrets
import shlex
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pipeline.errors import KeyProblem
from pipeline.folders import make_private
from pipeline.settings import KeySettings

__all__ = ["Keyring", "adopt", "decoded", "new_key_file", "new_root_key", "new_root_key_for", "root_key"]

_PREFIX = "bk1_"  # so that a person, and a scanner for leaked secrets, knows one when it sees one


@dataclass(frozen=True, kw_only=True, slots=True)
class Keyring:
    """The derived keys, one for each purpose: none of them tells anything about another (RFC 5869)."""

    seal: bytes = field(repr=False)  # 32 bytes, AES-256-GCM
    index: bytes = field(repr=False)  # 32 bytes, HMAC-SHA-256: finds an address
    suppression: bytes = field(repr=False)  # 32 bytes, HMAC-SHA-256: outlives the address
    token: bytes = field(repr=False)  # 32 bytes, HMAC-SHA-256: links in letters, Message-IDs
    check: str  # 16 hex digits that tell one root key from another and nothing else
    # Suppression keys of root keys before this one, the oldest first: a hash whose address is long gone can be hashed
    # again, but not made anew.
    earlier: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def derive(cls, root: bytes) -> Keyring:
        """Derive the keys from 32 random bytes."""

        def part(purpose: str) -> bytes:
            return HKDF(hashes.SHA256(), 32, salt=None, info=f"belonging/1/{purpose}".encode()).derive(root)

        return cls(
            seal=part("seal"),
            index=part("index"),
            suppression=part("suppression"),
            token=part("token"),
            check=part("check")[:8].hex(),
        )

    def address_index(self, address: str) -> bytes:
        """Find an address's row without knowing the address: 32 bytes, the same however it is capitalised."""
        return hmac.digest(self.index, address.lower().encode(), "sha256")

    def suppression_hash(self, address: str) -> bytes:
        """Name an address that must never be mailed again: 32 bytes, under a key of its own."""
        name = address.lower().encode()
        for key in (*self.earlier, self.suppression):
            name = hmac.digest(key, name, "sha256")
        return name

    def renamed(self, suppression: bytes) -> bytes:
        """Answer the suppression hash that the key before this one made, as this one makes it."""
        return hmac.digest(self.suppression, suppression, "sha256")

    def advanced(self, suppression: bytes, generation: int) -> bytes | None:
        """Answer a suppression hash of an earlier keyring as this one makes it; None for a later keyring's.

        Args:
            suppression: The hash.
            generation: How many root keys there had been before the one it was made with.
        """
        keys = (*self.earlier, self.suppression)
        if generation >= len(keys):
            return None
        for key in keys[generation + 1 :]:
            suppression = hmac.digest(key, suppression, "sha256")
        return suppression

    def succeeding(self, before: Keyring) -> Keyring:
        """Answer this keyring as it has to be where it takes the place of another.

        The links in letters that were sent have to act for years, so the key they are made with stays.
        """
        return replace(self, token=before.token, earlier=(*before.earlier, before.suppression))

    def outliving(self) -> str:
        """Write down the keys that came from earlier root keys, to be sealed with this one."""
        return json.dumps({"token": self.token.hex(), "earlier": [key.hex() for key in self.earlier]})

    def with_outliving(self, text: str) -> Keyring:
        """Take the keys that `outliving` wrote down."""
        data = json.loads(text)
        earlier = tuple(bytes.fromhex(key) for key in data["earlier"])
        return replace(self, token=bytes.fromhex(data["token"]), earlier=earlier)


def new_root_key() -> str:
    """Make a root key from 32 random bytes, in the form that people copy and paste."""
    return _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("=")


def root_key(settings: KeySettings, root: Path, *, create: bool) -> bytes:
    """Read the root key from the environment, the output of a command, or a file, in this order.

    Args:
        settings: Where to look.
        root: The folder that a relative file name starts from.
        create: Make the key if it is to come from a file that is not there yet, with mode 0600.

    Raises:
        KeyProblem: There is no key, or what is there is none. The message never holds any of it.
    """
    if text := settings.value.get_secret_value():
        return decoded(text, "BELONGING_KEY")
    if settings.command:
        return decoded(_printed_by(settings.command), f"the output of {shlex.join(settings.command[:1])}")
    try:
        return _from_file(root / Path(settings.file).expanduser(), settings.file, create=create)
    except OSError as error:
        raise KeyProblem(
            f"the key file {settings.file} cannot be used ({error.strerror})",
            advice="see that it is a file of yours, in a folder of yours",
        ) from None


def adopt(settings: KeySettings, root: Path) -> None:
    """Put the key that was made for a rotation in the place of the one before, which stays beside it as `….old`."""
    file = root / Path(settings.file).expanduser()
    new, old = new_key_file(file), file.with_name(file.name + ".old")
    old.unlink(missing_ok=True)
    old.hardlink_to(file)
    new.replace(file)  # at no moment is there no key
    _keep(file.parent)


def new_key_file(file: Path) -> Path:
    """Name the file that a rotation keeps its new key in until the list is sealed with it."""
    return file.with_name(file.name + ".new")


def new_root_key_for(settings: KeySettings, root: Path) -> bytes:
    """Make the root key of a rotation, in a file beside the present one; one that is there is gone on with."""
    return _from_file(
        new_key_file(root / Path(settings.file).expanduser()), f"{settings.file}.new", create=True
    )


def _from_file(file: Path, name: str, *, create: bool) -> bytes:
    if create and not file.exists():
        _write(file, new_root_key())
    try:
        # One look at one file: what is judged is what is read.
        with file.open(encoding="utf-8", errors="replace") as stream:
            mode, text = os.fstat(stream.fileno()).st_mode, stream.read(1024)
    except FileNotFoundError:
        raise KeyProblem(
            f"there is a list but no key at {name}",
            advice="bring back the file, or set BELONGING_KEY; without the key nobody can read the list",
        ) from None
    if mode & 0o077:
        raise KeyProblem(f"others can read {name}", advice=f"chmod 600 {name}")
    return decoded(text, name)


def _printed_by(command: tuple[str, ...]) -> str:
    name = shlex.join(command[:1])
    try:
        done = subprocess.run(  # noqa: S603 - the operator's own command, from newsletter.toml
            command, capture_output=True, timeout=60, check=False, text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise KeyProblem(
            f"the key command {name} did not run: {type(error).__name__}", advice="try it in a terminal"
        ) from None
    if done.returncode != 0:
        raise KeyProblem(
            f"the key command {name} ended with {done.returncode}", advice="try it in a terminal"
        )
    return done.stdout


def decoded(text: str, source: str) -> bytes:
    """Read a root key in the form that people copy and paste.

    Raises:
        KeyProblem: It is none. The message holds nothing of it.
    """
    text = text.strip()
    try:
        raw = base64.b64decode(text.removeprefix(_PREFIX) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not text.startswith(_PREFIX) or len(raw) != 32:
        raise KeyProblem(
            f"{source} does not hold a key: one begins with {_PREFIX} and has 47 characters",
            advice="bring back the key this list was made with; 'belonging doctor' tells more",
        ) from None
    return raw


def _write(file: Path, text: str) -> None:
    make_private(file.parent)
    temporary = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(text + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        # Unlike a rename, a link never replaces a key that another process made first.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        temporary.unlink()
    _keep(file.parent)


def _keep(folder: Path) -> None:
    """See that what was put into a folder survives a power cut: nothing is sealed with a key that may be gone."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
