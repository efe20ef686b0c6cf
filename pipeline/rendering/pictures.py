"""The pictures of a letter: from the site's own host, inside the message, or told in words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from lxml import etree

from pipeline.errors import RenderingError
from pipeline.letters import EmbeddedImage, ImagePolicy
from pipeline.posts import Post, Site
from pipeline.rendering.links import host, same_host
from pipeline.rendering.markup import Element, plain
from pipeline.rendering.wording import Words

__all__ = ["COLUMN", "lead", "settle"]

_SMALLEST = 4  # CSS pixels
COLUMN = 552  # CSS pixels, what the letter's column of 600 leaves for a picture

# What mail programs show: drawings in SVG and the formats newer than WebP stay blank in most of them.
_SHOWN = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
_NOT_SHOWN = (".svg", ".svgz", ".avif", ".heic", ".jxl", ".tif", ".tiff", ".bmp", ".ico")


def lead(post: Post, body: Element) -> Element | None:
    """Return the post's own picture as a tree to show above its text, unless the text shows it already."""
    if not post.image or any(image.get("src") == post.image for image in body.iter("img")):
        return None
    root = etree.Element("body")
    box = etree.SubElement(root, "div", {"class": "figure"})
    etree.SubElement(box, "img", src=post.image, alt=" ".join(post.image_alt.split()))
    return root


def settle(
    root: Element,
    *,
    policy: ImagePolicy,
    site: Site,
    post: Post,
    words: Words,
    picture: Callable[[str], bytes | None] | None,
) -> dict[str, EmbeddedImage]:
    """Decide about every picture in a tree, in place.

    A picture from another host, in a format that mail programs do not show, or left out by setting, becomes a line
    with its alternative text; one without alternative text goes without a trace.

    Args:
        root: A clean tree.
        policy: Whether pictures are linked, embedded or left out.
        site: Its host is the only one that pictures come from.
        post: Named in errors.
        words: The label of such a line.
        picture: Returns the bytes behind an address on the site, or None. Asked only when pictures are embedded.

    Returns:
        The embedded pictures by content id; empty for other policies.

    Raises:
        RenderingError: A picture that has to be embedded is missing or of a kind that mail programs do not show.
    """
    embedded: dict[str, EmbeddedImage] = {}
    for image in list(root.iter("img")):
        source = image.get("src", "")
        shown = same_host(source, site.url) and not source.lower().partition("?")[0].endswith(_NOT_SHOWN)
        _fit(image)
        if not shown or _is_speck(image) or policy is ImagePolicy.OMIT:
            _tell(image, words)
            continue
        if policy is ImagePolicy.EMBED:
            found = _embed(source, site=site, post=post, picture=picture)
            embedded[found.content_id] = found
            image.set("src", f"cid:{found.content_id}")
    return embedded


def _tell(image: Element, words: Words) -> None:
    alt = image.get("alt", "")
    if alt:
        line = etree.Element("span", {"class": "alt"})
        line.text = f"{words.picture}: {alt}"
        _replace(image, line)
        return
    parent = image.getparent()
    _replace(image, None)
    while parent is not None and parent.tag in ("a", "p", "div") and not plain(parent) and not len(parent):
        emptied, parent = parent, parent.getparent()
        if parent is not None:
            _replace(emptied, None)


def _replace(old: Element, new: Element | None) -> None:
    parent = old.getparent()
    if parent is None:
        return
    tail = old.tail or ""
    if new is not None:
        new.tail = old.tail
        parent.replace(old, new)
        return
    before = old.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    old.tail = None
    parent.remove(old)


def _is_speck(image: Element) -> bool:
    """Say whether a picture is too small to be seen: it shows nothing, and looks like one that counts its readers."""
    return any(int(image.get(name, str(_SMALLEST))) < _SMALLEST for name in ("width", "height"))


def _fit(image: Element) -> None:
    """Give a picture the width that Outlook for Windows, which knows no max-width, needs to be told."""
    width, height = int(image.get("width", "0")), int(image.get("height", "0"))
    parent = image.getparent()
    alone = parent is not None and plain(parent) == image.get("alt", "") and len(parent) == 1
    if not width:
        image.attrib.pop("height", "")
        if alone:
            image.set("width", str(COLUMN))
    elif width > COLUMN:
        image.set("width", str(COLUMN))
        if height:
            image.set("height", str(max(1, round(height * COLUMN / width))))
    image.set("class", "picture" if alone else "sign")


def _embed(
    source: str, *, site: Site, post: Post, picture: Callable[[str], bytes | None] | None
) -> EmbeddedImage:
    data = picture(source) if picture is not None else None
    if not data:
        raise RenderingError(
            f"{post.source}: the picture {source} is not there to be embedded",
            advice='put the file there, or choose `images = "link"`',
        )
    kind = next((kind for start, kind in _SHOWN if data.startswith(start)), None)
    if kind is None or (kind == "image/webp" and data[8:12] != b"WEBP"):
        raise RenderingError(
            f"{post.source}: the picture {source} is of a kind that mail programs do not show",
            advice="save it as PNG, JPEG, GIF or WebP",
        )
    # The same picture has the same name in every letter and for every reader; the name says nothing else.
    name = hashlib.sha256(data).hexdigest()[:32]
    return EmbeddedImage(content_id=f"{name}@{host(site.url).partition(':')[0]}", media_type=kind, data=data)
