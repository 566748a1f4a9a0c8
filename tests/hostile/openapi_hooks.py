"""Hooks for Schemathesis: the lines of a batch, and idempotency keys, which may not be reused for another request."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Generate articles in Stancewire's own JSON, and batches as lists of them.

    The document describes the other formats only as text, of which nearly none would be valid.
    """
    for path, kept in (("/v1/articles", "application/json"), ("/v1/articles:batch", "application/x-ndjson")):
        body = raw_schema["paths"][path]["post"]["requestBody"]
        body["content"] = {kept: body["content"][kept]}
    article = {"$ref": "#/components/schemas/Article"}
    single = raw_schema["paths"]["/v1/articles"]["post"]["requestBody"]["content"]["application/json"]
    single["schema"] = {"anyOf": [article, {"type": "array", "minItems": 1}]}  # a list is a batch: never an error
    media = raw_schema["paths"]["/v1/articles:batch"]["post"]["requestBody"]["content"]["application/x-ndjson"]
    media["schema"] = {"type": "array", "minItems": 1, "maxItems": 5, "items": article}


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """Serialise a list as lines; any other value becomes one line."""
    items = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(item).encode() for item in items)


_SENT_KEYS: set[str] = set()


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Remove a key that was sent before: with another body it is refused, which the document cannot express."""
    key = case.headers.get("Idempotency-Key")
    if key in _SENT_KEYS:
        del case.headers["Idempotency-Key"]
    elif key is not None:
        _SENT_KEYS.add(key)
