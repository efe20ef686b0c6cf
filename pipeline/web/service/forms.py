"""What a form sends, read without trusting any of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

__all__ = ["LARGEST", "TooLarge", "fields", "read_body"]

LARGEST: Final = 16 * 1024
"""A body above this many bytes is not read."""

_MOST_FIELDS: Final = 80  # a choice of topics has one for each
_BOUNDARY: Final = re.compile(r"""boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))""", re.IGNORECASE)
_NAME: Final = re.compile(rb'(?:^|[;\s])name="([^"\r\n]{0,100})"', re.IGNORECASE)


class TooLarge(Exception):
    """A body holds more than any form of ours sends."""


async def read_body(request: Request) -> bytes:
    """Read a body, up to a size.

    Raises:
        TooLarge: There is more.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge
    return body


def fields(content_type: str, body: bytes) -> Mapping[str, str]:
    """Read the fields of a form, urlencoded or multipart (RFC 7578); of two by one name the last one counts.

    What is neither has no fields. Files are fields like others.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            pairs = parse_qsl(
                body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
            )
        except ValueError:
            return {}
        return dict(pairs)
    boundary = _BOUNDARY.search(content_type)
    if kind != "multipart/form-data" or boundary is None:
        return {}
    return _parts(body, (boundary[1] or boundary[2]).encode("latin-1", "replace"))


def _parts(body: bytes, boundary: bytes) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1 : _MOST_FIELDS + 1]:
        if part.startswith(b"--"):  # the end
            break
        head, gap, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if gap and name:
            found[name[1].decode("utf-8", "replace")] = content.decode("utf-8", "replace")
    return found
