"""Where a letter that is too long for a mailbox ends."""

from __future__ import annotations

import binascii
from collections.abc import Callable, Sequence

from pipeline.rendering.markup import HEADINGS, Element, children, plain

__all__ = ["SIZE_LIMIT", "encoded_size", "longest"]

SIZE_LIMIT = 80_000  # octets as mailed; Gmail hides what comes after some 102 kB


def encoded_size(html: str) -> int:
    """Count the octets of a text as it is mailed: UTF-8, quoted-printable, CRLF (RFC 2045, section 6.7)."""
    encoded = binascii.b2a_qp(html.encode("utf-8"), istext=True)
    return len(encoded) + encoded.count(b"\n")


def longest(root: Element, fits: Callable[[int], bool]) -> int:
    """Return how many top-level blocks of a letter to keep so that it fits.

    It ends before a heading. The last heading of the highest rank is taken where that keeps at least half of what the
    last heading of any rank would keep, so that no chapter is broken off without need. Where no heading fits, it ends
    between two blocks. 0 means that not even the first block fits.

    Args:
        root: A clean tree, too long as a whole.
        fits: Says whether the letter fits with this many blocks. More blocks never fit where fewer do not.
    """
    blocks = children(root)
    # Not after a heading or a line that announces something: what it announces would be missing.
    places = [
        place
        for place in range(1, len(blocks))
        if blocks[place - 1].tag not in HEADINGS and not plain(blocks[place - 1]).endswith(":")
    ]
    heads = [place for place in places if blocks[place].tag in HEADINGS]
    last = _last(heads, fits)
    if not last:
        return _last(places, fits)
    rank = min(str(blocks[place].tag) for place in heads)
    high = max((place for place in heads if place <= last and blocks[place].tag == rank), default=0)
    return high if 2 * _length(blocks[:high]) >= _length(blocks[:last]) else last


def _last(places: Sequence[int], fits: Callable[[int], bool]) -> int:
    """Return the last place that fits, by halving: a letter is composed a few times, not once for each place."""
    low, high = 0, len(places)
    while low < high:
        middle = (low + high) // 2
        if fits(places[middle]):
            low = middle + 1
        else:
            high = middle
    return places[low - 1] if low else 0


def _length(blocks: Sequence[Element]) -> int:
    return sum(len(plain(block)) for block in blocks)
