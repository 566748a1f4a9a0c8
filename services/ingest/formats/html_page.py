"""HTML: a page or a fragment. Its text is extracted by a worker, not here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.contracts import Article, MediaType
from services.ingest.formats.feed_format import FeedFormat, ParseOptions, Record, decode_text
from services.ingest.formats.plain_text import content_guid

_MARKUP: Final = re.compile(rb"\s*<(!doctype\s+html|!--|html|head|body|main|article|section|div|h1|p)\b", re.IGNORECASE)


def _sniff(document: bytes) -> bool:
    return _MARKUP.match(document) is not None


def _split(document: bytes) -> Iterator[Record]:
    yield Record(1, decode_text(document))


def _parse(text: str, options: ParseOptions) -> Article:
    fields = {"guid": content_guid(text), "body": text, "media_type": MediaType.HTML}
    return Article.model_validate(options.defaults() | fields)


HTML_PAGE: Final = FeedFormat(
    name="HTML",
    content_types=("text/html", "application/xhtml+xml"),
    suffixes=(".html", ".htm"),
    unit="",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
