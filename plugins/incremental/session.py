"""One build: what the last one knew, what of it still holds, and what this one leaves for the next."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pelican.contents import Content, Static

from . import inputs
from .codec import Decoder, Encoder, Opaque, Plain, digest
from .contents import EAGER, MUTABLE, Facts, Kept, Tracked, attributes, facts, kept_of, memo
from .stamps import Stamp, fingerprint, same, stamp
from .store import Damaged, Store
from .trace import Trace, tracing

__all__ = ["Output", "Session"]

_FORMAT = 3  # of what is kept; another one is not read
_LINK = re.compile(r"[{|](?:filename|static|attach|tag|category|author|index)[}|]", re.IGNORECASE)
_MISSING = ("?",)


@dataclass(kw_only=True, slots=True)
class Output:
    """What is remembered of a file that was made of content."""

    stamp: Stamp = ()
    made_by: bytes = b""  # what stands for the templates, or for the kind of feed
    facts: tuple[str, ...] = ()
    reads: tuple[tuple[str, tuple[str, ...]], ...] = ()  # what it read of the variables it alone was given
    given: bytes = b""  # what stands for them
    unproven: str = ""
    effects: tuple[tuple[str, Plain], ...] = ()


@dataclass(kw_only=True, slots=True)
class _Source:
    """What is remembered of a file with content."""

    kind: str
    path: str  # below the content folder
    files: tuple[tuple[str, Stamp, bytes], ...]  # itself, and what else its reader opened
    taken: int
    day: tuple[int, int, int]  # when it was read: a date that names no day takes that of the day
    eager: Plain
    names: tuple[str, ...]
    url: str
    save_as: str
    links: tuple[str, ...]
    quiet: bool
    terms: Plain
    siblings: tuple[str, ...]
    fields: bytes
    body: bytes
    facts: Facts


@dataclass(kw_only=True)
class Session:
    """What a build knows."""

    store: Store
    settings: Mapping[str, Any]
    recorder: inputs.Recorder
    say: Callable[[str], None]
    began: int  # nanoseconds since 1970, by the clock that stamps files
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    objects: dict[str, Tracked] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)  # of this build, by path below the output folder
    before: dict[str, Output] = field(default_factory=dict)  # of the last one
    values: dict[str, bytes | None] = field(default_factory=dict)  # what facts stand for now
    stale: frozenset[str] = frozenset()  # facts that stand for something else now
    attaching: set[str] = field(default_factory=set)  # what takes files along, to where it is itself
    unkept: dict[str, str] = field(default_factory=dict)  # kinds of values, each with a post that holds one
    full: str = ""  # why every output is made anew
    markdown: Any = None  # the parser of all generators: making one takes as long as reading a dozen posts
    known: Callable[[str], bytes | None] = lambda _: None  # works out other facts than those of content

    def __post_init__(self) -> None:
        self.encode = Encoder(_refer)
        self.decode = Decoder(self.settings)
        self._root = os.path.abspath(str(self.settings["PATH"]))
        self._sources: dict[str, _Source] = {}
        self._held: dict[str, bool] = {}
        self._kept: dict[str, _Source] = {}
        self._was: dict[str, bytes | None] = {}
        self._parsed: dict[str, Any] = {}
        self._parsed_now: dict[str, Any] = {}
        self._names: dict[tuple[str, ...], frozenset[str]] = {}
        self._strict = self.settings.get("DEFAULT_DATE") == "fs" or bool(self.settings.get("SHOW_DRAFTS"))
        self._settings = inputs.settings_digest(self.settings, self.encode)
        memo.forget()

    # --- at the beginning

    def recall(self) -> None:
        """Read what the last build knew, as far as it was made by the same code with the same settings."""
        if self.store.lost:
            self.say(f"what was remembered is of no use ({self.store.lost}); everything is built")
        try:
            self._recall()
        except (Damaged, ValueError, TypeError, KeyError, IndexError, EOFError) as error:
            self.store.reset(str(error))
            self._sources, self.before, self._was = {}, {}, {}
            self.say(f"what was remembered is of no use ({error}); everything is built")

    def _recall(self) -> None:
        about = self.store.whole("about")
        if about is None:
            return
        version, made, code, environment = about
        slots = Output.__slots__
        outputs = self.store.whole("outputs")
        self.before = {path: Output(**dict(zip(slots, one, strict=True))) for path, one in outputs}
        if version != _FORMAT or made != self._settings:
            why = "settings"
        elif not inputs.unchanged(code):
            why = "code of the site, of a plugin or of Pelican"
        elif not inputs.environment_same(environment):
            why = "environment"
        else:
            for key, one in self.store.whole("sources"):
                self._sources[key] = _Source(**dict(zip(_Source.__slots__, one, strict=True)))
            self._parsed = dict(self.store.whole("parsed"))
            self._was = dict(self.store.whole("facts"))
            return
        self.before = {path: Output(stamp=one.stamp) for path, one in self.before.items()}
        self.say(f"the {why} changed; everything is built")

    # --- content

    def thaw(self, path: str, kind: type[Tracked], context: dict[str, Any]) -> Tracked | None:
        """Give content as it was kept, if its source is what it was; None: it has to be read.

        Args:
            path: of the source, below the content folder.
            kind: what is made of it: a class with the mixin.
            context: Pelican's.
        """
        key = f"{kind.__name__}:{path}"
        if not self.has(path, kind):
            return None
        source = self._sources[key]
        made: Tracked = object.__new__(kind)
        kept = Kept(key, self)
        names = self._names.get(source.names)
        if names is None:
            names = self._names[source.names] = frozenset(source.names)
        kept.names, kept.others, kept.fresh = names, None, False
        kept.url, kept.save_as, kept.quiet = source.url, source.save_as, source.quiet
        kept.static_links = frozenset(source.links)
        kept.fields, kept.body, kept.facts = source.fields, source.body, source.facts
        kept.siblings = source.siblings
        decode = self.decode
        tags, authors = source.terms
        kept.terms = (tuple(map(decode, tags)), tuple(map(decode, authors)))
        own = made.__dict__
        own["settings"], own["_context"] = self.settings, context
        for name, plain in source.eager:
            own[name] = decode(plain) if type(plain) is tuple else plain
        own["source_path"] = f"{self._root}/{path}"
        own["relative_source_path"] = path
        own["translations"] = []
        own["_kept"] = kept
        self.objects[key] = made
        self._kept[key] = source
        return made

    def has(self, path: str, kind: type[Tracked]) -> bool:
        """Tell whether content can be given as it was kept."""
        key = f"{kind.__name__}:{path}"
        if key not in self._held:
            source = self._sources.get(key)
            self._held[key] = source is not None and self._holds(source)
        return self._held[key]

    def _holds(self, source: _Source) -> bool:
        date = next((plain for name, plain in source.eager if name == "date"), None)
        return not _another_day(date, source.day) and self._same(source.files, source.taken)

    def _same(self, files: Iterable[tuple[str, Stamp, bytes]], taken: int) -> bool:
        root = self._root
        for path, was, content in files:
            full = os.path.join(root, path)
            if not (stamp(full) == was if self._strict else same(full, was, content, taken)):
                return False
            if (
                self._strict
                and was
                and max(was[1], was[2]) >= taken - 2_000_000_000
                and fingerprint(full) != content
            ):
                return False
        return True

    def adopt(self, content: Content, path: str) -> None:
        """Know an object that Pelican made, so that what is read of it is noted."""
        assert isinstance(content, Tracked)  # noqa: S101 - whoever reads makes nothing else
        kept = Kept(f"{type(content).__name__}:{path}", self)
        content.__dict__["_kept"] = kept
        if not isinstance(content, Static):
            kept.body = digest(content._content)
            text = [value for value in content.metadata.values() if isinstance(value, str)]
            kept.quiet = not any(_LINK.search(value) for value in text)
            if "attach" in str(content._content) and _attaches(content._content, *text):
                self.attaching.add(kept.key)
                self.full = self.full or f"{path} takes files along ({{attach}})"
        self.objects[kept.key] = content

    def keep(self, content: Content, path: str, files: Mapping[str, tuple[Stamp, bytes]]) -> None:
        """Keep what was just read, for this build's memory and for the next build.

        Args:
            content: An object that was adopted, before anybody else has it.
            path: of its source, below the content folder.
            files: what was opened to read it, with what stood for it before it was opened.
        """
        kept = kept_of(content)
        assert kept is not None  # noqa: S101 - adopted
        held = attributes(content)
        date = held.get("date")
        if kept.key in self.attaching:
            return  # it is looked at in every build
        if date is not None and (date if date.tzinfo else date.replace(tzinfo=UTC)) > self.now:
            return  # whether it is published depends on the hour
        try:
            plain = {name: self.encode(value) for name, value in held.items()}
            url, save_as = content.url, content.save_as
            for name, value in plain.items():
                if name not in {"source_path", "relative_source_path"}:
                    self.decode(value)
        except (Opaque, KeyError, ValueError, IndexError) as error:
            self.unkept.setdefault(str(error), path)
            return
        kept.fields = digest(tuple((name, plain[name]) for name in sorted(plain)))
        kept.url, kept.save_as = url, save_as
        kept.static_links = frozenset(content.get_static_links())
        rest = {name: one for name, one in plain.items() if name not in EAGER}
        simple = {name: one for name, one in rest.items() if name not in MUTABLE and _fixed(one)}
        others = {name: one for name, one in rest.items() if name not in simple}
        for name in ("source_path", "relative_source_path"):
            simple.pop(name, None)
        card = (tuple(simple.items()), tuple(others.items()))
        self.store.keep_content(kept.key, card, content._content)
        names = tuple(sorted({*simple, *others, "_content"}))
        own = vars(content)
        kept.others = {name: own.pop(name) for name in others if name in own}
        kept.names = self._names.setdefault(names, frozenset(names))
        del own["_content"]  # it is read again when it is asked for
        terms = tuple(tuple(map(self.encode, held.get(name, ()))) for name in ("tags", "authors"))
        kept.terms = (tuple(held.get("tags", ())), tuple(held.get("authors", ())))
        self._kept[kept.key] = _Source(
            kind=type(content).__name__,
            path=path,
            files=tuple((os.path.relpath(file, self._root), *known) for file, known in files.items()),
            taken=self.began,
            day=_today(),
            eager=tuple((name, plain[name]) for name in EAGER if name in plain),
            names=names,
            url=url,
            save_as=save_as,
            links=tuple(sorted(kept.static_links)),
            quiet=kept.quiet,
            terms=terms,
            siblings=(),
            fields=kept.fields,
            body=kept.body or b"",
            facts=(None, None),
        )

    def parsed(self, file: str) -> tuple[str, dict[str, Any]] | None:
        """Give the text and the metadata of a file as a reader gave them, if it is what it was."""
        key = f"parsed:{os.path.relpath(file, self._root)}"
        was = self._parsed.get(key)
        if was is None:
            return None
        files, taken, day, date = was
        if _another_day(date, day) or not self._same(files, taken):
            return None
        body = self.store.body(key)
        self._parsed_now[key] = was
        return body or "", {name: self.decode(plain) for name, plain in self.store.card(key)}

    def keep_parsed(
        self, file: str, content: str, metadata: Mapping[str, Any], files: Mapping[str, tuple[Stamp, bytes]]
    ) -> None:
        """Keep what a reader gave."""
        key = f"parsed:{os.path.relpath(file, self._root)}"
        opened = self.recorder.opened
        files = {
            **{path: (was, fingerprint(path)) for path, was in opened.items() if not is_code(path)},
            **files,
        }
        try:
            plain = {name: self.encode(value) for name, value in metadata.items()}
            for value in plain.values():
                self.decode(value)
        except (Opaque, KeyError, ValueError, IndexError):
            return
        self.store.keep_content(key, tuple(plain.items()), content)
        named = tuple((os.path.relpath(path, self._root), *known) for path, known in files.items())
        self._parsed_now[key] = (named, self.began, _today(), plain.get("date"))

    def card(self, key: str) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Read the attributes of kept content: those that cannot be changed in place, and those that can."""
        simple, others = self.store.card(key)
        decode = self.decode
        return {n: decode(v) for n, v in simple}, {n: decode(v) for n, v in others}

    def body(self, key: str) -> str | None:
        """Read a body."""
        return self.store.body(key)

    # --- outputs

    def compare(self) -> None:
        """Find the facts that stand for something else than in the last build. All content is read by now."""
        changed = self._look()
        stale = set()
        for name, was in self._was.items():
            kind, _, rest = name.partition(":")
            if kind in {"c", "b", "s"}:
                if rest not in changed and rest in self.objects:
                    self.values[name] = was
                    continue
                now = self._of_content(kind, rest)
            else:
                now = self.known(name)
            self.values[name] = now
            if now is None or now != was:
                stale.add(name)
        self.stale = frozenset(stale)

    def _look(self) -> set[str]:
        """Find the content that may say something else than it did, and what it says."""
        changed = set()
        for key, content in self.objects.items():
            kept = kept_of(content)
            assert kept is not None  # noqa: S101 - adopted or thawed
            siblings = vars(content).get("translations", ())
            if kept.fresh or not kept.untouched or kept.siblings or siblings:
                kept.facts = facts(content, self.encode)
                changed.add(key)
        return changed

    def value(self, name: str) -> bytes | None:
        """Give what a fact stands for in this build."""
        if name not in self.values:
            kind, _, rest = name.partition(":")
            self.values[name] = self._of_content(kind, rest) if kind in {"c", "b", "s"} else self.known(name)
        return self.values[name]

    def _of_content(self, kind: str, key: str) -> bytes | None:
        content = self.objects.get(key)
        if content is None:
            return digest(_MISSING)
        kept = kept_of(content)
        assert kept is not None  # noqa: S101 - adopted or thawed
        said, body = kept.facts
        if kind == "c":
            return said
        if kind == "b" or body is None:
            return body
        try:
            with tracing(Trace()) as trace:
                summary = content.summary
        except (AttributeError, TypeError, NotImplementedError):
            return None
        assert trace is not None  # noqa: S101 - what was handed over
        return None if trace.unproven else digest((str(summary), type(summary).__name__))

    # --- at the end

    def finish(self) -> None:
        """Keep everything for the next build."""
        about = (
            _FORMAT,
            self._settings,
            inputs.code(self.recorder, self.began),
            inputs.environment(),
        )
        if self.full:
            self._look()
        sources = []
        for key, source in self._kept.items():
            kept = kept_of(self.objects[key])
            assert kept is not None  # noqa: S101 - it was kept
            source.facts = kept.facts
            source.siblings = tuple(sorted(_names(vars(self.objects[key]).get("translations", ()))))
            sources.append((key, tuple(getattr(source, slot) for slot in _Source.__slots__)))
        named = {name for output in self.outputs.values() for name in output.facts}
        self.store.keep_whole("about", about)
        self.store.keep_whole("sources", tuple(sources))
        self.store.keep_whole("facts", tuple((name, self.value(name)) for name in sorted(named)))
        slots = Output.__slots__
        self.store.keep_whole(
            "outputs",
            tuple((path, tuple(getattr(one, slot) for slot in slots)) for path, one in self.outputs.items()),
        )
        self.store.keep_whole("parsed", tuple(self._parsed_now.items()))
        self.store.forget({*self._sources, *self._parsed} - {*self._kept, *self._parsed_now})
        self.store.commit()
        self.store.close()

    def until(self) -> float:
        """Tell when a post of the future will be one of the present, in seconds since 1970."""
        dates = [vars(content).get("date") for content in self.objects.values()]
        later = [date for date in dates if date is not None and date.tzinfo and self.now < date]
        return min((date.timestamp() for date in later if date.year < 9999), default=0.0)


def is_code(path: str) -> bool:
    """Tell whether a file counts as code, whoever reads it."""
    return path.endswith((".py", ".so"))


def _another_day(date: Plain, day: tuple[int, ...]) -> bool:
    """Tell whether a date may have taken its day, month or year from the day when it was read."""
    if date is None or date[0] != "D":
        return False
    return any(n != d and d == w for n, d, w in zip(_today(), day, date[2:5], strict=True))


def _refer(content: Content) -> str | None:
    kept = kept_of(content)
    return kept.key if kept else None


def _names(contents: Iterable[Content]) -> list[str]:
    return [kept.key for one in contents if (kept := kept_of(one)) is not None]


def _attaches(*texts: object) -> bool:
    return any(re.search(r"[{|]attach[}|]", str(text), re.IGNORECASE) for text in texts)


def _today() -> tuple[int, int, int]:
    now = datetime.now()  # noqa: DTZ005 - as dates are read
    return (now.year, now.month, now.day)


def _fixed(plain: Plain) -> bool:
    """Tell whether the value of this plain data can be changed in place."""
    return type(plain) is not tuple or plain[0] in {"D", "m", "y", "z", "s", "P", "c"}
