"""Read articles from files in any format: the content says which it is in, and else the suffix of the file's name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from services.contracts import Article
from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle, ParseOptions
from services.ingest.formats.ndjson import NDJSON
from services.ingest.formats.plain_text import PLAIN_TEXT

STANDARD_INPUT: Final = Path("-")


class Unread(NamedTuple):
    """A record of a file that is not an article. ``without_text``: it is valid, but has no text, as a picture."""

    reason: str
    without_text: bool


def read_articles(file: Path, feed: str | None = None, *, ndjson: bool = False) -> Iterator[Article]:
    """Yield the articles of a file; ``-`` is standard input.

    ``feed`` is the feed of articles that name none. ``ndjson`` reads any file, whatever its name, as NDJSON. A JSON
    record may call its body ``text``. Raises `OSError`, and `ValueError` that names file, format, location, field and
    reason.
    """
    for record in read_records(file, feed, ndjson=ndjson):
        if isinstance(record, Unread):
            raise ValueError(record.reason)  # noqa: TRY004 -- the reason is about the value
        yield record.article


def read_records(file: Path, feed: str | None = None, *, ndjson: bool = False) -> Iterator[ParsedArticle | Unread]:
    """Yield the records of a file like `read_articles`, with one that is not an article as `Unread`.

    Raises `OSError`, and `ValueError` if the file as a whole cannot be read.
    """
    document = Document(_read(file))
    options = ParseOptions(feed=feed, text_as_body=True)
    try:
        declared = NDJSON if ndjson else formats.for_suffix(file.suffix)
        feed_format = NDJSON if ndjson else formats.detect(document, declared) or PLAIN_TEXT
        records = feed_format.contents(document, options).records
    except FormatError as error:
        raise ValueError(f"{file}: {error}") from error
    for record in records:
        try:
            yield feed_format.article(record, options)
        except FormatError as error:
            yield Unread(f"{file}: {error}", error.without_text)


def _read(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.read().encode("utf-8", "surrogateescape")
    return file.read_bytes()
