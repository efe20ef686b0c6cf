"""Whether a function that templates call can depend on anything but its arguments and its code.

What cannot be shown to is taken not to: pages that call such a function are always rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from types import BuiltinFunctionType, CodeType, FunctionType, MappingProxyType, ModuleType

__all__ = ["pure"]

_CONSTANT = (type(None), bool, int, float, str, bytes, re.Pattern, Enum)
_SUSPECT = re.compile(
    r"now|today|utcnow|time|time_ns|monotonic|perf_counter|random|choice|shuffle|sample|uuid[14]|token_.*|urandom"
    r"|environ|getenv|getcwd|cwd|open|read_text|read_bytes|listdir|scandir|glob|walk|stat|exists|is_file|is_dir"
    r"|urlopen|request|connect|run|Popen|system|globals|locals|eval|exec|__import__|import_module|getlocale"
    r"|input|id|settrace|setattr|delattr|cache|lru_cache|cached_property|context|environment"
)
_TRUSTED = frozenset(  # packages whose functions answer by their arguments, but for names that are suspect
    {
        *("abc", "base64", "builtins", "collections", "copy", "dataclasses", "datetime", "decimal", "enum"),
        *("fractions", "functools", "hashlib", "html", "itertools", "json", "math", "numbers", "operator"),
        *("pathlib", "posixpath", "re", "statistics", "string", "textwrap", "types", "typing", "unicodedata"),
        *("urllib", "zoneinfo", "babel", "bs4", "markupsafe", "unidecode"),
    }
)


def pure(function: object) -> bool:
    """Tell whether the same arguments always give the same answer, as far as code can be read.

    Args:
        function: what a template calls. Plain functions of the site and of plugins are followed into what they call;
            methods, closures and objects may know something and are not trusted.
    """
    return _pure(function, set())


def _pure(value: object, seen: set[int]) -> bool:
    if id(value) in seen:
        return True
    seen.add(id(value))
    if isinstance(value, ModuleType):
        return True  # its functions are looked at by name
    module = str(getattr(value, "__module__", "") or "")
    if isinstance(value, BuiltinFunctionType):
        return value.__self__ is None or isinstance(value.__self__, ModuleType)
    if isinstance(value, type):
        return module.partition(".")[0] in _TRUSTED or all(
            _pure(member, seen)
            for name, member in vars(value).items()
            if isinstance(member, FunctionType) and name != "__init_subclass__"
        )
    if isinstance(value, FunctionType):
        return module.partition(".")[0] in _TRUSTED or _function(value, seen)
    if type(value).__module__ == "functools" and hasattr(value, "__wrapped__"):
        return _pure(value.__wrapped__, seen)  # what remembers its answers gives the same ones
    return constant(value)


def constant(value: object) -> bool:
    """Tell whether a value can never change."""
    if isinstance(value, (tuple, frozenset)):
        return all(constant(one) for one in value)
    if isinstance(value, MappingProxyType):
        return all(constant(one) for pair in value.items() for one in pair)
    return isinstance(value, _CONSTANT) or type(value).__module__ in {"datetime", "typing", "types"}


def _function(function: FunctionType, seen: set[int]) -> bool:
    if function.__closure__ or not all(constant(one) for one in function.__defaults__ or ()):
        return False
    if not all(constant(one) for one in (function.__kwdefaults__ or {}).values()):
        return False
    for code in _codes(function.__code__):
        for name in code.co_names:
            if _SUSPECT.fullmatch(name):
                return False
            known = function.__globals__.get(name)
            if known is not None and not _pure(known, seen):
                return False
    return True


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant_ in code.co_consts:
        if isinstance(constant_, CodeType):
            yield from _codes(constant_)
