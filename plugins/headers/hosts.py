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

_EVERYWHERE = "Strict-Transport-Security"  # what the list service leaves to the web server
_SERVICE = "/list"  # the path of list.service_url
_LISTENS = "127.0.0.1:8010"  # service.host and service.port


def netlify(headers: Mapping[str, str]) -> str:
    """Write the file ``_headers`` in the folder that is published: Netlify, Cloudflare Pages and others read it."""
    return _block("/*", headers) + "".join(
        _block(path, {"Content-Type": kind}) for path, kind in _TYPES.items()
    )


def caddy(headers: Mapping[str, str]) -> str:
    """Write a Caddyfile (2.6 or newer) for a site in ``/srv/belonging/output`` and the list service beside it."""
    own = (item for item in headers.items() if item[0] != _EVERYWHERE)
    lines = "".join(f'\t\t{name} "{fixed(value)}"\n' for name, value in own)
    types = "".join(f"\t\theader {path} Content-Type {kind}\n" for path, kind in _TYPES.items())
    return (
        "# Caddy fetches the certificate by itself. Write your host, and where output/ lies.\n"
        "{\n"
        "\t# Nobody's visits are kept, not those that fail either: a link in a letter acts for whoever has it.\n"
        "\tlog {\n\t\texclude http.log.access http.log.error http.handlers.reverse_proxy\n\t}\n"
        "}\n\n"
        "(site) {\n"
        "\troot * /srv/belonging/output\n"
        f"\theader {{\n{lines}\t\t-Server\n\t}}\n"
        "}\n\n"
        "belonging.example.org {\n"
        f'\theader {_EVERYWHERE} "{fixed(headers[_EVERYWHERE])}"\n'
        "\t# The list's own pages (belonging web), which say their own headers.\n"
        f"\t@list path {_SERVICE} {_SERVICE}/*\n"
        f"\thandle @list {{\n\t\treverse_proxy {_LISTENS}\n\t}}\n"
        "\thandle {\n"
        "\t\timport site\n"
        "\t\tencode zstd gzip\n"
        f"{types}"
        "\t\tfile_server\n"
        "\t}\n"
        "\thandle_errors {\n"
        "\t\t@missing expression {http.error.status_code} == 404\n"
        "\t\thandle @missing {\n"
        "\t\t\timport site\n"
        "\t\t\trewrite * /404.html\n"
        "\t\t\tfile_server\n"
        "\t\t}\n"
        "\t}\n"
        "}\n"
    )


def nginx(headers: Mapping[str, str]) -> str:
    """Write what goes into the ``server`` block of nginx (1.19 or newer), for the site and the list beside it."""
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
        "error_log /dev/null crit; # which names who asked, and for what\n"
        "\n"
        "# The list's own pages (belonging web), which say their own headers; none is written to disk on its way.\n"
        f"location = {_SERVICE} {{ return 308 {_SERVICE}/; }}\n"
        f"location {_SERVICE}/ {{\n"
        f"\tproxy_pass http://{_LISTENS};\n"
        "\tproxy_set_header Host $host;\n"
        "\tproxy_set_header X-Forwarded-For $remote_addr;\n"
        "\tproxy_max_temp_file_size 0;\n"
        "\tclient_max_body_size 16k;\n"
        "\tclient_body_buffer_size 16k;\n"
        f'\tadd_header {_EVERYWHERE} "{fixed(headers[_EVERYWHERE])}" always;\n'
        "}\n"
    )


def _block(path: str, headers: Mapping[str, str]) -> str:
    return f"{path}\n" + "".join(f"  {name}: {fixed(value)}\n" for name, value in headers.items())


FILES: Mapping[str, Callable[[Mapping[str, str]], str]] = MappingProxyType(
    {"Caddyfile": caddy, "nginx.conf": nginx}
)
"""What is kept in docs/hosting/ for whoever serves the site by themselves."""
