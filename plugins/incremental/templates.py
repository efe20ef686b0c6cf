"""Templates: what each is made of, and what the functions that it calls may know."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Protocol, cast, runtime_checkable

from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, filters, meta, tests
from jinja2.defaults import DEFAULT_NAMESPACE

from .codec import Encoder, digest
from .purity import pure
from .trace import active
from .variables import RecordingContext, variable

__all__ = ["Functions", "Knowing", "Templates"]


@runtime_checkable
class Knowing(Protocol):
    """A function for templates that depends on more than its arguments, and can say on what.

    One that does something besides, such as noting which files the page needs, also has ``effects`` and ``repeat``.
    """

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Answer a template."""

    def state(self) -> object:
        """Give what the answers depend on besides the arguments: values that can be compared."""


class Functions:
    """The filters, tests and functions of a site that may know something."""

    def __init__(self, encode: Encoder) -> None:
        self._encode = encode
        self._known: dict[str, Any] = {}
        self.blind: set[str] = set()  # those of which nothing is known

    def watch(self, env: Environment) -> None:
        """Have an environment note when they are called."""
        env.context_class = RecordingContext
        for table, own in (
            (env.filters, filters.FILTERS),
            (env.tests, tests.TESTS),
            (env.globals, DEFAULT_NAMESPACE),
        ):
            functions = cast("MutableMapping[str, Any]", table)
            for name, function in list(functions.items()):
                if function is cast("Mapping[str, Any]", own).get(name) or not callable(function):
                    continue
                module = str(
                    getattr(
                        type(function) if not hasattr(function, "__qualname__") else function,
                        "__module__",
                        "",
                    )
                )
                if module.startswith("pelican.") and name == "strftime":
                    continue
                if (
                    isinstance(function, functools.partial)
                    and function.func.__module__ == "pelican.plugins._utils"
                ):
                    continue  # plugin_enabled: the plugins are settings
                if not pure(function):
                    functions[name] = self._watched(name, function)

    def _watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        while hasattr(function, "__watched__"):
            function = function.__watched__
        knows = function if isinstance(function, Knowing) else getattr(function, "__self__", None)
        knows = knows if isinstance(getattr(knows, "state", None), Callable) else None  # type: ignore[arg-type]
        self._known[name] = knows

        def watched(*args: Any, **named: Any) -> Any:
            trace = active.trace
            if trace is None:
                return function(*args, **named)
            if knows is None:
                trace.unproven = trace.unproven or f"{name}()"
                self.blind.add(name)
                return function(*args, **named)
            trace.facts.add(f"f:{name}")
            if hasattr(knows, "effects"):
                knows.effects()
            answer = function(*args, **named)
            if hasattr(knows, "effects"):
                trace.effects += [(name, one) for one in knows.effects()]
            return answer

        functools.update_wrapper(watched, function, assigned=("__name__", "__doc__", "__module__"))
        watched.__watched__ = function  # type: ignore[attr-defined]
        return watched

    def state(self, name: str) -> bytes | None:
        """Give what stands for what a function knows; None: it cannot be told."""
        knows = self._known.get(name)
        return None if knows is None else variable(knows.state(), self._encode)

    def repeat(self, effects: tuple[tuple[str, Any], ...]) -> bool:
        """Have done again what was done besides when an output was rendered; tell whether that was possible."""
        if any(not hasattr(self._known.get(name), "repeat") for name, _ in effects):
            return False
        for name, effect in effects:
            self._known[name].repeat(effect)
        return True


class Templates:
    """What stands for a template: its text, and that of all that it includes, extends and imports."""

    def __init__(self, parsed: Mapping[bytes, tuple[str, ...] | None]) -> None:
        """Take which templates each text is known to name; None: it names one that only rendering knows."""
        self._parsed = dict(parsed)
        self.used: dict[bytes, tuple[str, ...] | None] = {}
        self._made: dict[tuple[int, str], bytes] = {}
        self._texts: dict[tuple[int, str], tuple[bytes, tuple[str, ...] | None]] = {}

    def stands_for(self, env: Environment, name: str | None) -> bytes | None:
        """Give what stands for a template; None: it cannot be told."""
        if name is None:
            return None
        key = (id(env), name)
        if key not in self._made:
            found: dict[str, bytes] = {}
            waiting = [name]
            while waiting:
                one = waiting.pop()
                if one in found:
                    continue
                found[one], named = self._text(env, one)
                waiting += env.list_templates() if named is None else named
            self._made[key] = digest(tuple(sorted(found.items())))
        return self._made[key]

    def _text(self, env: Environment, name: str) -> tuple[bytes, tuple[str, ...] | None]:
        key = (id(env), name)
        if key not in self._texts:
            try:
                assert env.loader is not None  # noqa: S101 - Pelican gives it one
                text, file, _ = env.loader.get_source(env, name)
            except (TemplateNotFound, UnicodeDecodeError):
                return b"", ()
            stands = digest((text, file))
            if stands not in self._parsed:
                self._parsed[stands] = _named(env, text)
            self.used[stands] = self._parsed[stands]
            self._texts[key] = (stands, self._parsed[stands])
        return self._texts[key]


def _named(env: Environment, text: str) -> tuple[str, ...] | None:
    try:
        named = set(meta.find_referenced_templates(env.parse(text)))
    except TemplateSyntaxError:
        return ()
    return None if None in named else tuple(sorted(name for name in named if name is not None))
