"""What pelicanconf.py says, as far as it can be read without running it.

The check has to know which folders hold posts and where pages are written, and the pipeline knows nothing of Pelican.
A setting that is a plain value is read from the file's syntax tree; one that is computed is taken at Pelican's
default. The build, which has all settings, checks again.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pipeline.posts.layout import Layout, from_settings

__all__ = ["beside", "literals"]


def beside(content: Path) -> Layout:
    """Describe the site whose settings stand beside its content; without any, one like this project's."""
    conf = content.parent / "pelicanconf.py"
    return from_settings(literals(conf)) if conf.is_file() else Layout()


def literals(conf: Path) -> dict[str, object]:
    """Read the settings that are plain values; none from a file that is not Python, which the build will say."""
    try:
        tree = ast.parse(conf.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, object] = {}
    for names, value in _assignments(tree):
        try:
            read: object = ast.literal_eval(value)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            for name in names:
                found.pop(name, None)  # what it was before is no longer true
        else:
            found.update(dict.fromkeys(names, read))
    return found


def _assignments(tree: ast.Module) -> Iterator[tuple[list[str], ast.expr]]:
    for statement in tree.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        names = [target.id for target in targets if isinstance(target, ast.Name) and target.id.isupper()]
        if names:
            yield names, value
