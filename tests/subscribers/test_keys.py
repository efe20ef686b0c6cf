"""Keys: the same for ever, apart from one another, readable by nobody else."""

from __future__ import annotations

import hmac
import os
import pickle
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import KeyProblem, SettingsError
from pipeline.settings import KeySettings
from pipeline.subscribers.keys import Keyring, new_root_key, root_key
from tests.builders import KEYRING

ROOT_BYTES = bytes(range(32))
ROOT_TEXT = "bk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def from_file(folder: Path, *, create: bool = False) -> bytes:
    return root_key(KeySettings(file="keys/root"), folder, create=create)


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "keys" / "root"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


# --- derivation -----------------------------------------------------------------------------------------------------


def test_what_is_derived_from_a_root_never_changes() -> None:
    # Whoever changes one of these makes every list there is unreadable, every link in every letter dead.
    assert Keyring.derive(ROOT_BYTES) == Keyring(
        seal=bytes.fromhex("b15618a14dd2909bb9165831b6b0db42da8db7910325b84a1c6cf3c810171e5f"),
        index=bytes.fromhex("698c878732e93a763307c851950502a70191c5bd2de065eb26e99b72f5e127a5"),
        suppression=bytes.fromhex("29c5798cda5a1ac070c49f395d348e04c5281a488a7dd45b6eb513bea33fd9e0"),
        token=bytes.fromhex("84651581ac2f488afae2890b1f6102e5f9693d6d6a79df8d62b8c7def8eb7d59"),
        check="b9670fb79a56852a",
    )


def test_the_derivation_is_hkdf_as_anybody_else_would_write_it() -> None:
    # RFC 5869 with an absent salt, written out, so that a list can be read without this program.
    def derived(purpose: str) -> bytes:
        extracted = hmac.digest(bytes(32), ROOT_BYTES, "sha256")
        return hmac.digest(extracted, f"belonging/1/{purpose}".encode() + b"\x01", "sha256")

    for purpose in ("seal", "index", "suppression", "token"):
        assert getattr(KEYRING, purpose) == derived(purpose)
    assert KEYRING.check == derived("check")[:8].hex()


def test_an_address_is_found_and_barred_under_names_that_never_change() -> None:
    reader = "reader@example.org"
    assert KEYRING.address_index(reader) == hmac.digest(KEYRING.index, reader.encode(), "sha256")
    assert KEYRING.suppression_hash(reader) == hmac.digest(KEYRING.suppression, reader.encode(), "sha256")


@given(st.emails())
def test_an_address_is_the_same_person_however_it_is_capitalised(address: str) -> None:
    for other in (address.upper(), address.swapcase()):
        assert KEYRING.address_index(other) == KEYRING.address_index(address)
        assert KEYRING.suppression_hash(other) == KEYRING.suppression_hash(address)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_no_two_keys_are_alike(one: bytes, other: bytes) -> None:
    rings = [Keyring.derive(root) for root in {one, other}]
    parts = [part for ring in rings for part in (ring.seal, ring.index, ring.suppression, ring.token)]
    assert len(set(parts)) == len(parts)
    assert len({ring.check for ring in rings}) == len(rings)
    assert all(len(part) == 32 and ring.check not in part.hex() for ring in rings for part in parts)


def test_a_keyring_does_not_show_its_keys() -> None:
    shown = repr(KEYRING) + str(KEYRING)
    for part in (KEYRING.seal, KEYRING.index, KEYRING.suppression, KEYRING.token):
        assert part.hex() not in shown
        assert repr(part) not in shown


def test_a_settings_object_with_a_key_does_not_show_it() -> None:
    settings = KeySettings(value=ROOT_TEXT)  # type: ignore[arg-type]
    assert ROOT_TEXT not in repr(settings) + str(settings) + str(settings.model_dump())
    assert pickle.loads(pickle.dumps(settings)) == settings


# --- the root key ---------------------------------------------------------------------------------------------------


def test_a_new_key_is_made_on_the_first_run_and_read_ever_after(tmp_path: Path) -> None:
    made = from_file(tmp_path, create=True)
    assert len(made) == 32
    assert from_file(tmp_path, create=True) == from_file(tmp_path) == made
    file = tmp_path / "keys" / "root"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file], "nothing is left beside it"
    assert file.read_text().startswith("bk1_")
    assert len(file.read_text().strip()) == 47


def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        from_file(tmp_path, create=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "root").stat().st_mode) == 0o600


def test_no_two_new_keys_are_the_same() -> None:
    assert len({new_root_key() for _ in range(100)}) == 100


