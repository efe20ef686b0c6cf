"""Write the pages of docs/ that are generated: every command, every task and every setting, as the code has them.

    make docs

The same code always gives the same bytes, so that a test can tell when a page is stale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from pipeline.cli.app import app
from pipeline.settings import ENVIRONMENT, FILE_NAME, Settings
from pipeline.store.tables import metadata
from tests.service import openapi

__all__ = ["commands", "pages", "settings", "tasks"]

ROOT = Path(__file__).resolve().parents[1]
_WIDTH = 100  # columns of help
_MADE = "<!-- Written by `make docs`. Change the code, not this page. -->"


def pages() -> dict[Path, str]:
    """Answer every generated page: its path below the root, and what stands in it."""
    return {
        Path("docs/reference/cli.md"): _cli(),
        Path("docs/reference/service.json"): openapi.written(),
        Path("docs/reference/settings.md"): _settings(),
        Path("docs/reference/stored.md"): f"# What is stored\n\n{_MADE}\n\n{_stored()}" + "\n",
        Path("content/pages/what-is-stored.md"): _FOR_READERS + _stored() + "\n",
    }


# --- commands -----------------------------------------------------------------------------------------------------


def commands() -> dict[str, str]:
    """Answer the help of every command, by its full name."""
    program = typer.main.get_command(app)
    return {name: text.rstrip() for name, text in _help(program, "belonging", None)}


def _help(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    context = command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,  # nothing is run, nothing is missing
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
    )
    yield context.command_path, command.get_help(context)
    for inner in getattr(command, "commands", {}).values():
        yield from _help(inner, inner.name, context)


def tasks() -> dict[str, str]:
    """Answer what every target of the Makefile is for."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z-]+):.*## (.+)$", text, re.MULTILINE))


def _cli() -> str:
    where = "`belonging` is `.venv/bin/belonging`, or `python -m pipeline` in that environment."
    parts = ["# Every command", _MADE, f"{where} What scripts read: [json.md](json.md)."]
    for name, text in commands().items():
        parts += [f"## {name}", f"```text\n{text}\n```"]
    parts += ["## Tasks of the Makefile", _table(("task", "what it does"), _tasks())]
    return "\n\n".join(parts) + "\n"


def _tasks() -> list[tuple[str, str]]:
    return [(f"`make {name}`", what) for name, what in tasks().items()]


# --- settings -----------------------------------------------------------------------------------------------------


def settings() -> dict[str, FieldInfo]:
    """Answer every setting that newsletter.toml may hold, by its full name."""
    return dict(_fields(Settings, ()))


def _fields(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if field.exclude:
            continue  # from the environment alone, or no setting at all
        if inner := _model(field):
            yield from _fields(inner, (*path, name))
        else:
            yield ".".join((*path, name)), field


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _settings() -> str:
    where = f"They stand in `{FILE_NAME}`, beside `pelicanconf.py`; each may be left out."
    strict = "A name that is not here, or a value that cannot be, is refused with its line."
    parts = ["# Every setting", _MADE, f"{where} {strict}", _section(Settings, ())]
    parts += ["## The environment", _table(("variable", "what it holds"), list(_environment()))]
    return "\n\n".join(parts) + "\n"


def _section(model: type[BaseModel], path: tuple[str, ...]) -> str:
    own = [
        (name, field) for name, field in model.model_fields.items() if not field.exclude and not _model(field)
    ]
    rows = [(f"`{name}`", _possible(field), _default(field), field.description or "") for name, field in own]
    parts = [_table(("setting", "what it may be", "left out, it is", "what it does"), rows)]
    for name, field in model.model_fields.items():
        inner = _model(field)
        if inner is not None:
            parts += [
                f"## [{'.'.join((*path, name))}]",
                (inner.__doc__ or "").strip(),
                _section(inner, (*path, name)),
            ]
    return "\n\n".join(parts)


def _possible(field: FieldInfo) -> str:
    bounds = {type(bound): bound for bound in field.metadata}
    limits = [
        words.format(getattr(bounds[kind], name))
        for kind, name, words in (
            (Ge, "ge", "from {:g}"),
            (Gt, "gt", "above {:g}"),
            (Le, "le", "to {:g}"),
            (Lt, "lt", "below {:g}"),
        )
        if kind in bounds
    ]
    return " ".join([_kind(field.annotation), *limits])


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), [each for each in get_args(annotation) if each is not type(None)]
    if isinstance(origin, type) and issubclass(origin, UnionType):
        return _kind(inner[0])
    if origin is tuple:
        return "a list of texts"
    if origin is dict:
        return "a table of texts"
    if origin is not None:  # Annotated, inside of an optional one
        return _kind(inner[0])
    if issubclass(annotation, Enum):
        return " or ".join(f'`"{each.value}"`' for each in annotation)
    return {bool: "`true` or `false`", int: "a whole number", float: "a number"}.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()  # what everybody has when nothing is set is no secret
    if value is None:
        return "nothing"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, dict):
        return "`{}`"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}`"


def _environment() -> Iterator[tuple[str, str]]:
    for name in ENVIRONMENT:
        yield f"`{name}`", _HOLDS[name]


# --- what is stored -----------------------------------------------------------------------------------------------


def _stored() -> str:
    parts = [
        (
            "This is every table and every column of the list’s database, as the program has them. “Encrypted” and "
            "“keyed” mean: with a key that lies in another place. Whoever has a copy of all this and not the key "
            "sees numbers, days and how many there are, and nobody’s address."
        ),
        (
            "Beside the database lies one file, `var/farewells`, so that a backup that is put back brings nobody "
            "back: one line for everybody who left, was erased or cannot be reached any more. It holds a keyed hash "
            "of the number of their row, how they went, which of their subscriptions it was, and, if the address "
            "must not be mailed again, its keyed hash."
        ),
    ]
    for table in metadata.sorted_tables:
        parts += [f"## {table.name}", table.info.get("about", "")]
        parts.append("\n".join(f"- **{column.name}**: {column.doc or ''}." for column in table.columns))
    return "\n\n".join(parts)


_FOR_READERS = """---
title: What is stored
slug: what-is-stored
summary: Every table and every column of the list’s database, and what each of them is for.
---

"""

_HOLDS = {
    "BELONGING_KEY": "the root key, instead of `list.key.file` and `list.key.command`",
    "BELONGING_STORE": "the store's address, instead of `list.store`; it may hold a password",
    "BELONGING_SMTP_PASSWORD": "the mail server's password",
    "BELONGING_IMAP_PASSWORD": "the password of the mailbox that letters come back to",
    "MAILCHIMP_API_KEY": "the key of the Mailchimp account",
    "MAILCHIMP_WEBHOOK_SECRET": "What Mailchimp signs its calls about the list with; without it none is heard.",
}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _write() -> None:
    for path, text in pages().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    _write()
