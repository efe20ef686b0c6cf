"""Content that notes who reads it, and that is read from the store only as far as somebody asks.

Posts, pages and files are made of Pelican's own classes, or of those of a plugin, with the mixin below in front.
An object that was kept in the store begins with the few attributes that Pelican sorts and groups by; the others
come when they are asked for. As long as nobody set an attribute, or was handed one that can be changed in place,
the object is what it was when it was kept, and so are the facts about it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from pelican.contents import Content

from .codec import Encoder, Opaque, digest
from .trace import Trace, active, tracing

__all__ = [
    "APART",
    "EAGER",
    "MUTABLE",
    "Facts",
    "Kept",
    "Tracked",
    "attributes",
    "facts",
    "kept_of",
    "memo",
    "tracked",
]

EAGER = (
    *("slug", "lang", "date", "_status", "in_default_lang", "template"),
    *("category", "title", "locale_date", "author"),
)
"""What nearly every build asks of nearly every post; none of it is ever changed in place."""

MUTABLE = frozenset({"metadata", "tags", "authors"})
_BODY = frozenset({"content", "_content", "get_content", "_get_content"})
_SUMMARY = frozenset({"summary", "_summary", "get_summary"})
APART = frozenset(
    {"settings", "_context", "_content", "_kept", "translations", "_output_location_referenced"}
)
_MEMO = 400  # bodies that are held in memory at a time

Facts = tuple[bytes | None, bytes | None]
"""Digests of what a piece of content says of itself, and of its body; None: nobody can tell whether that changed."""


class Source(Protocol):
    """Where the rest of an object is."""

    def card(self, key: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Give the attributes that are not there yet: those that cannot be changed in place, and those that can."""

    def body(self, key: str) -> str | None:
        """Give the body as it was read."""


class Kept:
    """What is known of an object beside its attributes."""

    __slots__ = (
        *(
            "altered",
            "body",
            "facts",
            "fields",
            "fresh",
            "key",
            "names",
            "opened",
            "others",
            "quiet",
            "save_as",
        ),
        *("siblings", "static_links", "store", "terms", "url"),
    )

    def __init__(self, key: str, store: Source) -> None:
        self.key = key
        self.store = store
        self.names: frozenset[str] = frozenset()  # of the attributes that may not be there yet
        self.others: (
            dict[str, Any] | None
        ) = {}  # those that can be changed in place; None: still in the store
        self.altered = False
        self.opened = False
        self.fresh = True  # it was read in this build
        self.fields: bytes | None = None  # digest of the attributes when it was kept
        self.body: bytes | None = None  # digest of the body
        self.facts: Facts = (None, None)
        self.siblings: tuple[str, ...] = ()  # its translations when it was kept
        self.url: str | None = None
        self.save_as: str | None = None
        self.static_links: frozenset[str] | None = None
        self.quiet = False  # no field but the body holds a link that Pelican resolves
        self.terms: tuple[tuple[Any, ...], tuple[Any, ...]] | None = None  # its tags, its authors

    @property
    def untouched(self) -> bool:
        """Tell whether the object says what it said when it was kept."""
        return not (self.altered or self.opened)


def kept_of(content: Content) -> Kept | None:
    """Give what is known of an object; None of one that was made elsewhere."""
    return cast("Kept | None", object.__getattribute__(content, "__dict__").get("_kept"))