def test_a_list_without_its_key_is_a_clear_mistake_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="there is a list but no key at keys/root"):
        from_file(tmp_path)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o601, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    written(tmp_path, ROOT_TEXT, mode)
    with pytest.raises(KeyProblem, match=r"others can read keys/root — chmod 600 keys/root"):
        from_file(tmp_path)


@pytest.mark.parametrize("text", [ROOT_TEXT, f"{ROOT_TEXT}\n", f"  {ROOT_TEXT}\r\n\n"])
def test_a_key_is_read_with_whatever_an_editor_put_around_it(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    assert from_file(tmp_path) == ROOT_BYTES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bk1_",
        ROOT_TEXT.removeprefix("bk1_"),
        ROOT_TEXT[:-1],
        ROOT_TEXT + "A",
        ROOT_TEXT[:20] + " " + ROOT_TEXT[20:],
        ROOT_TEXT[:20] + "\n" + ROOT_TEXT[20:],
        ROOT_TEXT[:20] + "ä" + ROOT_TEXT[21:],
        ROOT_TEXT[:20] + "!" + ROOT_TEXT[21:],
        ROOT_TEXT.replace("bk1_", "bk2_"),
        "\x00" * 47,
        "x" * 10_000,
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    with pytest.raises(KeyProblem) as caught:
        from_file(tmp_path)
    assert caught.value.message.startswith(
        "keys/root does not hold a key: one begins with bk1_ and has 47 char"
    )
    assert ROOT_TEXT[6:18] not in str(caught.value)
    assert isinstance(caught.value, SettingsError)
    assert caught.value.exit_code == 3


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "")
    (tmp_path / "keys" / "root").write_bytes(bytes(range(256)))
    with pytest.raises(KeyProblem, match="does not hold a key"):
        from_file(tmp_path)


def test_a_folder_in_the_keys_place_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "keys" / "root").mkdir(parents=True, mode=0o700)
    for create in (False, True):
        with pytest.raises(KeyProblem, match="cannot be used"):
            from_file(tmp_path, create=create)


def test_a_key_that_cannot_be_written_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file where the folder belongs")
    with pytest.raises(KeyProblem, match="cannot be used"):
        from_file(tmp_path, create=True)


def test_what_a_killed_first_run_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / f".root.{os.getpid()}").write_text("half a k")
    assert len(from_file(tmp_path, create=True)) == 32


def test_of_two_first_runs_at_once_both_get_the_same_key(tmp_path: Path) -> None:
    runs = 8
    start = threading.Barrier(runs)

    def first_run(_: int) -> bytes:
        start.wait()
        return from_file(tmp_path, create=True)

    with ThreadPoolExecutor(runs) as pool:
        keys = set(pool.map(first_run, range(runs)))
    assert keys == {from_file(tmp_path)}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["root"]


def test_the_environment_goes_before_a_command_and_a_command_before_a_file(tmp_path: Path) -> None:
    written(tmp_path, new_root_key())
    other = "bk1_" + "A" * 43
    command = (sys.executable, "-c", f"print('{other}')")
    both = KeySettings(file="keys/root", command=command, value=ROOT_TEXT)  # type: ignore[arg-type]
    assert root_key(both, tmp_path, create=False) == ROOT_BYTES
    assert root_key(KeySettings(file="keys/root", command=command), tmp_path, create=False) == bytes(32)
    assert from_file(tmp_path) not in {ROOT_BYTES, bytes(32)}


def test_a_bad_key_in_the_environment_is_named_and_not_passed_over(tmp_path: Path) -> None:
    settings = KeySettings(value="bk1_short-SECRET")  # type: ignore[arg-type]
    with pytest.raises(KeyProblem, match=r"^BELONGING_KEY does not hold a key") as caught:
        root_key(settings, tmp_path, create=True)
    assert "SECRET" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; print('SECRET', file=sys.stderr); sys.exit(3)", "ended with 3"),
        ("print('SECRET')", "does not hold a key"),
        ("", "does not hold a key"),
    ],
)
def test_a_command_that_prints_no_key_is_a_clear_mistake(tmp_path: Path, script: str, said: str) -> None:
    settings = KeySettings(command=(sys.executable, "-c", script))
    with pytest.raises(KeyProblem, match=said) as caught:
        root_key(settings, tmp_path, create=True)
    assert "SECRET" not in str(caught.value)
    assert script not in str(caught.value) or not script


def test_a_command_that_is_not_there_is_a_clear_mistake(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="key command no-such-program did not run: FileNotFoundError"):
        root_key(KeySettings(command=("no-such-program", "x")), tmp_path, create=True)
