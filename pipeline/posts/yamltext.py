"""YAML text → located values, within narrow bounds.

The parser's events are read one by one instead of letting it compose a tree: so nothing is built before it was looked
at, nesting is bounded without recursion, and an alias is refused where it stands. Values stay text (YAML 1.1 would
make a boolean of ``no`` and a number of ``1:30``); the schema decides what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml

from pipeline.posts.located import Field, Items, Node, Place, Source, Table, Text
from pipeline.posts.mistakes import Mistake

__all__ = ["MAX_DEPTH", "read"]

MAX_DEPTH = 6  # lists and tables inside each other; more than any theme asks for

# The C parser reads a post in a tenth of the time; both report the same places.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_UNPRINTABLE = re.compile("[\x7f-\x84\x86-\x9f\ufeff]")  # what the encoding let through and YAML does not
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_QUOTE = 'put the value in quotes: key: "value"'


class _Refused(Exception):
    """Nothing after this can be trusted."""

    def __init__(self, offset: int, message: str, advice: str) -> None:
        super().__init__(message)
        self.offset, self.message, self.advice = offset, message, advice


class _Open:
    """A list or a table whose end has not come yet."""

    def __init__(self, place: Place, *, table: bool) -> None:
        self.place = place
        self.table = table
        self.values: list[Node] = []
        self.keys: dict[str, Text] = {}
        self.key: Text | None = None  # waits for its value

    def close(self) -> Node:
        if not self.table:
            return Items(tuple(self.values), self.place)
        pairs = zip(self.keys.values(), self.values, strict=True)
        return Table(tuple(Field(key.value, key.place, value) for key, value in pairs), self.place)


def read(source: Source, start: int, end: int) -> tuple[tuple[Field, ...] | None, tuple[Mistake, ...]]:
    """Read the YAML between two offsets of a text.

    Args:
        source: The whole file, so that places are the file's own.
        start: Offset of the first character of YAML.
        end: Offset behind the last.

    Returns:
        The fields in their order, keys in lower case, a repeated one left out; and what is wrong. The fields are
        None when the text could not be read to its end.
    """
    mistakes: list[Mistake] = []
    if unprintable := _UNPRINTABLE.search(source.text, start, end):
        message = f"the invisible character U+{ord(unprintable[0]):04X} stands here"
        return None, (source.mistake(source.place(unprintable.start()), message, "delete it"),)
    try:
        root = _build(source, start, yaml.parse(source.text[start:end], Loader=_LOADER), mistakes)
    except _Refused as refused:
        mistakes.append(source.mistake(source.place(refused.offset), refused.message, refused.advice))
        return None, tuple(mistakes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = start + (mark.index if mark else 0)
        mistakes.append(source.mistake(source.place(min(offset, end)), *_explained(error)))
        return None, tuple(mistakes)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        message = f"is not YAML: {' '.join(str(error).split())}"
        mistakes.append(source.mistake(source.place(start), message, _QUOTE))
        return None, tuple(mistakes)
    return (root.fields if root else ()), tuple(mistakes)


def _build(source: Source, start: int, events: Iterable[yaml.Event], mistakes: list[Mistake]) -> Table | None:
    stack: list[_Open] = []
    root: Table | None = None
    documents = 0
    for event in events:
        offset = start + (event.start_mark.index if event.start_mark else 0)
        match event:
            case yaml.AliasEvent():
                raise _Refused(
                    offset, "aliases are not read here", f"write the value of *{event.anchor} again"
                )
            case yaml.DocumentStartEvent():
                documents += 1
                if documents > 1:
                    raise _Refused(
                        offset, "a second YAML document begins", "keep one, between two lines of ---"
                    )
                continue
            case yaml.ScalarEvent() | yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                _refuse_marks(event, offset)
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                pass
            case _:
                continue
        place = source.place(offset)
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            if len(stack) == MAX_DEPTH:
                raise _Refused(offset, f"values are nested more than {MAX_DEPTH} deep", "write them flatter")
            stack.append(_Open(place, table=isinstance(event, yaml.MappingStartEvent)))
            continue
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            empty = not event.style and event.value in _NULLS
            node = Text("" if empty else event.value, place)
        else:
            node = stack.pop().close()
        if not stack:
            if not isinstance(node, Table):
                raise _Refused(
                    start, "the front matter holds no key", 'write a key and its value: title: "…"'
                )
            root = node
        else:
            _put(stack[-1], node, source, mistakes, top=len(stack) == 1)
    return root


def _put(parent: _Open, node: Node, source: Source, mistakes: list[Mistake], *, top: bool) -> None:
    """Add a finished value to the list or table around it; in a table, keys and values take turns."""
    if not parent.table:
        parent.values.append(node)
    elif parent.key is None:
        if not isinstance(node, Text):
            offset = source.offset(node.place.line) + node.place.column - 1
            raise _Refused(offset, "a key cannot be a list or a table", "write plain text before the colon")
        parent.key = Text(node.value.strip().lower() if top else node.value, node.place)
    else:
        key, parent.key = parent.key, None
        known = parent.keys.setdefault(key.value, key)
        if known is key:
            parent.values.append(node)
        else:
            message = f"the key “{key.value}” stands here a second time, first on line {known.place.line}"
            mistakes.append(source.mistake(key.place, message, "keep one of the two"))


def _refuse_marks(
    event: yaml.ScalarEvent | yaml.SequenceStartEvent | yaml.MappingStartEvent, offset: int
) -> None:
    if event.anchor:
        raise _Refused(offset, "anchors are not read here", f"remove &{event.anchor} and repeat the value")
    if event.tag and event.tag != "!":
        raise _Refused(offset, f"the tag {event.tag} is not read here", "remove it; plain text is enough")


def _explained(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    """Say what a parser's complaint means to somebody who writes posts, not parsers."""
    problem = error.problem or "it cannot be read"
    if "mapping values are not allowed" in problem:
        return "a second “: ” in one line", _QUOTE
    if "tab character" in problem:
        return "a tab stands where YAML wants spaces", "indent with spaces"
    if "cannot start any token" in problem:
        return "YAML cannot read this character here (a tab, %, @ or `)", f"indent with spaces; {_QUOTE}"
    if "could not find expected ':'" in problem:
        return "this line has no “: ” after its key", 'write a key and its value: title: "…"'
    if "found unexpected end of stream" in problem and "scalar" in (error.context or ""):
        return "a quotation mark is opened and never closed", "close it, or double it where it is meant"
    if "expected key" in problem or "expected <block end>" in problem:
        advice = "look above for a quotation mark that opens a value, or for a line indented otherwise"
        return "this does not belong to the value before it", advice
    context = f" {error.context}" if error.context else ""
    return f"is not YAML: {problem}{context}", f"look at the quotes and brackets before this; {_QUOTE}"
