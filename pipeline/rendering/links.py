"""Where a link in a letter may lead."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

__all__ = ["MAIL_SCHEMES", "destination", "host", "same_host"]

# What a mail program opens without asking anything of the page: the web, a letter, a call, a text message.
MAIL_SCHEMES = frozenset({"http", "https", "mailto", "sms", "tel"})

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# Browsers drop these before they look at the scheme (WHATWG URL, "basic URL parser"), so "java\nscript:" runs.
_IGNORED = re.compile(r"[\t\r\n]|^[\x00-\x20]+|[\x00-\x20]+$")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def destination(reference: str, *, page: str) -> str | None:
    """Return the absolute address a reference leads to, or None where a letter must not lead.

    An address that is absolute already is returned as it was written, character by character, apart from spaces,
    which become "%20" so that the address survives in plain text.

    Args:
        reference: The value of ``href`` or ``src``.
        page: Absolute address of the post's page; relative references and fragments are resolved against it.
    """
    cleaned = _UNSEEN.sub("", _IGNORED.sub("", reference)).strip()
    if not cleaned:
        return None
    try:
        scheme = _SCHEME.match(cleaned)
        if scheme is None:
            cleaned = page + cleaned if cleaned.startswith("#") else urljoin(page, cleaned)
        address = re.sub(r"\s", lambda space: "%20" if space[0] == " " else "", cleaned)
        parts = urlsplit(address)
        if parts.scheme not in MAIL_SCHEMES:
            return None
        if parts.scheme in ("http", "https") and not parts.hostname:
            return None
    except ValueError:  # a broken IPv6 host or port
        return None
    return address if parts.netloc or parts.path else None


def host(address: str) -> str:
    """Return the host of an address with its port, in lower case, or ""."""
    try:
        return urlsplit(address).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def same_host(address: str, site: str) -> bool:
    """Say whether an address is fetched from the site's own host."""
    return address.lower().startswith(("https://", "http://")) and host(address) == host(site) != ""
