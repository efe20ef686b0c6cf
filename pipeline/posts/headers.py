"""Pelican's own headers (``Title: …`` at the top of a Markdown file) → located values.

The syntax is that of Python-Markdown's meta-data extension, which is what Pelican reads with: a key and a colon, with
at most three spaces before them; lines indented by four go on with the value above; the first empty line, or one of
``---`` or ``...``, ends the headers.
"""

from __future__ import annotations

import re

from pipeline.posts.keys import LISTS, TYPED
from pipeline.posts.located import Field, Items, Place, Source, Text
from pipeline.posts.mistakes import Mistake

__all__ = ["read"]

_KEY = re.compile(r"(?P<indent>[ ]{0,3})(?P<key>[A-Za-z0-9_-]+):\s*(?P<value>.*)")
_MORE = re.compile(r"(?P<indent>[ ]{4,})(?P<value>.*)")
_END = re.compile(r"(?:-{3}|\.{3})(?:\s.*)?")
_TAB = 4  # columns; Markdown expands tabs before anything else looks at a line


def read(source: Source) -> tuple[tuple[Field, ...], int, tuple[Mistake, ...]]:
    """Read the headers at the top of a text.

    Returns:
        The fields in their order, keys in lower case; the line, from 1, on which the body begins; and what is wrong.
        Of a key this project knows, several lines become one value; of any other, as in Pelican, a list, and such
        a key may also be repeated.
    """
    lines = source.text.split("\n")
    found: dict[str, tuple[Place, list[Text]]] = {}
    mistakes: list[Mistake] = []
    key = ""
    refused = False  # the lines that go on with a repeated key are left out with it
    number = 0
    for number, raw in enumerate(lines, start=1):
        line = raw.expandtabs(_TAB)
        if not line.strip() or _END.match(line):
            number += 1  # noqa: PLW2901 (the line that ends the headers belongs to neither)
            break
        if match := _KEY.match(line):
            key = match["key"].lower()
            place = Place(number, len(match["indent"]) + 1)
            value = Text(match["value"].strip(), Place(number, match.start("value") + 1))
            refused = key in found and key in TYPED
            if refused:
                message = f"the key “{key}” stands here a second time, first on line {found[key][0].line}"
                mistakes.append(source.mistake(place, message, "keep one of the two"))
            else:
                found.setdefault(key, (place, []))[1].append(value)
        elif key and (match := _MORE.match(line)):
            value = Text(match["value"].strip(), Place(number, match.start("value") + 1))
            if not refused:
                found[key][1].append(value)
        else:
            break
    else:
        number += 1
    fields = tuple(Field(name, place, _value(name, values)) for name, (place, values) in found.items())
    return fields, number, tuple(mistakes)


def _value(key: str, lines: list[Text]) -> Text | Items:
    first = lines[0]
    if len(lines) == 1:
        return first
    if key not in TYPED:
        return Items(tuple(lines), first.place)
    semicolons = any(";" in line.value for line in lines)  # which then separate names, as in Pelican
    joint = "\n" if key not in LISTS else ";" if semicolons else ","
    return Text(joint.join(line.value for line in lines).strip(), first.place)
