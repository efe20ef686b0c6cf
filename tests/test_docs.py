"""Documents that cannot rot: what is generated is fresh, what there is is said, and what is linked to is there."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from pipeline import errors
from pipeline.errors import BelongingError
from pipeline.settings import ENVIRONMENT
from tests import reference
from tests.documents import ROOT, commands, guides, markdown


def text(path: Path | str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", reference.pages(), ids=str)
def test_a_generated_page_is_what_the_code_says(path: Path) -> None:
    assert text(path) == reference.pages()[path], "run: make docs"


def test_every_generated_page_is_known() -> None:
    made = {path for path in markdown() if "Written by `make docs`" in text(path)}
    documents = {path for path in reference.pages() if path.suffix == ".md" and path.parts[0] != "content"}
    assert made == documents


def test_every_setting_is_explained() -> None:
    page = text("docs/reference/settings.md")
    for name, field in reference.settings().items():
        assert field.description, name
        assert len(field.description) > 8, name
        assert f"| `{name.rpartition('.')[2]}` |" in page
    for variable in ENVIRONMENT:
        assert f"`{variable}`" in page


def test_every_setting_that_this_repository_sets_is_one() -> None:
    """See that newsletter.toml, which people copy from, teaches nothing that is refused."""
    from pipeline import settings

    settings.load(ROOT, {})


def test_every_command_is_explained() -> None:
    page = text("docs/reference/cli.md")
    for name, help_ in reference.commands().items():
        assert f"## {name}\n" in page
        assert help_.split("\n\n")[1].endswith("."), f"{name} does not say what it does"
        options = re.findall(
            r"^  (--?\S+.*)$", help_.partition("Options:")[2].partition("\nCommands:")[0], re.MULTILINE
        )
        assert all(re.search(r"\S\s{2,}\S", option) for option in options), (
            f"an option of {name} has no words"
        )


def test_every_exit_code_is_explained() -> None:
    codes = {0, 2, 70, 130} | {error.exit_code for error in _below(BelongingError)}
    for place in (text("docs/operators.md"), reference.commands()["belonging"]):
        (said,) = re.findall(r"Exit codes: ((?:.|\n)+?130 interrupted)", place)
        assert {int(code) for code in re.findall(r"(?<![\d.])(\d+) [a-z]", " ".join(said.split()))} == codes


def test_every_error_stands_in_the_tree_with_its_code() -> None:
    tree = dict(re.findall(r"^[ │├└─]*(\w+) +(\d+) ", errors.__doc__ or "", re.MULTILINE))
    assert tree == {
        error.__name__: str(error.exit_code)
        for error in _below(BelongingError)
        if error.__module__ == errors.__name__
    }


def test_every_task_is_explained() -> None:
    page = text("docs/reference/cli.md")
    for task, words in reference.tasks().items():
        assert f"| `make {task}` | {words} |" in page


def test_every_command_and_task_that_a_document_names_is_one() -> None:
    for document in guides():
        for said in commands(document):
            words = said.command.split()
            place = f"{document}:{said.line}: {said.command}"
            if words[0] == "make":
                assert words[1] in reference.tasks(), place
            elif words[0] == "belonging":
                known = [name for name in reference.commands() if f"{said.command} ".startswith(f"{name} ")]
                name = max(known, key=len)
                assert name != "belonging", place
                for option in re.findall(r"--[a-z-]+", said.command):
                    assert f"  {option} " in reference.commands()[name].replace(", --", "  --"), place


def test_every_setting_that_a_document_names_is_one() -> None:
    names = {*reference.settings(), *ENVIRONMENT}
    sections = {name.partition(".")[0] for name in names if "." in name}
    for document in guides():
        for word in re.findall(r"`([a-z]+(?:\.[a-z_]+)+)(?: = [^`]*)?`", text(document)):
            if word.partition(".")[0] in sections and not word.endswith(
                (".py", ".md", ".toml", ".conf", ".sqlite")
            ):
                assert word in names or any(name.startswith(f"{word}.") for name in names), (
                    f"{document}: {word}"
                )
        for variable in re.findall(r"\b(?:BELONGING|MAILCHIMP)_[A-Z_]+\b", text(document)):
            known = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
            assert variable in names or f'"{variable}"' in known, f"{document}: {variable}"


# --- links ----------------------------------------------------------------------------------------------------------


def _links(document: Path) -> list[tuple[int, str]]:
    found = []
    fenced = False
    for number, line in enumerate(text(document).splitlines(), start=1):
        fenced ^= line.lstrip().startswith("```")
        if not fenced and not line.startswith("    "):
            prose = re.sub(r"`[^`]*`", "", line)
            found += [(number, link) for link in re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", prose)]
            found += [(number, link) for link in re.findall(r"^\[[^\]]+\]: (\S+)", prose)]
    return found


def _anchors(document: Path) -> set[str]:
    """Name the headings of a document as links to them do."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"```.*?```", "", text(document), flags=re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", markdown(), ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    for number, link in _links(document):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")), f"{document}:{number}: {link}"
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / unquote(path) if path else ROOT / document
        assert target.exists(), f"{document}:{number}: {link} is not there"
        assert target.resolve().is_relative_to(ROOT), f"{document}:{number}: {link}"
        if anchor:
            assert anchor in _anchors(target.resolve().relative_to(ROOT)), (
                f"{document}:{number}: no heading {anchor}"
            )


def test_links_are_found() -> None:
    assert len([link for document in markdown() for link in _links(document)]) > 20


def test_every_decision_has_a_number_of_its_own() -> None:
    numbers = [page.name.partition("-")[0] for page in (ROOT / "docs" / "adr").glob("[0-9]*.md")]
    assert len(set(numbers)) == len(numbers) > 5


def _below(error: type[BelongingError]) -> list[type[BelongingError]]:
    return [error, *(each for child in error.__subclasses__() for each in _below(child))]
