"""Read articles from files; the suffix of a file's name says which format it is in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.contracts import Article
from services.ingest import formats
from services.ingest.formats.feed_format import FormatError, ParseOptions
from services.ingest.formats.ndjson import NDJSON

STANDARD_INPUT: Final = Path("-")


def read_articles(file: Path, feed: str | None = None, *, ndjson: bool = False) -> Iterator[Article]:
    """Yield the articles of a file; ``-`` is standard input, which is read as plain text.

    ``feed`` is the feed of articles that name none. ``ndjson`` reads any file, whatever its name, as NDJSON. A JSON
    record may call its body ``text``. Raises `OSError`, and `ValueError` that names file, format, location, field and
    reason.
    """
    feed_format = NDJSON if ndjson else formats.for_suffix(file.suffix)
    try:
        yield from feed_format.articles(_read(file), ParseOptions(feed=feed, text_as_body=True))
    except FormatError as error:
        raise ValueError(f"{file}: {error}") from error


def _read(file: Path) -> bytes:
    if file == STANDARD_INPUT:
        return sys.stdin.read().encode("utf-8", "surrogateescape")
    return file.read_bytes()
