"""JSON: one article or a list of them, in Stancewire's own JSON (`services.contracts.Article`) or another format."""

from __future__ import annotations

from typing import Final

from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import Contents, FeedFormat, ParseOptions, Record, Syntax
from services.ingest.formats.json_objects import parse_object


def _sniff(document: Document) -> bool:
    return document.is_json


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    value = document.json_value
    if isinstance(value, list):
        return Contents([Record(number, content) for number, content in enumerate(value, 1)], is_container=True)
    return Contents([Record(1, value)], is_container=False)


ARTICLE_JSON: Final = FeedFormat(
    name="JSON",
    content_types=("application/json", "text/json"),
    suffixes=(".json",),
    syntax=Syntax.JSON,
    unit="article",
    sniff=_sniff,
    split=_split,
    parse=parse_object,
)
