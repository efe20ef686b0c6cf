"""The manifest: the one file that the site hands to the rest of the pipeline.

    {"version": 1, "site": {…}, "posts": [{…}, …]}

The objects hold the fields of ``Site`` and ``Post`` by their names; dates are ISO 8601 with an offset. A field that
has a default may be missing. Anything else that is not as it should be is an error: a manifest is written by a
program, and one that looks odd was written by another.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pipeline.errors import ManifestError
from pipeline.posts import Post, Site

__all__ = ["VERSION", "Manifest", "ManifestError", "dumps", "loads", "read", "write", "write_text"]

VERSION = 1
_AGAIN = "build the site again"
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_T = TypeVar("_T", Site, Post)


class Manifest(NamedTuple):
    """What a manifest holds; ``site, posts = read(path)`` works as well."""

    site: Site
    posts: tuple[Post, ...]  # newest first; of the same moment, in the order of their ids


def read(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        ManifestError: There is none, or it is not one of this version.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ManifestError(f"there is no manifest at {path}", advice="build the site first") from None
    except UnicodeDecodeError:
        raise ManifestError(f"{path} is not UTF-8", advice=_AGAIN) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ManifestError(f"{path} cannot be read: {reason}", advice="look at its owner and mode") from None
    return loads(text, name=str(path))


def write(path: Path, site: Site, posts: Sequence[Post]) -> None:
    """Write a manifest.

    Raises:
        ManifestError: Two posts have the same id, or the file cannot be written.
    """
    write_text(path, dumps(site, posts))


def write_text(path: Path, text: str) -> None:
    """Write what ``dumps`` gave, so that whoever reads meanwhile sees the old manifest or the new one, whole.

    Raises:
        ManifestError: The file cannot be written.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ManifestError(
            f"{path} cannot be written: {reason}", advice="look at the folder it is in"
        ) from None


def dumps(site: Site, posts: Sequence[Post]) -> str:
    """Write a manifest as text: the same for the same posts, in whatever order they come; one post a line.

    Raises:
        ManifestError: Two posts have the same id.
    """
    _refuse_twins(posts, "the site")
    ordered = sorted(sorted(posts, key=lambda post: post.id), key=lambda post: post.date, reverse=True)
    lines = ",\n".join(map(_json, ordered))
    return f'{{"version": {VERSION}, "site": {_json(site)}, "posts": [\n{lines}\n]}}\n'


def loads(text: str, *, name: str = "the manifest") -> Manifest:
    """Read a manifest's text; ``name`` is what to call it in errors.

    Raises:
        ManifestError: It is not JSON, of another version, or something in it is missing, unknown, of another type or
            there twice.
    """
    try:
        data = json.loads(text)
        if _HALF.search(text):  # an escape that may be half of a pair, which nothing could be written with
            json.dumps(data, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{name} is not JSON: {error}", advice=_AGAIN) from None
    top = _table(data, name)
    version = top.get("version")
    if version != VERSION or isinstance(version, bool):
        message = f"{name} is of version {json.dumps(version)}; this program reads {VERSION}"
        raise ManifestError(message, advice=_AGAIN)
    _refuse_keys(top, name, needed=_TOP, allowed=_TOP)
    listed = top["posts"]
    if not isinstance(listed, list):
        raise _wrong(f"{name}: posts", "a list")
    site = _value(Site, _SITE, top["site"], f"{name}: site")
    posts = tuple(_value(Post, _POST, post, f"{name}: posts[{index}]") for index, post in enumerate(listed))
    _refuse_twins(posts, name)
    return Manifest(site, posts)


class _Odd(Exception):
    """A value that is not what its field is made of; holds what that would be."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Odd("text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Odd("a list of texts")
    return tuple(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Odd("true or false")
    return value


def _date(value: object) -> datetime:
    try:
        date = datetime.fromisoformat(_text(value))
    except ValueError:
        raise _Odd("a date, as in 2026-11-23T09:30:00+00:00") from None
    if date.tzinfo is None:
        raise _Odd("a date with its offset from UTC")
    return date


_Reader = Callable[[object], object]
_READERS: Mapping[str, _Reader] = {
    "str": _text,
    "str | None": lambda value: None if value is None else _text(value),
    "tuple[str, ...]": _texts,
    "bool": _flag,
    "datetime": _date,
    "datetime | None": lambda value: None if value is None else _date(value),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """How each field of a value is read, and which must be there."""

    readers: Mapping[str, _Reader]
    needed: frozenset[str]

    @classmethod
    def of(cls, kind: type[Site] | type[Post]) -> _Shape:
        return cls(
            readers={field.name: _READERS[str(field.type)] for field in fields(kind)},
            needed=frozenset(field.name for field in fields(kind) if field.default is MISSING),
        )


_TOP = frozenset({"version", "site", "posts"})
_SITE = _Shape.of(Site)
_POST = _Shape.of(Post)


def _value(kind: type[_T], shape: _Shape, data: object, where: str) -> _T:
    table = _table(data, where)
    _refuse_keys(table, where, needed=shape.needed, allowed=shape.readers.keys())
    values: dict[str, Any] = {}
    for name, value in table.items():
        try:
            values[name] = shape.readers[name](value)
        except _Odd as odd:
            raise _wrong(f"{where}.{name}", str(odd)) from None
    return kind(**values)


def _table(data: object, where: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise _wrong(where, "an object")
    return data


def _refuse_keys(table: Mapping[str, object], where: str, *, needed: Set[str], allowed: Set[str]) -> None:
    if missing := sorted(needed - table.keys()):
        raise ManifestError(f"{where} has no “{missing[0]}”", advice=_AGAIN)
    if unknown := sorted(table.keys() - allowed):
        raise ManifestError(f"{where} has “{unknown[0]}”, which this program does not know", advice=_AGAIN)


def _refuse_twins(posts: Iterable[Post], where: str) -> None:
    first: dict[str, Post] = {}
    for post in posts:
        other = first.setdefault(post.id, post)
        if other is not post:
            message = f"{where}: {other.source} and {post.source} have the same id “{post.id}”"
            raise ManifestError(message, advice="give one of them another id:")


def _wrong(where: str, expected: str) -> ManifestError:
    return ManifestError(f"{where} should be {expected}", advice=_AGAIN)


def _json(value: Site | Post) -> str:
    plain = {field.name: getattr(value, field.name) for field in fields(value)}
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_written)


def _written(value: object) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ManifestError(f"a date without a zone cannot be written: {value}", advice="make it aware")
    return value.isoformat()
