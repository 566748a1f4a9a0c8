"""The hostile requests: every operation of the OpenAPI document with hostile parameters, headers, fields and keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.attack.values import HEADERS, JSON_VALUES, KEYS, METHODS, PATHS, TEXTS
from tests.hostile.refusals import ARTICLES, BATCHES, XML
from tests.hostile.refusals import HEADERS as HEADER_CASES

ADMIN: Final = "admin"  # the key of a request, if it is not a header of its own
_UNKNOWN_ID: Final = "01a2236f-9d96-7562-b70d-3a945361abc7"
_MEDIA_TYPE: Final = "application/json"
# They would wait, as they should, or end the session of the attack itself.
_LEFT_OUT: Final = frozenset({"wait", "timeout"})
_UNAUTHORISED: Final = frozenset({401, 429})
# Pushes under `/v1/push` are signed instead. Superdesk drops a story for good at a 4xx, so its answer is 503.
_UNSIGNED: Final = frozenset({401, 404, 410, 422, 503})


@dataclass(frozen=True, slots=True)
class HostileRequest:
    """A request and the kind of attack it belongs to.

    ``key`` is the Authorization header, `ADMIN` for that of an administrator. ``refused`` are the statuses that it
    has to get; without them any but a server's fault (5xx) is right.
    """

    kind: str
    name: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    key: str | None = ADMIN
    refused: frozenset[int] = frozenset()


def all_requests(document: dict[str, Any]) -> Iterator[HostileRequest]:
    """Yield every request, by kind."""
    operations = list(_operations(document))
    for method, path, operation in operations:
        yield from _without_authority(method, path)
        yield from _parameters(method, path, operation)
        yield from _fields(document, method, path, operation)
    for header in HEADERS:
        for name, value in TEXTS.items():
            sent = {header: quote(value, safe=" ;,=/:*<>()[]{}'\"$%!")[:8_000]}
            yield HostileRequest("headers", f"{header}: {name}", "GET", "/v1/jobs?limit=1", sent)
    for path in PATHS:
        yield HostileRequest("paths", path, "GET", path)
    for path in dict.fromkeys(_filled(path) for _, path, _ in operations):
        for method in METHODS:
            if (method.lower(), path) not in {(known, _filled(template)) for known, template, _ in operations}:
                yield HostileRequest("methods", f"{method} {path}", method, path)
    for name, case in (ARTICLES | XML | HEADER_CASES | BATCHES).items():
        refused = frozenset({case.status})
        yield HostileRequest("bodies", name, "POST", case.path, case.headers, case.content(), refused=refused)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1"):
                yield method, path, operation


def _filled(path: str) -> str:
    """Return a path with an ID that does not exist for each parameter."""
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + _UNKNOWN_ID + rest.partition("}")[2]
    return path


def _without_authority(method: str, path: str) -> Iterator[HostileRequest]:
    refused = _UNSIGNED if path.startswith("/v1/push/") else _UNAUTHORISED
    if "/assets" in path:  # pictures are not wanted, and dropped unread, whoever sends them
        return
    for name, key in KEYS.items():
        yield HostileRequest(
            "keys", f"{method} {path}: {name}", method.upper(), _filled(path), key=key, refused=refused
        )


def _parameters(method: str, path: str, operation: dict[str, Any]) -> Iterator[HostileRequest]:
    for parameter in operation.get("parameters", []):
        name = parameter.get("name", "")
        if name in _LEFT_OUT or parameter.get("in") not in {"path", "query"}:
            continue
        for kind, value in TEXTS.items():
            if parameter["in"] == "query":
                target = f"{_filled(path)}?{name}={quote(value)}"
            else:
                target = _filled(path.replace("{" + name + "}", quote(value, safe="") or "%20"))
            yield HostileRequest("parameters", f"{method} {path} {name}: {kind}", method.upper(), target)


def _fields(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Iterator[HostileRequest]:
    content = operation.get("requestBody", {}).get("content", {}).get(_MEDIA_TYPE)
    if content is None:
        return
    headers = {"Content-Type": _MEDIA_TYPE}
    for name in _properties(document, content.get("schema", {})):
        for kind, value in (JSON_VALUES | TEXTS).items():
            body = json.dumps({"body": "The minister said no.", name: value} if "/articles" in path else {name: value})
            yield HostileRequest(
                "fields", f"{method} {path} {name}: {kind}", method.upper(), _filled(path), headers, body.encode()
            )


def _properties(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Return the names of the fields of a schema, through its references and alternatives."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    alternatives = schema.get("anyOf", []) + schema.get("oneOf", []) + schema.get("allOf", [])
    names = list(schema.get("properties", {}))
    return list(dict.fromkeys(names + [name for inner in alternatives for name in _properties(document, inner)]))
