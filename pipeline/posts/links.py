"""Links and pictures in a Markdown body that lead to files which are not there.

Only what names a file of ours is judged: Pelican's ``{filename}``, ``{static}`` and ``{attach}`` (or ``|filename|``),
and relative paths that end like a file. Addresses, fragments, ``mailto:`` and whatever stands in code are left alone.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote

from pipeline.posts.files import Files
from pipeline.posts.frontmatter import Document
from pipeline.posts.mistakes import Mistake
from pipeline.posts.prose import blanked

__all__ = ["Link", "find", "judge"]

# [text](target "title"), ![alt](<target>): one level of parentheses inside the target, as in Wikipedia's addresses.
_INLINE = re.compile(r"\]\((?<!\\\]\()\s*(?:<([^<>\n]*)>|((?:[^\s()]|\([^\s()]*\))*))")
_REFERENCE = re.compile(r"^[ ]{0,3}\[(?!\^)[^\]\n]+\]:[ \t]*(?:<([^<>\n]*)>|(\S+))", re.MULTILINE)
_ATTRIBUTE = re.compile(r"<[A-Za-z][^<>]*?\b(?:href|src|poster|data)\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')")
_SIGNS = {"](": _INLINE, "]:": _REFERENCE, "=": _ATTRIBUTE}
_MARKED = re.compile(r"\{(filename|static|attach)\}|\|(filename|static|attach)\|")
_MARKDOWN = frozenset({"md", "markdown", "mkd", "mdown"})
# What somebody puts into content/: .html and .xml are made, and .org is a host.
_PICTURES = frozenset({"avif", "gif", "jpeg", "jpg", "png", "svg", "webp"})
_OTHERS = frozenset(
    {"bib", "csv", "docx", "epub", "ics", "mp3", "mp4", "odt", "ogg", "pdf", "txt", "wav", "webm", "zip"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where a body leads to, as written."""

    offset: int  # of the target's first character, in the body
    target: str


def find(body: str) -> Iterator[Link]:
    """Find the links and pictures of a Markdown body that stand outside code and comments, in no set order."""
    patterns = [
        pattern for sign, pattern in _SIGNS.items() if sign in body
    ]  # most bodies have one of them, or none
    text = blanked(body) if patterns else ""
    for pattern in patterns:
        for match in pattern.finditer(text):
            group = 1 if match[1] is not None else 2
            if match[group]:
                yield Link(offset=match.start(group), target=match[group])


def judge(document: Document, source: str, files: Files) -> Iterator[Mistake]:
    """Name the links of a document that lead to no file.

    Args:
        document: As read.
        source: Its path below content/, with forward slashes.
        files: What is below content/.
    """
    begin = document.source.offset(document.body_line) if document.body else 0
    for link in find(document.body):
        mark = _MARKED.match(link.target)
        path = link.target[mark.end() :] if mark else link.target
        if mark is None and not _means_a_file(path):
            continue
        path = unescape(path).split("#", 1)[0].split("?", 1)[0]
        if not path:
            continue
        place = document.source.place(begin + link.offset)
        candidates = _candidates(path, source, marked=mark is not None)
        if not any(candidate in files for candidate in candidates):
            message = f"there is no file {_shown(path, source)}"
            near = files.nearest(candidates[0])
            kept = mark[0] if mark else "{filename}" if _is_markdown(near) else "{static}"
            advice = f"write {kept}/{near}" if near else "add the file, or correct the path"
            yield document.source.mistake(place, message, advice)
        elif mark is None and _is_markdown(path):
            found = next(candidate for candidate in candidates if candidate in files)
            message = "the site has no such file, only the page made of it"
            yield document.source.mistake(place, message, f"write {{filename}}/{found}", warning=True)


def _is_markdown(path: str) -> bool:
    return path.rpartition(".")[2].lower() in _MARKDOWN


def _means_a_file(target: str) -> bool:
    """Say whether an unmarked target is a relative path to something that somebody committed."""
    path = target.split("#", 1)[0].split("?", 1)[0]
    if not path or path.startswith(("/", "{", "|", "#")) or ":" in path.split("/", 1)[0]:
        return False
    return path.rpartition(".")[2].lower() in _MARKDOWN | _PICTURES | _OTHERS and not _is_host(path)


def _is_host(path: str) -> bool:
    first, slash, _ = path.partition("/")
    return first.startswith("www.") or (bool(slash) and "." in first.strip("."))


def _candidates(path: str, source: str, *, marked: bool) -> tuple[str, ...]:
    """Give the paths below content/ that a link may mean: as Pelican looks for them, then with its %20 read."""
    folder = posixpath.dirname(source)
    found = []
    for spelled in dict.fromkeys((path, unquote(path))):
        if spelled.startswith("/"):
            found.append(posixpath.normpath(spelled.lstrip("/")))
        else:
            found.append(posixpath.normpath(posixpath.join(folder, spelled)))
            if not marked:  # from where the page will be, which is the top for a theme that puts pages there
                found.append(posixpath.normpath(spelled.lstrip("./")))
    return tuple(found)


def _shown(path: str, source: str) -> str:
    full = path.lstrip("/") if path.startswith("/") else posixpath.join(posixpath.dirname(source), path)
    full = posixpath.normpath(full)
    return f"content/{full}" if not full.startswith("..") else f"{path} in content/"
