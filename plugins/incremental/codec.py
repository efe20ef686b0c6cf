"""Values ⇄ plain data that can be kept and compared: the same value always gives the same bytes.

What is not known here is refused, never guessed: whoever keeps values then does without, and works them out anew.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import marshal
import re
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, TypeAlias, cast
from zoneinfo import ZoneInfo

from dateutil.tz import tzlocal, tzoffset, tzutc
from markupsafe import Markup
from pelican.contents import Content
from pelican.paginator import Page, Paginator
from pelican.urlwrappers import Author, Category, Tag, URLWrapper
from pelican.utils import SafeDatetime

__all__ = ["Decoder", "Encoder", "Opaque", "Plain", "digest", "pack", "unpack"]

Plain: TypeAlias = Any  # what marshal writes: None, numbers, text, bytes, and tuples of these
_VERSION = 2  # the last version of marshal whose bytes do not depend on how often a value is referred to
_SIMPLE = frozenset({type(None), bool, int, float, str, bytes})
_WRAPPERS: Mapping[str, type[URLWrapper]] = MappingProxyType(
    {"Tag": Tag, "Category": Category, "Author": Author}
)
_WRAPPED = frozenset({"settings", "_name", "_slug", "_slug_from_name", "name", "slug"})
_DATETIMES: Mapping[str, type[dt.datetime]] = MappingProxyType(
    {"datetime": dt.datetime, "SafeDatetime": SafeDatetime}
)


class Opaque(Exception):
    """A value that nothing is known of."""


def pack(plain: Plain) -> bytes:
    """Write plain data."""
    return marshal.dumps(plain, _VERSION)


def unpack(data: bytes) -> Plain:
    """Read what was packed. For data whose checksum was verified."""
    return marshal.loads(data)  # noqa: S302 - plain data; makes no objects


def digest(plain: Plain) -> bytes:
    """Give 16 bytes that stand for plain data."""
    return blake2b(pack(plain), digest_size=16).digest()


class Encoder:
    """Make plain data of values."""

    def __init__(self, refer: Callable[[Content], str | None]) -> None:
        """Take what names a piece of content; it answers None for one that it does not follow."""
        self._refer = refer

    def __call__(self, value: object, depth: int = 0) -> Plain:
        """Make plain data of a value.

        Raises:
            Opaque: Nothing is known of the value, or of something in it.
        """
        kind = type(value)
        if kind in _SIMPLE:
            return value
        if depth > 12:
            raise Opaque(kind.__qualname__)
        deeper = depth + 1
        if kind is list:
            return ("l", *(self(one, deeper) for one in value))  # type: ignore[attr-defined]
        if kind is tuple:
            return ("t", *(self(one, deeper) for one in value))  # type: ignore[attr-defined]
        if kind in {dict, OrderedDict} or (kind is defaultdict and value.default_factory in {list, None}):  # type: ignore[attr-defined]
            return ("d", kind.__name__, *((self(k, deeper), self(v, deeper)) for k, v in value.items()))  # type: ignore[attr-defined]
        if isinstance(value, Content):
            if (name := self._refer(value)) is None:
                raise Opaque(kind.__qualname__)
            return ("c", name)
        if isinstance(value, URLWrapper):
            return self._wrapper(value, deeper)
        if kind in {dt.datetime, SafeDatetime}:
            return self._datetime(value)  # type: ignore[arg-type]
        if kind is Markup:
            return ("m", str(value))
        return self._rare(value, kind, deeper)

    def _wrapper(self, value: URLWrapper, depth: int) -> Plain:
        extra = tuple((k, self(v, depth)) for k, v in vars(value).items() if k not in _WRAPPED)
        slug = None if value._slug_from_name else value._slug
        return ("w", type(value).__name__, value._name, slug, extra)

    def _datetime(self, value: dt.datetime) -> Plain:
        parts = (value.year, value.month, value.day, value.hour, value.minute, value.second)
        return ("D", type(value).__name__, *parts, value.microsecond, value.fold, self._zone(value.tzinfo))

    def _zone(self, zone: dt.tzinfo | None) -> Plain:
        if zone is None:
            return None
        if isinstance(zone, ZoneInfo) and zone.key:
            return ("Z", zone.key)
        if type(zone) is dt.timezone:
            return ("o", (zone.utcoffset(None) or dt.timedelta()).total_seconds())
        if type(zone) is tzutc:
            return ("u",)
        if type(zone) is tzlocal:
            return ("L",)  # builds on a machine in another zone share nothing
        if type(zone) is tzoffset:
            return ("O", zone.tzname(None), (zone.utcoffset(None) or dt.timedelta()).total_seconds())
        raise Opaque(type(zone).__qualname__)

    def _rare(self, value: Any, kind: type, depth: int) -> Plain:
        name = f"{kind.__module__}.{kind.__qualname__}"
        if kind is dt.date:
            return ("y", value.year, value.month, value.day)
        if isinstance(value, dt.tzinfo):
            return ("z", self._zone(value))
        if kind is dt.timedelta:
            return ("s", value.days, value.seconds, value.microseconds)
        if isinstance(value, PurePath):
            return ("P", str(value))
        if kind in {set, frozenset}:
            return ("S", name, *sorted((self(one, depth) for one in value), key=pack))
        if isinstance(value, enum.Enum):
            return ("e", name, value.name)
        if kind is re.Pattern:
            return ("r", value.pattern, value.flags)
        if kind is MappingProxyType:
            return ("M", self(dict(value), depth))
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return ("@", name, *((one.name, self(getattr(value, one.name), depth)) for one in fields))
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return ("n", name, *(self(one, depth) for one in value))
        if isinstance(value, (Page, Paginator)):
            own = {k: v for k, v in vars(value).items() if k not in {"settings", "_num_pages", "_count"}}
            return ("p", name, self(own, depth))
        raise Opaque(name)


class Decoder:
    """Make values of plain data again: those that hold nothing but themselves.

    Tags, categories and authors of one name are one object, as long as nobody changes one of them.
    """

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings
        self._zones: dict[str, ZoneInfo] = {}
        self._wrappers: dict[tuple[object, ...], URLWrapper] = {}

    def __call__(self, plain: Plain) -> Any:
        """Make the value.

        Raises:
            Opaque: It was of a kind that can be compared and not made again.
        """
        if type(plain) is not tuple:
            return plain
        tag = plain[0]
        if tag == "l":
            return [self(one) for one in plain[1:]]
        if tag == "t":
            return tuple(self(one) for one in plain[1:])
        if tag == "w":
            return self._wrapper(plain)
        if tag == "D":
            year, month, day, hour, minute, second, micro, fold, zone = plain[2:]
            made = _DATETIMES[plain[1]](year, month, day, hour, minute, second, micro, self._zone(zone))
            return made.replace(fold=fold) if fold else made
        if tag == "m":
            return Markup(plain[1])  # noqa: S704 - it was
        if tag == "d" and plain[1] in {"dict", "OrderedDict"}:
            pairs = ((self(key), self(value)) for key, value in plain[2:])
            return dict(pairs) if plain[1] == "dict" else OrderedDict(pairs)
        if tag == "y":
            return dt.date(*plain[1:])
        if tag == "z":
            return self._zone(plain[1])
        if tag == "s":
            return dt.timedelta(*plain[1:])
        if tag == "P":
            return Path(plain[1])
        if tag == "S" and plain[1] in {"builtins.set", "builtins.frozenset"}:
            return (set if plain[1] == "builtins.set" else frozenset)(self(one) for one in plain[2:])
        raise Opaque(str(tag))

    def _wrapper(self, plain: Plain) -> URLWrapper:
        made = self._wrappers.get(plain)
        if made is None:
            _, kind, name, slug, extra = plain
            if extra or kind not in _WRAPPERS:
                raise Opaque(kind)
            made = _WRAPPERS[kind](name, self._settings)
            if slug is not None:
                made.slug = slug
            self._wrappers[plain] = made
        return made

    def _zone(self, plain: Plain) -> dt.tzinfo | None:
        if plain is None:
            return None
        if plain[0] == "Z":
            made = self._zones.get(plain[1])
            if made is None:
                made = self._zones[plain[1]] = ZoneInfo(plain[1])
            return made
        if plain[0] == "u":
            return cast("dt.tzinfo", tzutc())
        if plain[0] == "L":
            return cast("dt.tzinfo", tzlocal())
        if plain[0] == "O":
            return cast("dt.tzinfo", tzoffset(plain[1], plain[2]))
        return dt.timezone(dt.timedelta(seconds=plain[1]))
