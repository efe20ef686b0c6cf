"""The list service, described for programs (OpenAPI 3.1): made from its routes, so that none is left out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.list_service import ListService
from pipeline.wiring import Project
from tests.builders import Hands

__all__ = ["described", "written"]

_ROOT = Path(__file__).parents[2]
_LINK = {
    "name": "link",
    "in": "path",
    "required": True,
    "description": "The token of a letter, or the pass of a single message.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{36,44}$"},
}
_SAYS = {
    "GET /": "A form that asks for an address.",
    "GET /subscribe": "A form that asks for an address.",
    "POST /subscribe": "Take an address in. The answer is the same for every address.",
    "GET /confirm/{link}": "What is agreed to, and a button.",
    "POST /confirm/{link}": "Put whom the link speaks for on the list, and record the consent.",
    "GET /unsubscribe/{link}": "A button.",
    "POST /unsubscribe/{link}": "Take whom the link speaks for off the list (RFC 8058). The body is not looked at.",
    "GET /preferences": "A form that asks for an address.",
    "POST /preferences": "Mail a link to what can be chosen, if the address is on the list.",
    "GET /preferences/{link}": "A button.",
    "POST /preferences/{link}": "Show or change how letters come, or write to another address.",
    "GET /move/{link}": "A button.",
    "POST /move/{link}": "Take a new address in the place of the old one.",
    "GET /rights": "A form that asks for an address.",
    "POST /rights": "Mail a link to what is stored, if anything is.",
    "GET /rights/{link}": "Buttons.",
    "POST /rights/{link}": "Show everything that is stored, hand it over as JSON, or erase it.",
    "GET /health": "Whether store and worker are well.",
    "GET /static/{name}": "Style, icon and scripts of these pages.",
}
_TEXT: Mapping[str, object] = {"type": "string"}
_ASKED: Mapping[str, object] = {
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "stamp": {
        "type": "string",
        "description": "When the form was shown; missing from a form on a static page.",
    },
    "carried": {"type": "string", "description": "Of a second step: the address, sealed."},
    "work": {"type": "string", "description": "Of a second step: the answer to its puzzle."},
    "website": {"type": "string", "description": "No person sees this field."},
}
_FIELDS: Mapping[str, Mapping[str, object]] = {
    "/subscribe": _ASKED,
    "/preferences": _ASKED,
    "/rights": _ASKED,
    "/unsubscribe/{link}": {"List-Unsubscribe": {"type": "string", "enum": ["One-Click"]}},
    "/confirm/{link}": {
        "discreet": {"type": "string", "description": "Discreet letters from the first one on."}
    },
    "/move/{link}": {},
    "/rights/{link}": {"do": {"type": "string", "enum": ["see", "take", "erase", "forget"]}},
    "/preferences/{link}": {
        "do": {"type": "string", "enum": ["show", "save", "move"]},
        "pace": {"type": "string", "enum": [pace.value for pace in Pace]},
        "guise": {"type": "string", "enum": [guise.value for guise in Guise]},
        "text": _TEXT,
        "without:TOPIC": {
            "type": "string",
            "description": "One for each topic that is left out, by its name.",
        },
        "pause": {"type": "string", "description": "A day, as in 2026-12-31."},
        "email": _ASKED["email"],
    },
}
_PAGE = {"content": {"text/html": {"schema": _TEXT}}}
_ANSWERS = {
    "200": "It is done, or shown.",
    "404": "A link that does not act, whyever; or no such page.",
    "413": "The body is larger than any form of ours.",
    "422": "That is no address, or no choice that there is.",
    "429": "Too many requests from this network address.",
    "503": "Too many requests from everybody, or a part that is not well.",
}


def described() -> dict[str, object]:
    """Describe every route of a service for an embedded list, as it stands at the path of its address."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "newsletter.toml").touch()
        (root / "theme").symlink_to(_ROOT / "theme")
        clock = Hands()
        project = Project(root=root, environment={}, clock=clock, sleep=clock.sleep)
        app = ListService(project).service.application()
        project.engine.dispose()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Belonging, the list service",
            "version": "1",
            "description": "Written by `make docs` from the routes of the service. Its pages are for people; what is "
            "for programs is the one-click POST of RFC 8058, and /health. GET and HEAD change nothing.",
        },
        "servers": [{"url": "https://example.org/list"}],
        "paths": _paths(app),
    }


def _paths(app: Starlette) -> dict[str, dict[str, object]]:
    paths: dict[str, dict[str, object]] = {}
    for route in app.routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(route.path, {})[method.lower()] = _operation(method, route.path)
    return paths


def _operation(method: str, path: str) -> dict[str, object]:
    told: dict[str, object] = {
        "summary": _SAYS[f"{method} {path}"],
        "responses": {code: {"description": words, **_PAGE} for code, words in _ANSWERS.items()},
    }
    if "{link}" in path:
        told["parameters"] = [_LINK]
    if "{name}" in path:
        told["parameters"] = [{"name": "name", "in": "path", "required": True, "schema": _TEXT}]
    if method == "POST":
        schema = {"schema": {"type": "object", "properties": _FIELDS[path]}}
        kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
        told["requestBody"] = {"content": dict.fromkeys(kinds, schema)}
    return told


def written() -> str:
    """Write the description."""
    return json.dumps(described(), ensure_ascii=False, indent=2) + "\n"
