"""How the project is put together: locks, the direction of imports, what may be committed, what tasks there are."""

from __future__ import annotations

import ast
import configparser
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked() -> list[Path]:
    """List what is committed or about to be."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        path for path in (Path(name) for name in done.stdout.split("\0") if name) if (ROOT / path).is_file()
    ]


# --- locks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_exact_versions_with_hashes_and_no_address(lock: str) -> None:
    content = text(lock)
    for foreign in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host", "-i ", "@ "):
        assert foreign not in content, foreign
    entries = [entry for entry in re.split(r"\n(?=\S)", content) if not entry.startswith("#")]
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[^\s;]+( ; [^\\]+)?( \\\n|\n)", entry + "\n"), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_the_two_locks_agree() -> None:
    run, dev = (
        dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,-]+\])?==(\S+)", text(lock), re.MULTILINE))
        for lock in LOCKS
    )
    assert run.items() <= dev.items()


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    extras = project["optional-dependencies"]
    for lock, wanted in zip(
        LOCKS, (project["dependencies"], [*project["dependencies"], *extras["dev"]]), strict=True
    ):
        locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,-]+\])?==", text(lock), re.MULTILINE))
        names = {re.split(r"[\[<>=!~ ;]", name)[0].lower() for name in wanted} - {project["name"]}
        assert names <= locked, names - locked


def test_the_lock_of_node_packages_names_hashes_and_no_address() -> None:
    lock = json.loads(text("package-lock.json"))
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name
    assert "omit-lockfile-registry-resolved=true" in text(".npmrc").splitlines()
    assert "registry=" not in text(".npmrc")


# --- the direction of imports ---------------------------------------------------------------------------------------


def test_imports_keep_their_direction() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contract_of_imports_speaks_of_every_module() -> None:
    contracts = configparser.ConfigParser()
    contracts.read_string(text(".importlinter"))
    modules = {
        f"pipeline.{path.stem}"
        for path in (ROOT / "pipeline").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    modules -= {"pipeline.__init__", "pipeline.__main__"}
    layers = set(re.split(r"[\s|]+", contracts["importlinter:contract:one-direction"]["layers"].strip()))
    assert layers == modules
    refused = set(contracts["importlinter:contract:plugins"]["forbidden_modules"].split())
    # What pipeline.posts itself stands on reaches plugins by way of it.
    assert modules - refused == {"pipeline.posts", "pipeline.errors", "pipeline.clock"} & modules


@pytest.mark.parametrize(
    ("package", "refused"),
    [("pipeline", {"pelican", "markdown", "plugins", "tests"}), ("plugins", {"tests"})],
)
def test_no_file_imports_what_is_not_beneath_it(package: str, refused: set[str]) -> None:
    """Also where the import stands inside of a function, or only for types."""
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            assert not {name.partition(".")[0] for name in names} & refused, path


# --- what may be committed ----------------------------------------------------------------------------------------

_KINDS = {
    *(
        ".py",
        ".pyi",
        ".typed",
        ".mako",
        ".toml",
        ".txt",
        ".md",
        ".po",
        ".html",
        ".xml",
        ".css",
        ".js",
        ".jinja",
        ".json",
        ".yml",
    ),
    *(
        ".svg",
        ".png",
        ".jpg",
        ".webp",
        ".avif",
        ".ico",
        ".conf",
        ".eml",
        ".csv",
        ".sql",
        ".service",
        ".timer",
    ),
}
_NAMES = {
    "Makefile",
    "LICENSE",
    "Caddyfile",
    "CNAME",
    "run",
    ".gitignore",
    ".npmrc",
    ".importlinter",
    ".gitattributes",
}
_PICTURES = {".png", ".jpg", ".webp", ".avif", ".ico"}
_LARGEST = 400_000  # bytes


def test_only_files_of_known_kinds_are_committed() -> None:
    """No database, key, mailbox, environment or archive gets in unseen."""
    for path in tracked():
        assert path.suffix in _KINDS or path.name in _NAMES, path
        assert not {"output", "var", ".venv", "node_modules", "__pycache__"} & set(path.parts), path
        assert (ROOT / path).stat().st_size <= _LARGEST, path
        assert not (ROOT / path).is_symlink(), path


def test_text_is_utf8_with_plain_line_ends() -> None:
    for path in tracked():
        if path.suffix in _PICTURES or path.parts[0] == "tests":  # tests hold broken files on purpose
            continue
        raw = (ROOT / path).read_bytes()
        assert b"\r" not in raw, path
        assert not raw or raw.endswith(b"\n"), path
        assert not re.search(r"^(<{7}|>{7}) ", raw.decode("utf-8"), re.MULTILINE), path


def test_nothing_that_is_made_is_committed() -> None:
    ignored = text(".gitignore").split()
    assert {"/.venv/", "/output/", "/var/", "/node_modules/", "__pycache__/"} <= set(ignored)


def test_addresses_are_examples() -> None:
    """Nobody real stands in the repository: every e-mail address ends in a name that is kept for examples."""
    example = re.compile(r"@.*(example|test|invalid|localhost)\b", re.IGNORECASE)
    address = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
    for path in tracked():
        if (
            path.suffix in _PICTURES | {".json", ".svg"}
            or path.name in LOCKS
            or path.parts[0] in {"content", "theme", "tests"}
        ):
            continue
        for found in address.findall((ROOT / path).read_text(encoding="utf-8", errors="replace")):
            assert example.search(found), f"{path}: an address at {found.partition('@')[2]}"


# --- tasks ----------------------------------------------------------------------------------------------------------


def test_make_alone_lists_every_task_once() -> None:
    makefile = text("Makefile")
    targets = re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE)
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = re.findall(r"^  make ([a-z-]+) +(\S.+)$", listed, re.MULTILINE)
    assert sorted(name for name, _ in lines) == sorted(targets)
    assert len(lines) == len(listed.splitlines()) == len(set(targets))
    (phony,) = re.findall(r"^\.PHONY: ((?:.|\\\n)+?)(?<!\\)\n", makefile, re.MULTILINE)
    assert set(phony.replace("\\\n", " ").split()) == set(targets)


def test_every_python_that_the_project_says_it_runs_on_is_one_version() -> None:
    project = tomllib.loads(text("pyproject.toml"))
    assert project["project"]["requires-python"] == ">=3.11"
    assert project["tool"]["ruff"]["target-version"] == "py311"
    assert "Python 3.11 or newer" in text("README.md")
    assert "sys.version_info < (3, 11)" in text("Makefile")
