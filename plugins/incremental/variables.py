"""The variables that templates see: which of them a page read, and what they stand for.

Naming a list of posts means all of it, in its order. Lists of terms are the exception, since the menu of many a
theme names every category on every page: there the names are one fact, and the posts of each term another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jinja2.runtime import Context
from jinja2.utils import missing
from pelican.paginator import Page, Paginator
from pelican.urlwrappers import URLWrapper

from .codec import Encoder, Opaque, digest
from .trace import Trace, active

__all__ = ["Posts", "RecordingContext", "Seen", "TrackedPage", "TrackedPaginator", "given", "variable"]

_ABSENT = ("absent",)


class Posts(list[Any]):
    """The posts of a term in a list of terms: whoever looks into it depends on them."""

    def __init__(self, posts: Iterable[Any], fact: str) -> None:
        super().__init__(posts)
        self._fact = fact

    def _read(self) -> None:
        if active.trace is not None:
            active.trace.facts.add(self._fact)


def _reading(name: str) -> Any:
    plain = getattr(list, name)

    def method(self: Posts, *args: Any) -> Any:
        self._read()
        return plain(self, *args)

    method.__name__ = name
    return method


for _name in (
    *(
        "__iter__",
        "__len__",
        "__getitem__",
        "__contains__",
        "__reversed__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__gt__",
    ),
    *(
        "__le__",
        "__ge__",
        "__add__",
        "__mul__",
        "__rmul__",
        "__repr__",
        "index",
        "count",
        "copy",
        "__reduce_ex__",
    ),
):
    setattr(Posts, _name, _reading(_name))


def _radd(self: Posts, other: list[Any]) -> list[Any]:
    self._read()
    return other + list(self)


Posts.__radd__ = _radd  # type: ignore[attr-defined]


def _pairs(value: object) -> bool:
    """Tell whether a value is a list of terms with their posts."""
    return (
        type(value) is list
        and bool(value)
        and all(
            type(one) is tuple and len(one) == 2 and isinstance(one[0], URLWrapper) and type(one[1]) is list
            for one in value
        )
    )


class RecordingContext(Context):
    """Jinja's context, noting which variables are asked for."""

    def resolve_or_missing(self, key: str) -> Any:
        """Look up a variable."""
        if key in self.vars:
            return self.vars[key]
        value = self.parent.get(key, missing)
        trace = active.trace
        if trace is None:
            return value
        if key in trace.given:
            trace.reads.setdefault(key, set()).add("")
            return value
        trace.facts.add(f"v:{key}")
        if _pairs(value):
            return [(term, Posts(posts, f"l:{key}:{term.slug}")) for term, posts in value]
        return value


class _Noting:
    """What notes which of its attributes a template asks for; what it asks of itself is not asked by the template."""

    def __init__(self, plain: Page | Paginator, name: str) -> None:
        vars(self).update(vars(plain), _variable=name)

    def __getattribute__(self, name: str) -> Any:
        trace: Trace | None = active.trace
        if trace is None or name[:2] == "__":
            return object.__getattribute__(self, name)
        variable_ = object.__getattribute__(self, "__dict__")["_variable"]
        trace.reads.setdefault(variable_, set()).add(name)
        active.trace = None
        try:
            found = object.__getattribute__(self, name)
        finally:
            active.trace = trace
        return _quiet(found, trace) if callable(found) else found


def _quiet(method: Any, trace: Trace) -> Any:
    def call(*arguments: Any, **named: Any) -> Any:
        if arguments or named:
            trace.unproven = trace.unproven or "a page of a listing that was asked for another"
        active.trace = None
        try:
            return method(*arguments, **named)
        finally:
            active.trace = trace

    return call


class TrackedPaginator(_Noting, Paginator):  # type: ignore[misc] # Pelican has no types
    """All pages of a listing."""


class TrackedPage(_Noting, Page):  # type: ignore[misc] # Pelican has no types
    """One page of a listing."""


class Seen:
    """What the site's variables stand for in this build."""

    def __init__(self, context: Mapping[str, Any], settings: Mapping[str, Any], encode: Encoder) -> None:
        self._context = context
        self._settings = settings
        self._encode = encode

    def __call__(self, fact: str) -> bytes | None:
        """Give what stands for a variable, or for the posts of one of its terms; None: it cannot be told."""
        kind, _, name = fact.partition(":")
        if kind == "l":
            name, _, slug = name.partition(":")
            value: Any = self._context.get(name)
            found = value if _pairs(value) else ()
            posts = next((posts for term, posts in found if term.slug == slug), _ABSENT)
            return variable(posts, self._encode)
        if name not in self._context:
            return variable(_ABSENT, self._encode)
        value = self._context[name]
        if _pairs(value):
            return variable(("terms", [term for term, _ in value]), self._encode)
        if value is self._settings.get(name, missing):
            return b""  # settings are compared as a whole, functions among them as code
        return variable(value, self._encode)


def variable(value: object, encode: Encoder) -> bytes | None:
    """Give what stands for a value; None: it cannot be told."""
    try:
        return digest(encode(value))
    except (Opaque, ValueError):
        return None


def given(
    values: Mapping[str, Any], reads: Iterable[tuple[str, Iterable[str]]], encode: Encoder
) -> bytes | None:
    """Give what stands for what an output read of the variables that it alone was given; None: it cannot be told."""
    try:
        return digest(tuple((name, *_read(values.get(name, _ABSENT), what, encode)) for name, what in reads))
    except (Opaque, ValueError):
        return None


def _read(value: object, attributes: Iterable[str], encode: Encoder) -> Iterator[Any]:
    noting = isinstance(value, _Noting)
    for attribute in attributes:
        if not attribute:
            yield type(value).__name__ if noting else encode(value)
        elif not noting or attribute == "page":
            yield "nothing"  # that there is none has been said
        elif attribute != "paginator":  # it notes for itself
            found = getattr(value, attribute, None)
            yield (attribute, encode(found() if callable(found) else found))
