"""How columns of a table are aligned, by classes: the site's policy allows no style in an element."""

from __future__ import annotations

import re

__all__ = ["classed"]

_ALIGNED = re.compile(r'(<t[dh]) style="text-align: (left|right|center);"')


def classed(html: str) -> str:
    """Say by the classes ``left``, ``right`` and ``center`` what Markdown says by a style.

    Args:
        html: A body that Markdown made.
    """
    return _ALIGNED.sub(r'\1 class="\2"', html)
