"""The OpenAPI document: FastAPI's, corrected where it is less exact than the routes."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from starlette.convertors import Convertor, register_url_convertor

from services.api.push_bodies import DOCUMENT_SCHEMA
from services.contracts import Article
from services.settings import Limits

PROBLEM_TYPE: Final = "application/problem+json"

Header = dict[str, dict[str, Any]]
RETRY_AFTER: Final[Header] = {
    "Retry-After": {"description": "seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
OPTIONAL_RETRY_AFTER: Final[Header] = {"Retry-After": RETRY_AFTER["Retry-After"] | {"required": False}}
LOCATION: Final[Header] = {"Location": {"description": "the path of the job", "schema": {"type": "string"}}}
ETAG: Final[Header] = {"ETag": {"description": "the version of the result", "schema": {"type": "string"}}}


# The contract has RFC 3339; pushed articles may write their date in any form.
_ANY_DATE: Final = {
    "title": "Published At",
    "anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}],
    "default": None,
    "description": "RFC 3339 or any other usual form; a date that cannot be read is left out, with a warning",
}


class _IdConvertor(Convertor[str]):
    """A path segment that ends before a colon, so that ``/jobs/{id:id}`` does not match ``/jobs/17:retry``."""

    regex = "[^/:]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _IdConvertor())


def _link(operation: str, parameter: str, pointer: str) -> dict[str, Any]:
    return {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}


# OpenAPI links from a job in a response to the operations on it.
JOB_LINKS: Final = {
    **{name: _link(name, "job_id", "/id") for name in ("get_job", "get_result", "cancel_job", "retry_job", "drop_job")},
    "withdraw_article": _link("withdraw_article", "article_id", "/metadata/article_id"),
}


def install(app: FastAPI, limits: Limits) -> None:
    """Correct the document of ``app`` after FastAPI has generated it.

    Problems get their own media type, parameters are never null, and the length of an article's body is limited by the
    settings.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:  # FastAPI caches the document here
            return app.openapi_schema
        document = generate()
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            for response in operation["responses"].values():
                _set_problem_type(response)
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
        document["components"]["schemas"] |= _article_schemas()
        document["components"]["schemas"]["Article"]["properties"]["body"]["maxLength"] = limits.body_bytes
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _article_schemas() -> dict[str, Any]:
    """Return the schemas of an article, which FastAPI does not see: the routes read articles in any format."""
    schema = Article.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["properties"]["published_at"] = _ANY_DATE
    return {**schema.pop("$defs", {}), "Article": schema, "JsonDocument": DOCUMENT_SCHEMA}


def _set_problem_type(response: dict[str, Any]) -> None:
    """Move the schema of a problem, which FastAPI puts under the route's own media type, to that of problems."""
    content = response.get("content", {})
    if PROBLEM_TYPE in content:
        for media_type in set(content) - {PROBLEM_TYPE}:
            content[PROBLEM_TYPE] = content.pop(media_type)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an optional parameter without its null alternative."""
    alternatives = [alternative for alternative in schema.get("anyOf", ()) if alternative != {"type": "null"}]
    if len(alternatives) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**alternatives[0], **rest}
