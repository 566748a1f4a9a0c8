"""The bodies of pushes in the OpenAPI document: own JSON, and every other format by its media type."""

from __future__ import annotations

from typing import Any, Final

from services.ingest import formats
from services.ingest.formats.article_json import ARTICLE_JSON
from services.ingest.formats.feed_format import FeedFormat, Syntax
from services.ingest.formats.ndjson import NDJSON

_JSON_TYPE: Final = ARTICLE_JSON.content_types[0]
_BATCH_TYPE: Final = NDJSON.content_types[0]
_ARTICLE: Final = {"$ref": "#/components/schemas/Article"}
_XML_NAMES: Final = ", ".join(each.name for each in formats.FORMATS if each.syntax is Syntax.XML)

# The free form of JSON formats of others. A component, since generated clients name a type after it.
DOCUMENT_SCHEMA: Final = {
    "title": "JsonDocument",
    "type": "object",
    "additionalProperties": True,
    "description": "A document of ninjs, JSON Feed or schema.org, which publish their own schemas.",
}


def _schema(feed_format: FeedFormat) -> dict[str, Any]:
    if feed_format is ARTICLE_JSON:
        return _ARTICLE
    if feed_format is NDJSON:
        return {"type": "string", "description": "one Article per line"}
    if feed_format.syntax is Syntax.JSON:
        return {"$ref": "#/components/schemas/JsonDocument"}
    return {"type": "string"}


_BODIES: Final = {
    content_type: {"schema": _schema(feed_format)}
    for feed_format in formats.FORMATS
    for content_type in feed_format.content_types[:1]
}
# Generators of clients that know few media types have this way to push any format.
_BINARY: Final = {
    "application/octet-stream": {
        "schema": {"type": "string", "format": "binary", "description": "any format; its content shows which"}
    }
}
_XML: Final = {"application/xml": {"schema": {"type": "string", "description": f"any of {_XML_NAMES}"}}}

PUSH_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "An article, or a document of any format. A list of articles is answered like a batch.",
        "content": {_JSON_TYPE: _BODIES[_JSON_TYPE]} | _BINARY | _BODIES | _XML,
    }
}
# Only two types: with a list among several others, openapi-python-client generates code that raises a TypeError.
BATCH_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "Articles as lines or as a list. Documents of every other format are accepted, too.",
        "content": {
            _BATCH_TYPE: _BODIES[_BATCH_TYPE],
            _JSON_TYPE: {"schema": {"type": "array", "items": _ARTICLE, "minItems": 1}},
        },
    }
}
