"""Put the style sheet together: the tokens, what every page stands on, then each component's own style.

    make style

A component is one file in templates/components/: its markup in macros, then ``style()`` and ``example()``. A page
template may hold a ``style()`` of its own. What is written, static/css/site.css, is committed, so that neither the
site nor the list service has to make it; a test compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

__all__ = ["SHEET", "text", "tokens"]

_TEMPLATES = Path(__file__).resolve().parent / "templates"
SHEET = _TEMPLATES.parent / "static" / "css" / "site.css"
_STYLE = re.compile(r"\{% macro style\(\) %\}\n(.*?)\{% endmacro %\}", re.DOTALL)
_MADE = "/* Put together by `make style` from theme/templates/. Change those files, not this one. */\n"


def tokens() -> Mapping[str, object]:
    """Give the names and values of templates/tokens.jinja."""
    template = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True).get_template("tokens.jinja")
    return vars(template.module)


def text() -> str:
    """Give the whole style sheet. The same files give the same bytes."""
    return _MADE + _tokens() + _read("styles/base.css") + "".join(_parts()) + _read("styles/print.css")


def _tokens() -> str:
    """Write the tokens as custom properties: by day, by night, and the other way round where the reader says so."""
    known = tokens()
    hues, day, night = (_properties(known[name]) for name in ("hues", "day", "night"))
    light, dark = (
        f"color-scheme: light; {day} --dim: none;",
        f"color-scheme: dark; {night} --dim: brightness(.88);",
    )
    type_ = f"--serif: {known['serif']}; --sans: {known['sans']}; --mono: {known['mono']};"
    sizes = "--small: .875rem; --large: 1.3rem; --title: clamp(2rem, 1.4rem + 2.8vw, 3rem); --column: 60ch;"
    return (
        f":root {{\n  {hues}\n  {light}\n  {type_}\n  {sizes}\n}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{\n  :root {{ {dark} }}\n"
        f"  :root:has(#Other:checked) {{ {light} }}\n}}\n"
        f"@media screen and (prefers-color-scheme: light) {{\n  :root:has(#Other:checked) {{ {dark} }}\n}}\n"
    )


def _properties(values: object) -> str:
    if not isinstance(values, Mapping):
        raise TypeError("templates/tokens.jinja: hues, day and night are tables of names and colours")
    return " ".join(f"--{name}: {value};" for name, value in values.items())


def _parts() -> Iterator[str]:
    for path in (*sorted(_TEMPLATES.glob("components/*.html")), *sorted(_TEMPLATES.glob("*.html"))):
        for style in _STYLE.findall(path.read_text(encoding="utf-8")):
            yield f"\n/* {path.relative_to(_TEMPLATES).as_posix()} */\n{style}"


def _read(name: str) -> str:
    return f"\n{(_TEMPLATES / name).read_text(encoding='utf-8')}"


if __name__ == "__main__":
    SHEET.write_text(text(), encoding="utf-8")
