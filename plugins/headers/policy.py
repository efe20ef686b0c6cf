"""What a browser is told about the site: it loads nothing but its own, runs nothing in line, tells nobody."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

__all__ = ["fixed", "in_page", "security_headers"]

_SOURCES = MappingProxyType(
    {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "media-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
    }
)
_FEATURES = (  # those that browsers know; an unknown one is a complaint in their consoles
    *("accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "geolocation"),
    *("gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb"),
)


def security_headers(form: str) -> Mapping[str, str]:
    """Give the headers that every answer of the site carries, by name.

    Args:
        form: Where the sign-up form posts to: a path of the site, an address elsewhere, or "" where there is no form.
    """
    return MappingProxyType(
        {
            "Content-Security-Policy": f"{in_page(form, search=True)}; frame-ancestors 'none'",
            "Strict-Transport-Security": "max-age=63072000",  # two years; RFC 6797
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
        }
    )


def in_page(form: str, *, search: bool) -> str:
    """Give the policy as it may stand in a page (CSP 3 §3.3), for hosts that let nobody set headers.

    Args:
        form: as of ``security_headers``.
        search: The page is the one with the search, whose engine is WebAssembly. The headers allow that everywhere,
            as few hosts can send others for one page; the policy in each other page takes it back.
    """
    directives = {**_SOURCES, "form-action": " ".join(filter(None, ("'self'", _origin(form))))}
    if search:
        directives["script-src"] += " 'wasm-unsafe-eval'"
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def fixed(text: str) -> str:
    """Refuse what would begin another header, or end a quoted one.

    Raises:
        ValueError: ``text`` holds a control character or a double quote.
    """
    if not text.isprintable() or '"' in text:
        raise ValueError(f"{text!r} cannot stand in a header")
    return text


def _origin(address: str) -> str:
    """Give scheme, host and port of an address; "" for a path of the site itself."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
