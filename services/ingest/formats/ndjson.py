"""NDJSON: one article in Stancewire's own JSON on each line. Blank lines are skipped and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.contracts import Article
from services.ingest.formats.article_json import article_from_object, parse_json
from services.ingest.formats.feed_format import FeedFormat, ParseOptions, Record


def _sniff(document: bytes) -> bool:
    """Whether the first two lines each look like a JSON object; one line alone is plain JSON."""
    lines = [line.strip() for line in document.lstrip().split(b"\n", 2)[:2]]
    return len(lines) > 1 and lines[0].startswith(b"{") and lines[0].endswith(b"}") and lines[1].startswith(b"{")


def _split(document: bytes) -> Iterator[Record]:
    # Only LF ends a line: `splitlines` also splits at characters that JSON strings may contain.
    for number, line in enumerate(document.split(b"\n"), 1):
        if line.strip():
            yield Record(number, line)


def _parse(line: bytes, options: ParseOptions) -> Article:
    return article_from_object(parse_json(line), options)


NDJSON: Final = FeedFormat(
    name="NDJSON",
    content_types=("application/x-ndjson", "application/ndjson", "application/jsonl"),
    suffixes=(".ndjson", ".jsonl"),
    unit="line",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
