"""Stancewire's own JSON: one article (`services.contracts.Article`) or a list of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pydantic_core import from_json

from services.contracts import Article
from services.ingest.formats.feed_format import FeedFormat, FormatError, ParseOptions, Record


def parse_json(text: bytes) -> Any:
    """Return the value of a JSON text, nested at most 200 levels deep. Raises `FormatError`."""
    try:
        return from_json(text)
    except ValueError as error:
        raise FormatError.syntax(f"not valid JSON: {error}") from error


def article_from_object(value: Any, options: ParseOptions) -> Article:
    """Return the article that a JSON object describes. Raises Pydantic's `ValidationError`."""
    if isinstance(value, dict):
        value = options.defaults() | value
        if options.text_as_body and "body" not in value and "text" in value:
            value["body"] = value.pop("text")
    return Article.model_validate(value)


def _sniff(document: bytes) -> bool:
    return document.lstrip()[:1] in {b"{", b"["}


def _split(document: bytes) -> Iterator[Record]:
    value = parse_json(document)
    for number, content in enumerate(value if isinstance(value, list) else [value], 1):
        yield Record(number, content)


ARTICLE_JSON: Final = FeedFormat(
    name="JSON",
    content_types=("application/json",),
    suffixes=(".json",),
    unit="article",
    sniff=_sniff,
    split=_split,
    parse=article_from_object,
)
