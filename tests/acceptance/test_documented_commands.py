"""What the documents tell people to type is typed, in the order in which it stands there.

`_STEPS` says for every command what takes the place of its placeholders. A command that it does not know fails the
test: say here how it is run, or say something else in the document.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.commandline import ROOT, Outcome
from tests.acceptance.projects import Project
from tests.documents import commands, guides


@dataclass(frozen=True)
class Scene:
    """A clone somebody works in, with an environment that is installed already."""

    project: Project

    @classmethod
    def set(cls, project: Project) -> Scene:
        """Give a project the Makefile and an environment that need not be installed."""
        environment = project.root / ".venv"
        environment.mkdir()
        (environment / "bin").symlink_to(Path(sys.executable).parent)
        for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
            (project.root / name).touch()
            os.utime(project.root / name, (0, 0))
        for name in ("run", "dev"):
            (environment / name).touch()
        shutil.copy(ROOT / "Makefile", project.root)
        return cls(project)

    def make(self, *arguments: str) -> list[list[str]]:
        """Answer the commands that a task would run, with its variables in their places."""
        variables = dict(argument.split("=", 1) for argument in arguments if "=" in argument)
        done = subprocess.run(
            ["make", "--dry-run", "--no-print-directory", *arguments],
            cwd=self.project.root,
            env=self.project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert "Installing what" not in done.stdout, "the environment is there already"
        filled = re.sub(
            r'"\$TYPED_(TITLE|POST)"', lambda found: shlex.quote(variables.get(found[1], "")), done.stdout
        )
        return [shlex.split(line) for line in filled.splitlines() if line.strip()]

    def belonging(self, *arguments: str, code: int = 0, stdin: str = "") -> Outcome:
        """Run a command and see how it ends."""
        return self.project.run(*arguments, code=code, stdin=stdin)

    def page(self, *arguments: str) -> None:
        """Run a command that goes on until it is stopped; stop it as soon as it says where it is."""
        process = self.project.start(*arguments, "--port", "0")
        assert process.stdout is not None
        assert "http://" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.project.finish(process)

    def built(self) -> None:
        """See to it that something was built."""
        if not (self.project.root / "output").exists():
            self.belonging("build")

    @property
    def plan(self) -> str:
        """Answer the digest of the plan as it is now."""
        return str(self.belonging("plan", "--json").json["plan"])


def _task(code: int = 0) -> Callable[[Scene, str], None]:
    """Run what a task of the Makefile runs."""

    def run(scene: Scene, command: str) -> None:
        scene.built()
        for program, *arguments in scene.make(*shlex.split(command)[1:]):
            assert Path(program).name == "belonging", f"{command} runs {program}"
            scene.belonging(*arguments, code=code)

    return run


def _for_developers(scene: Scene, command: str) -> None:
    """See that what a task runs is installed; running the tests in a test would never end."""
    for program, *arguments in scene.make(*shlex.split(command)[1:]):
        if program.startswith(".venv/bin/"):
            assert (scene.project.root / program).exists(), program
        if program == ".venv/bin/python":
            module = arguments[1].replace(".", "/") if arguments[0] == "-m" else arguments[0]
            assert (ROOT / module).exists() or (ROOT / f"{module}.py").exists(), arguments


def _lock(scene: Scene, command: str) -> None:
    """See that there is such a task; it asks an index for everything anew."""
    done = subprocess.run(
        ["make", "--dry-run", "lock"], cwd=scene.project.root, capture_output=True, check=False
    )
    assert done.returncode == 0


def _started(scene: Scene, command: str) -> None:
    _task()(scene, command)
    (draft,) = [
        path
        for path in (scene.project.root / "content" / "posts").iterdir()
        if "status: draft" in path.read_text(encoding="utf-8")
    ]
    with draft.open("a", encoding="utf-8") as file:
        file.write("Words below the second line of dashes.\n")


def _import(scene: Scene, command: str) -> None:
    file = scene.project.root.parent / "people.csv"
    file.write_text("email,status\nreader@lists.example.net,subscribed\n", encoding="utf-8")
    arguments = ["--apply"] if "--apply" in command else []
    scene.belonging("subscribers", "import", str(file), *arguments)


def _export(scene: Scene, command: str) -> None:
    file, plain = scene.project.root.parent / "list.locked", scene.project.root.parent / "list.csv"
    words = {"FILE": str(file), "PLAIN": str(plain)}
    arguments = [words.get(word, word) for word in command.split()[1:]]
    scene.belonging(*arguments, stdin="four words that fit\n")


def _backup(scene: Scene, command: str) -> None:
    file = scene.project.root.parent / "list.backup"
    if "backup BACKUP" in command:
        scene.built()
        scene.belonging("send")
    arguments = [str(file) if word == "BACKUP" else word for word in command.split()[1:]]
    refused = "restore" in command and "--overwrite" not in command
    scene.belonging(*arguments, code=1 if refused else 0)


def _bounces(scene: Scene, command: str) -> None:
    mailbox = scene.project.root.parent / "bounces"
    for part in ("new", "cur", "tmp"):
        (mailbox / part).mkdir(parents=True, exist_ok=True)
    if "bounce_address" not in (scene.project.root / "newsletter.toml").read_text(encoding="utf-8"):
        scene.project.change(
            "newsletter.toml", "[list]", '[list]\nbounce_address = "back@belonging.example.org"'
        )
    where = command.split()[3:]
    if where == ["-"]:
        scene.belonging("bounces", "read", "-", stdin="Auto-Submitted: auto-replied\n\nAway.\n")
    elif where:
        scene.belonging("bounces", "read", str(mailbox))
    else:
        scene.belonging("bounces", "read", code=3)  # no mail server is named here


def _this_plan(scene: Scene, command: str) -> None:
    scene.built()
    scene.belonging("send", "--plan", scene.plan)


def _decided(option: str) -> Callable[[Scene, str], None]:
    def run(scene: Scene, command: str) -> None:
        name = f"decided-{option.strip('-')}"
        scene.project.write(name, days=0.1 if option == "--skip" else 40)
        scene.belonging("build")
        scene.belonging("send", option, name)
        assert (option == "--release") == (name.capitalize().replace("-", " ") in scene.project.mailed)

    return run


def _plain(*arguments: str, code: int = 0, stdin: str = "") -> Callable[[Scene, str], None]:
    def run(scene: Scene, command: str) -> None:
        scene.built()
        scene.belonging(*arguments, code=code, stdin=stdin)

    return run


def _page(name: str) -> Callable[[Scene, str], None]:
    return lambda scene, _: scene.page(name)


def _extra(scene: Scene, command: str) -> None:
    (name,) = re.findall(r"belonging\[(\w+)\]", command)
    assert re.search(rf"^{name} = \[", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)


def _headers(scene: Scene, command: str) -> None:
    folder = scene.project.root.parent / "hosting"
    folder.mkdir(exist_ok=True)
    words = [str(folder) if word == "docs/hosting" else word for word in shlex.split(command)[1:]]
    subprocess.run([sys.executable, *words], cwd=ROOT, env=scene.project.environment, check=True)
    assert list(folder.iterdir())


def _incremental(scene: Scene, command: str) -> None:
    """Run it as in a site that has nothing else of this project: the folder stands where Python finds it."""
    where = {**scene.project.environment, "PYTHONPATH": str(scene.project.root / "plugins")}
    done = subprocess.run(
        [sys.executable, *shlex.split(command)[1:]],
        cwd=scene.project.root,
        env=where,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (scene.project.root / "output" / "third-chair" / "index.html").exists()


_STEPS: dict[str, Callable[[Scene, str], None]] = {
    r"make (publish|build|plan|send|status|check|doctor)": _task(),
    r"make new TITLE=.+": _started,
    r"make new": _task(code=1),  # without a title it says what is missing
    r"make preview POST=.+": _task(),
    r"make serve": _page("serve"),
    r"make (test|lint|format|types|bench|bench-build|soak|mutate|docs|words( LANGUAGE=[a-z]+)?)": _for_developers,
    r"make (style|gallery|pictures|lighthouse)": _for_developers,
    r"python -m incremental( content -o output -s pelicanconf\.py)?": _incremental,
    r"make lock": _lock,
    r"belonging (build|plan|send|publish|status|check|doctor)": lambda scene, said: _plain(*said.split()[1:])(
        scene, said
    ),
    r"belonging preview (weekly|\S+ --as discreet)": lambda scene, said: _plain(*said.split()[1:])(
        scene, said
    ),
    r"belonging status --unknown": _plain("status", "--unknown"),
    r"belonging status --(resend|count-as-sent) NUMBERS": lambda scene, said: _plain(
        *said.split()[1:-1], "all"
    )(scene, said),
    r"belonging send --plan DIGEST": _this_plan,
    r"belonging send --release POST": _decided("--release"),
    r"belonging send --skip POST": _decided("--skip"),
    r"belonging send --test": _plain(
        "send", "--test", code=1, stdin="me@example.net\n"
    ),  # the embedded list has none
    r"belonging web": _page("web"),
    r"belonging subscribers import \S+\.csv( --apply| --never-mail)?": _import,
    r"belonging subscribers (export FILE|unlock FILE PLAIN)": _export,
    r"belonging bounces read( \S+)?": _bounces,
    r"belonging status --try-held": _plain("status", "--try-held"),
    r"belonging stats --json": _plain("stats", "--json"),
    r"belonging stats --page NUMBERS\.html": lambda scene, said: _plain(
        "stats", "--page", str(scene.project.root.parent / "numbers.html")
    )(scene, said),
    r"belonging (backup|restore) BACKUP( --overwrite)?": _backup,
    r"belonging keys (new|rotate)": lambda scene, said: _plain(*said.split()[1:])(scene, said),
    r'pip install "belonging\[\w+\]"': _extra,
    r"python -m plugins\.headers \S+( \S+)?": _headers,
}


def _step(command: str) -> Callable[[Scene, str], None] | None:
    return next((step for pattern, step in _STEPS.items() if re.fullmatch(pattern, command)), None)


@pytest.mark.parametrize("document", guides(), ids=str)
def test_what_a_document_says_is_done_as_it_says(document: Path, fresh: Project) -> None:
    said = commands(document)
    unknown = [f"{document}:{each.line}: {each.command}" for each in said if _step(each.command) is None]
    assert not unknown, f"say in {Path(__file__).name} how to run them"
    scene = Scene.set(fresh)
    for each in said:
        step = _step(each.command)
        assert step is not None
        try:
            step(scene, each.command)
        except AssertionError as error:
            raise AssertionError(f"{document}:{each.line}: {each.command}\n{error}") from error


def test_there_is_something_to_type() -> None:
    typed = {each.command for document in guides() for each in commands(document)}
    assert {"make publish", "make test", "make serve", "belonging send"} <= typed
    assert all(
        any(re.fullmatch(pattern, command) for command in typed)
        for pattern in _STEPS
        if "format" not in pattern
    )


def test_a_task_is_run_by_make_itself(fresh: Project) -> None:
    scene = Scene.set(fresh)
    for arguments, words in (
        ((), "make publish "),
        (("publish",), "Third chair"),
        (("new", 'TITLE=--it\'s "$HOME" `id`'), "content/posts/its-home-id.md"),
        (("preview", "POST=third-chair"), "subject    Third chair"),
        (("status",), "3 accepted"),
    ):
        done = subprocess.run(
            ["make", *arguments],
            cwd=fresh.root,
            env=fresh.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert words in done.stdout
    assert scene.project.mailed.keys() == {"Third chair"}
    assert "$HOME" in fresh.post("its-home-id").read_text(encoding="utf-8")
