"""The page ``docs/reference/api.md``, made from the OpenAPI document: ``make reference`` writes it, a test compares.

Run as ``python -m services.api_reference``, it prints the page.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.application import create_app
from services.settings import Settings

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_TITLE: Final = """\
# API

Made from the OpenAPI document (`GET /openapi.json`) by `make reference`; change it in `services/api`.

Every call under `/v1` needs a key: `Authorization: Bearer swk_<id>_<secret>`. Errors are `application/problem+json`
(RFC 9457) with a stable `code`, a `detail` for people and, for bad input, `errors` with field and reason."""


def page() -> str:
    """Return the whole page."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state_dir=Path(folder), database_url=f"sqlite:///{folder}/reference.db")
        document = create_app(settings).openapi()
    return "\n".join(_lines(document)) + "\n"


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield _TITLE
    sections: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                sections.setdefault(operation.get("tags", ["operations"])[0], []).append((method, path, operation))
    for section, entries in sorted(sections.items()):
        yield from ("", f"## {section.capitalize()}")
        for method, path, operation in entries:
            yield from _operation(method, path, operation)


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### `{method.upper()} {path}`", "", _plain(operation.get("description") or operation["summary"]))
    parameters = operation.get("parameters", [])
    if parameters:
        yield from ("", "| parameter | in | type | meaning |", "|---|---|---|---|")
        for parameter in parameters:
            name = parameter["name"] + (" (required)" if parameter.get("required") else "")
            meaning = _plain(parameter.get("description", ""))
            yield f"| `{name}` | {parameter['in']} | {_type(parameter.get('schema', {}))} | {meaning} |"
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        kinds = ", ".join(f"`{media_type}`: {_type(content.get('schema', {}))}" for media_type, content in body.items())
        yield from ("", f"Body: {kinds}")
    answers = ", ".join(f"`{status}`" for status in sorted(operation["responses"]))
    yield from ("", f"Answers: {answers}")


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " or ".join(_type(option) for option in schema[union] if option.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    return str(schema.get("format") or schema.get("type") or "any")


def _plain(text: str) -> str:
    """Return text on one line, safe in a table cell, with single backticks."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
