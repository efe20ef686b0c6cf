"""Looking at a letter before anybody gets it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.errors import BelongingError
from pipeline.folders import make_private
from pipeline.letters import Letter
from pipeline.posts import Post

__all__ = ["find", "write"]


def find(posts: Sequence[Post], name: str, *, root: Path) -> Post:
    """Find a post by its file, id or slug.

    Args:
        posts: Where to look.
        name: What a person typed.
        root: The folder of the site.

    Raises:
        BelongingError: No post, or more than one, goes by that name.
    """
    if not name.strip():
        raise BelongingError(
            "no post was named", advice="write its file: make preview POST=content/posts/….md"
        )
    content = (root / "content").resolve()
    # As it is typed where the person stands, as commands print it (below the site's folder), or below content/.
    paths = [(place / name).resolve() for place in (Path.cwd(), root, content)]
    sources = {path.relative_to(content).as_posix() for path in paths if path.is_relative_to(content)}
    found = [post for post in posts if name in {post.id, post.slug} or post.source in sources]
    if len(found) != 1:
        known = ", ".join(post.slug for post in posts[:5])
        raise BelongingError(
            f"{'no post' if not found else 'more than one post'} goes by {name}",
            advice=f"name its file below content/, its id or its slug; the newest are: {known}",
        )
    return found[0]


def write(letter: Letter, folder: Path, *, name: str) -> tuple[Path, Path]:
    """Write a letter's two parts as files that a browser and a pager can show."""
    make_private(folder)
    html, text = folder / f"{name}.html", folder / f"{name}.txt"
    html.write_text(letter.html, encoding="utf-8")
    text.write_text(letter.text, encoding="utf-8")
    return html, text
