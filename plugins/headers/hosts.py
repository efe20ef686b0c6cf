"""The same headers in the words of the hosts that people use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from .policy import fixed

__all__ = ["FILES", "caddy", "netlify", "nginx"]

_TYPES = MappingProxyType(  # what not every host knows of itself
    {
        "/feed.atom": "application/atom+xml",
        "/feed.rss": "application/rss+xml",
        "/feed.json": "application/feed+json",
    }
)


def netlify(headers: Mapping[str, str]) -> str:
    """Write the file ``_headers`` in the folder that is published: Netlify, Cloudflare Pages and others read it."""
    return _block("/*", headers) + "".join(
        _block(path, {"Content-Type": kind}) for path, kind in _TYPES.items()
    )


def caddy(headers: Mapping[str, str]) -> str:
    """Write a Caddyfile (version 2) for a site in ``/srv/belonging/output``."""
    lines = "".join(f'\t\t{name} "{fixed(value)}"\n' for name, value in headers.items())
    types = "".join(f"\theader {path} Content-Type {kind}\n" for path, kind in _TYPES.items())
    return (
        "# Caddy fetches the certificate by itself. Write your host, and where output/ lies.\n"
        "belonging.example.org {\n"
        "\troot * /srv/belonging/output\n"
        "\tencode zstd gzip\n"
        f"\theader {{\n{lines}\t\t-Server\n\t}}\n"
        f"{types}"
        "\thandle_errors {\n\t\trewrite * /404.html\n\t\tfile_server\n\t}\n"
        "\tfile_server\n"
        "\tlog {\n\t\toutput discard # nobody's visits are kept\n\t}\n"
        "}\n"
    )


def nginx(headers: Mapping[str, str]) -> str:
    """Write what goes into the ``server`` block of nginx (1.19 or newer)."""
    lines = "".join(f'add_header {name} "{fixed(value)}" always;\n' for name, value in headers.items())
    types = "".join(
        f"location = {path} {{ types {{ }} default_type {kind}; }}\n" for path, kind in _TYPES.items()
    )
    return (
        "# Include this in the server block of the site: include /etc/nginx/snippets/belonging.conf;\n"
        "# A location with an add_header of its own loses all of these: repeat them there.\n"
        f"{lines}"
        f"{types}"
        "location ~ \\.avif$ { types { } default_type image/avif; }\n"
        "location / { try_files $uri $uri/ =404; }\n"
        "error_page 404 /404.html;\n"
        "server_tokens off;\n"
        "access_log off; # nobody's visits are kept\n"
    )


def _block(path: str, headers: Mapping[str, str]) -> str:
    return f"{path}\n" + "".join(f"  {name}: {fixed(value)}\n" for name, value in headers.items())


FILES: Mapping[str, Callable[[Mapping[str, str]], str]] = MappingProxyType(
    {"Caddyfile": caddy, "nginx.conf": nginx}
)
"""What is kept in docs/hosting/ for whoever serves the site by themselves."""