class _Memo:
    """The bodies and summaries that were resolved last, each with what it was made of."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str, str], tuple[object, str, Trace]] = {}

    def get(self, content: Content, what: str, siteurl: str, make: Callable[[], str]) -> str:
        key = (id(content), what, siteurl)
        found = self._known.get(key)
        if found is None or found[0] is not content:
            with tracing(Trace()) as trace:
                made = make()
            assert trace is not None  # noqa: S101 - what was handed over
            name = cast("Kept", kept_of(content)).key
            trace.facts -= {f"c:{name}", f"b:{name}", f"s:{name}"}  # whoever asked has noted which
            while len(self._known) >= _MEMO:
                del self._known[next(iter(self._known))]
            self._known[key] = found = (content, made, trace)
        if active.trace is not None:
            active.trace.join(found[2])
        return found[1]

    def forget(self) -> None:
        self._known.clear()


memo = _Memo()
"""Emptied by each build."""


_RAW_CONTENT = Content.__dict__["get_content"].func  # Pelican's own, without its memory of everything
_RAW_SUMMARY = Content.__dict__["get_summary"].func


class Tracked(Content):  # type: ignore[misc] # Pelican has no types
    """The mixin."""

    _kept: Kept

    def __getattribute__(self, name: str) -> Any:
        trace = active.trace
        if trace is not None and name[:2] != "__":
            kept = object.__getattribute__(self, "__dict__").get("_kept")
            if kept is None:
                trace.unproven = trace.unproven or "content that was made elsewhere"
            elif name in _BODY:
                trace.facts.add(f"b:{kept.key}")
            elif name in _SUMMARY:
                trace.facts.add(f"s:{kept.key}")
            elif name != "_kept":
                trace.facts.add(f"c:{kept.key}")
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        own = object.__getattribute__(self, "__dict__")
        kept = own.get("_kept")
        if kept is None or name not in kept.names:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name == "_content":
            own[name] = body = kept.store.body(kept.key)
            return body
        if kept.others is None:
            simple, kept.others = kept.store.card(kept.key)
            for one, value in simple.items():
                own.setdefault(one, value)
        if name not in own:
            kept.opened = True  # whoever is handed it may change it
            for one, value in kept.others.items():
                own.setdefault(one, value)
        return own[name]

    def __setattr__(self, name: str, value: object) -> None:
        kept = object.__getattribute__(self, "__dict__").get("_kept")
        if kept is not None and name != "translations":
            kept.altered = True
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        kept = object.__getattribute__(self, "__dict__").get("_kept")
        if kept is not None:
            getattr(self, name, None)
            kept.altered, kept.names = True, kept.names - {name}
        object.__delattr__(self, name)

    def get_content(self, siteurl: str) -> str:
        """Give the body with its links resolved, as Pelican does."""
        return memo.get(self, "content", siteurl, lambda: _RAW_CONTENT(self, siteurl))

    def get_summary(self, siteurl: str) -> str:
        """Give the summary, as Pelican does."""
        return memo.get(self, "summary", siteurl, lambda: _RAW_SUMMARY(self, siteurl))

    def _link_replacer(self, siteurl: str, m: Any) -> str:
        """Resolve one link, as Pelican does; one that leads nowhere today may lead somewhere tomorrow."""
        if active.trace is None or m.group("what") not in {"filename", "static", "attach"}:
            return str(super()._link_replacer(siteurl, m))
        with tracing(Trace()) as trace:
            resolved = str(super()._link_replacer(siteurl, m))
        assert trace is not None  # noqa: S101 - what was handed over
        kept = object.__getattribute__(self, "__dict__")["_kept"]
        if not trace.facts - {f"c:{kept.key}"}:
            trace.unproven = trace.unproven or f"{kept.key} holds a link that leads nowhere"
        active.trace.join(trace)
        return resolved

    def is_valid(self) -> bool:
        """Tell whether the content may be published; what was kept was."""
        kept = kept_of(self)
        return bool(kept and not kept.fresh) or bool(super().is_valid())

    def get_relative_source_path(self, source_path: str | None = None) -> str | None:
        """Give the path below the content folder."""
        known = object.__getattribute__(self, "__dict__").get("relative_source_path")
        if source_path is None and known is not None:
            return str(known)
        return cast("str | None", super().get_relative_source_path(source_path))

    def get_static_links(self) -> set[str]:
        """Give the files that the body links to."""
        kept = kept_of(self)
        if kept is not None and kept.static_links is not None and not kept.altered:
            return set(kept.static_links)
        return cast("set[str]", super().get_static_links())

    def refresh_metadata_intersite_links(self) -> None:
        """Resolve the links in fields that hold markup; where there are none, nothing is to be done."""
        kept = kept_of(self)
        if kept is None or not kept.untouched or not kept.quiet:
            super().refresh_metadata_intersite_links()

    @property
    def url(self) -> str:
        """Give the address below the site's."""
        kept = kept_of(self)
        if kept is not None and kept.url is not None and kept.untouched:
            return kept.url
        return cast("str", super().url)

    @property
    def save_as(self) -> str:
        """Give the file in the output."""
        kept = kept_of(self)
        if kept is not None and kept.save_as is not None and kept.untouched:
            return kept.save_as
        return cast("str", super().save_as)


_kinds: dict[type, type[Tracked]] = {}


def tracked(kind: type[Content]) -> type[Tracked]:
    """Put the mixin in front of a class of content; settings go by its name, so it keeps that."""
    if issubclass(kind, Tracked):
        return kind
    if kind not in _kinds:
        _kinds[kind] = _tracked(kind)
    return _kinds[kind]


def _tracked(kind: type[Content]) -> type[Tracked]:
    return type(kind.__name__, (Tracked, kind), {"__module__": kind.__module__, "__doc__": kind.__doc__})


def facts(content: Content, encode: Encoder) -> Facts:
    """Work out what a piece of content says now, without being taken for somebody who might change it."""
    kept = cast("Kept", kept_of(content))
    own = vars(content)
    fields = kept.fields if kept.untouched else None
    try:
        if fields is None:
            held = attributes(content)
            fields = digest(tuple((name, encode(held[name])) for name in sorted(held)))
        siblings = tuple(encode(one) for one in own.get("translations", ()))
        referenced = own.get("_output_location_referenced")
        said = digest((fields, siblings, content.url, content.save_as))
        if referenced is False:  # nobody has linked to the file yet: it may still be attached to a post
            own["_output_location_referenced"] = False
    except (Opaque, KeyError, ValueError, IndexError):
        return (None, None)
    if "_get_content" in own or kept.body is None:
        return (said, None)
    return (said, digest(own["_content"]) if kept.altered and "_content" in own else kept.body)


def attributes(content: Content) -> dict[str, Any]:
    """Give all attributes but the body, those that are still elsewhere too."""
    kept = cast("Kept", kept_of(content))
    held = {name: value for name, value in vars(content).items() if name not in APART}
    if kept.others is None:
        simple, others = kept.store.card(kept.key)
    else:
        simple, others = {}, kept.others
    return {**simple, **others, **held}
