"""Mailchimp's own description, as a judge of every request and every answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

__all__ = ["ContractBroken", "operations", "validate_answer", "validate_request"]

_FILE = Path(__file__).with_name("openapi.json")


class ContractBroken(AssertionError):
    """A request or an answer is not what the description says."""


def validate_request(method: str, path: str, query: Mapping[str, str], body: bytes | None) -> None:
    """Hold a request against the description."""
    operation, known = _operation(method, path)
    parameters = {p["name"]: p for p in known if p["in"] == "query"}
    for name, text in query.items():
        if name not in parameters:
            raise ContractBroken(f"{method} {path} has no parameter {name}")
        _judge(
            _parsed(text, parameters[name]["schema"]), _schema(parameters[name]["schema"]), f"{path}?{name}"
        )
    described = operation.get("requestBody")
    if body is None:
        if described is not None and described.get("required"):
            raise ContractBroken(f"{method} {path} needs a body")
        return
    if described is None:
        raise ContractBroken(f"{method} {path} takes no body")
    _judge(json.loads(body), _schema(described["content"]["application/json"]["schema"]), f"{method} {path}")


def validate_answer(method: str, path: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Hold an answer against the description."""
    operation, _ = _operation(method, path)
    responses = operation["responses"]
    described = responses.get(str(status), responses.get("default"))
    if described is responses.get("default") and 200 <= status < 300:
        raise ContractBroken(f"{method} {path} does not answer {status}")
    bodies = described.get("content")
    if bodies is None:
        if content:
            raise ContractBroken(f"{method} {path} answers {status} without a body")
        return
    kind = headers["content-type"].partition(";")[0]
    if kind not in bodies:
        raise ContractBroken(f"{method} {path} does not answer {kind}")
    _judge(json.loads(content), _schema(bodies[kind]["schema"]), f"{method} {path} → {status}")


@cache
def operations() -> tuple[tuple[str, str], ...]:
    """List every method and path of the description."""
    paths = json.loads(_FILE.read_text(encoding="utf-8"))["paths"]
    return tuple((m.upper(), p) for p, item in paths.items() for m in item if m != "parameters")


@cache
def _document() -> dict[str, Any]:
    return json.loads(_FILE.read_text(encoding="utf-8"))


@cache
def _operation(method: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    for template, item in _document()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in item:
            operation = dict(item[method.lower()])
            body = operation.get("requestBody", {})
            if "$ref" in body:
                operation["requestBody"] = _document()["components"]["requestBodies"][
                    body["$ref"].rpartition("/")[2]
                ]
            return operation, [*item.get("parameters", []), *operation.get("parameters", [])]
    raise ContractBroken(f"{method} {path} is not described")


_CONVERTED: dict[int, Draft202012Validator] = {}


def _schema(schema: dict[str, Any]) -> Draft202012Validator:
    if id(schema) not in _CONVERTED:
        _CONVERTED[id(schema)] = Draft202012Validator(_converted(schema))
    return _CONVERTED[id(schema)]


def _converted(schema: Any) -> Any:
    """Bring OpenAPI 3.0's dialect into JSON Schema's: there, null is a type."""
    if isinstance(schema, list):
        return [_converted(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {
        key: _converted(value) for key, value in schema.items() if key not in {"nullable", "discriminator"}
    }
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        made["type"] = [schema["type"], "null"]
    return made


def _parsed(text: str, schema: Mapping[str, Any]) -> object:
    if schema.get("type") == "integer":
        return int(text)
    if schema.get("type") == "boolean":
        return {"true": True, "false": False}[text]
    if schema.get("type") == "array":
        return text.split(",")
    return text


def _judge(value: object, validator: Draft202012Validator, where: str) -> None:
    for error in validator.iter_errors(value):
        place = "/".join(map(str, error.absolute_path))
        raise ContractBroken(f"{where}: {place}: {error.message[:300]}")
