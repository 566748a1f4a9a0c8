"""The OpenAPI document: what FastAPI derives from the routes, made as exact as the routes are."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from starlette.convertors import Convertor, register_url_convertor

from services.settings import Limits

PROBLEM_TYPE: Final = "application/problem+json"

Header = dict[str, dict[str, Any]]
RETRY_AFTER: Final[Header] = {
    "Retry-After": {"description": "seconds", "schema": {"type": "string", "pattern": "^[0-9]+$"}}
}
LOCATION: Final[Header] = {"Location": {"description": "where the job is found", "schema": {"type": "string"}}}
ETAG: Final[Header] = {"ETag": {"description": "the version of the result", "schema": {"type": "string"}}}


class _Identifier(Convertor[str]):
    """A path segment that ends before a colon: ``/jobs/{id}`` does not answer for ``/jobs/{id}:retry``."""

    regex = "[^/:]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Identifier())


def _link(operation: str, parameter: str, pointer: str) -> dict[str, Any]:
    return {"operationId": operation, "parameters": {parameter: f"$response.body#{pointer}"}}


# What can be done with the job in an answer (OpenAPI's links).
JOB_LINKS: Final = {
    **{name: _link(name, "job_id", "/id") for name in ("get_job", "get_result", "cancel_job", "retry_job", "drop_job")},
    "withdraw_article": _link("withdraw_article", "article_id", "/metadata/article_id"),
}


def install(app: FastAPI, limits: Limits) -> None:
    """Make ``app`` give out its document with what FastAPI cannot know.

    Problems have their own media type, a parameter in the address or a header is never null, and a body is as long as
    the settings allow.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:  # made before
            return app.openapi_schema
        document = generate()
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            for response in operation["responses"].values():
                content = response.get("content", {})
                if PROBLEM_TYPE in content:
                    for usual in set(content) - {
                        PROBLEM_TYPE
                    }:  # FastAPI puts the schema under the route's own media type
                        content[PROBLEM_TYPE] = content.pop(usual)
            for parameter in operation.get("parameters", ()):
                parameter["schema"] = _without_null(parameter["schema"])
        document["components"]["schemas"]["Article"]["properties"]["body"]["maxLength"] = limits.text_chars
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents for extending the document


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**kinds[0], **rest}
