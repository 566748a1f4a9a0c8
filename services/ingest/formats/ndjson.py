"""NDJSON: one article on each line, in any JSON format. Blank lines are skipped and counted."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Final

from services.ingest.formats.document import Document, parse_json
from services.ingest.formats.feed_format import Contents, FeedFormat, ParsedArticle, ParseOptions, Record, Syntax
from services.ingest.formats.json_objects import parse_object


def _sniff(document: Document) -> bool:
    """Whether the first two lines each look like a JSON object; one line alone is plain JSON."""
    lines = [line.strip() for line in document.content.removeprefix(BOM_UTF8).lstrip().split(b"\n", 2)[:2]]
    return len(lines) > 1 and lines[0].startswith(b"{") and lines[0].endswith(b"}") and lines[1].startswith(b"{")


def _split(document: Document, options: ParseOptions) -> Contents:
    del options
    # Only LF ends a line: `splitlines` also splits at characters that JSON strings may contain.
    lines = enumerate(document.content.removeprefix(BOM_UTF8).split(b"\n"), 1)
    # One after the other: a body may have a million lines, of which a caller wants only as many as its limit.
    return Contents((Record(number, line) for number, line in lines if line.strip()), is_container=True)


def _parse(line: bytes, options: ParseOptions) -> ParsedArticle:
    return parse_object(parse_json(line), options)


NDJSON: Final = FeedFormat(
    name="NDJSON",
    content_types=("application/x-ndjson", "application/ndjson", "application/jsonl"),
    suffixes=(".ndjson", ".jsonl"),
    syntax=Syntax.JSON,
    unit="line",
    sniff=_sniff,
    split=_split,
    parse=_parse,
)
