"""A Markdown body without its code: what is left is what a reader reads as text.

Code and comments are overwritten with blanks, so that every offset stays what it was. Each step goes through the text
once, whatever is in it: a file full of backticks costs no more than one full of words.
"""

from __future__ import annotations

import re

__all__ = ["blanked"]

_FENCE = re.compile(r"[ ]*(`{3,}|~{3,})(.*)")
_TICKS = re.compile(r"`+")
_PARAGRAPHS = re.compile(r"(\n[ \t]*\n)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CONTAINER = re.compile(r"(?:[-*+]|\d+[.)])[ \t]|\[\^|:[ \t]|\*\[|!!!")  # what may hold indented paragraphs

_RULE = re.compile(r"[ ]{0,3}([-*_])(?:[ ]*\1){2,}[ \t]*")  # begins like a list and is none


def blanked(body: str) -> str:
    """Overwrite fenced and indented code, code spans and comments."""
    written = body
    if "```" in body or "~~~" in body:
        body = _without_fences(body)
    if (
        "<!--" in body and (last := body.rfind("-->")) != -1
    ):  # up to there, every comment that opens also ends
        body = _COMMENT.sub(lambda match: _blank(match[0]), body[: last + 3]) + body[last + 3 :]
    if "`" in body:
        body = "".join(_without_spans(part) for part in _PARAGRAPHS.split(body))
    if "\n    " in f"\n{body}" or "\t" in body:
        body = _without_indented(body, written)
    return body


def _blank(text: str) -> str:
    return "\n".join(" " * len(line) for line in text.split("\n"))


def _without_fences(body: str) -> str:
    lines = body.split("\n")
    opened: tuple[int, str] | None = None  # line, fence
    for number, line in enumerate(lines):
        match = _FENCE.fullmatch(line)
        if match is None:
            continue
        fence, rest = match[1], match[2]
        if opened is None:
            if fence[0] not in rest:  # else it is a code span
                opened = (number, fence)
        elif fence.startswith(opened[1]) and not rest.strip():
            lines[opened[0] : number + 1] = [" " * len(code) for code in lines[opened[0] : number + 1]]
            opened = None
    return "\n".join(lines)  # a fence that is never closed opens nothing


def _without_spans(paragraph: str) -> str:
    runs = [match.span() for match in _TICKS.finditer(paragraph)]
    if len(runs) < 2:
        return paragraph
    closing: list[int | None] = [None] * len(runs)  # for each run, the next one of the same length
    following: dict[int, int] = {}
    for index in reversed(range(len(runs))):
        length = runs[index][1] - runs[index][0]
        closing[index] = following.get(length)
        following[length] = index
    kept: list[str] = []
    position = index = 0
    while index < len(runs):
        start = runs[index][0]
        end = closing[index]
        if end is None or paragraph[start - 1 : start] == "\\":
            index += 1
            continue
        kept += [paragraph[position:start], _blank(paragraph[start : runs[end][1]])]
        position = runs[end][1]
        index = end + 1
    return "".join([*kept, paragraph[position:]])


def _without_indented(body: str, written: str) -> str:
    """Blank paragraphs indented by four, unless a list or a footnote above holds them.

    ``written`` is the body before anything was blanked: a fence at the margin, too, ends a list.
    """
    lines = body.split("\n")
    held = code = False
    after_blank = True
    for number, (line, whole) in enumerate(zip(lines, written.split("\n"), strict=True)):
        if not line.strip():
            held = held and (not whole.strip() or _indented(whole))
            after_blank = True
        elif _indented(line):
            code = not held and (after_blank or code)
            if code:
                lines[number] = " " * len(line)
            after_blank = False
        else:
            # A line that goes on with a paragraph of a list does not end the list.
            begins = _CONTAINER.match(line.lstrip()) is not None and not _RULE.fullmatch(line)
            held = begins or (held and not after_blank)
            code = after_blank = False
    return "\n".join(lines)


def _indented(line: str) -> bool:
    return line.startswith(("    ", "\t"))
