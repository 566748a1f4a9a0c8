"""What Schemathesis cannot know by itself: how the lines of a batch are written, and that a key names one request."""

from __future__ import annotations

import json
from typing import Any

import schemathesis


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """The document says that a batch is text of one article a line; here the lines are made apart, as a list."""
    media = raw_schema["paths"]["/v1/articles:batch"]["post"]["requestBody"]["content"]["application/x-ndjson"]
    media["schema"] = {"type": "array", "minItems": 1, "maxItems": 5, "items": {"$ref": "#/components/schemas/Article"}}


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """A list as lines; whatever else was made is one line."""
    items = value if isinstance(value, list) else [value]
    return b"\n".join(json.dumps(item).encode() for item in items)


_KEYS: set[str] = set()


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """A key that was sent before is left out: with another body it is refused, which the document cannot say."""
    key = case.headers.get("Idempotency-Key")
    if key in _KEYS:
        del case.headers["Idempotency-Key"]
    elif key is not None:
        _KEYS.add(key)
