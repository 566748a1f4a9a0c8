"""JSON, NDJSON, CSV or Parquet, as ``Accept`` asks; all but JSON are streamed, so that they take little memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Final

import mimeparse
from fastapi import Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.api import parquet
from services.api.problems import ProblemError


class Format(StrEnum):
    """The media types, the default first."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"
    PARQUET = "application/vnd.apache.parquet"


TABLES: Final[dict[str, dict[str, str]]] = {Format.NDJSON: {}, Format.CSV: {}, Format.PARQUET: {}}  # for OpenAPI

# Not a parameter in the OpenAPI document, which lists media types with the responses.
AcceptHeader = Annotated[str | None, Header(include_in_schema=False)]

# The media types that a client may name; of those that a wildcard matches, the last is preferred.
_FORMATS: Final = {
    "application/x-parquet": Format.PARQUET,
    "application/vnd.apache.parquet": Format.PARQUET,
    "text/csv": Format.CSV,
    "application/jsonl": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/x-ndjson": Format.NDJSON,
    "application/json": Format.JSON,
}
# Spreadsheets also skip line ends at the beginning of a cell, and read full-width signs as their ASCII forms.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def negotiate_format(accept: str | None) -> Format:
    """Return the format that an ``Accept`` header prefers; JSON without a header.

    The most specific range that matches a format gives its quality, and the highest quality wins (RFC 9110, section
    12.5.1). Of equal ones, the format listed first wins. Raises `ProblemError` (406) if no format is acceptable,
    and (501) for Parquet where it cannot be written.
    """
    ranges = [part.strip() for part in (accept or "*/*").lower().split(",") if _is_valid_range(part)]
    names = [media_range.partition(";")[0].strip() for media_range in ranges]
    # mimeparse prefers the last of equal candidates.
    candidates = sorted(_FORMATS, key=lambda name: names.index(name) if name in names else len(names), reverse=True)
    best = mimeparse.best_match(candidates, ",".join(ranges))
    if not best:
        raise ProblemError(406, "not_acceptable", f"Accept: the formats are {', '.join(Format)}")
    if _FORMATS[best] is Format.PARQUET and not parquet.is_available():
        detail = "Accept: this service cannot write Parquet: its operator has not installed the extra `parquet`"
        raise ProblemError(501, "parquet_unavailable", detail)
    return _FORMATS[best]


def _is_valid_range(media_range: str) -> bool:
    """Return whether a media range can be parsed; mimeparse would raise for a missing slash, and read a bad q as 1."""
    try:
        _, _, parameters = mimeparse.parse_mime_type(media_range)
        return 0 <= float(parameters.get("q", 1)) <= 1
    except ValueError:
        return False


def stream_items(kind: Format, model: type[BaseModel], items: Iterable[BaseModel]) -> Response:
    """Stream items as NDJSON, CSV (RFC 4180, UTF-8, with a header line) or Parquet.

    In CSV, null is an empty cell, and a text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    pieces: Iterable[str | bytes]
    if kind is Format.PARQUET:
        pieces = parquet.parquet_pieces(model, items)
    elif kind is Format.CSV:
        pieces = _csv_lines(model, items)
    else:
        pieces = (item.model_dump_json() + "\n" for item in items)
    return StreamingResponse(pieces, media_type=kind.value, headers={"Vary": "Accept"})


def json_response(body: BaseModel) -> Response:
    """Return a JSON response of a route that negotiates its format."""
    return Response(body.model_dump_json(), media_type=Format.JSON.value, headers={"Vary": "Accept"})


def _csv_lines(model: type[BaseModel], items: Iterable[BaseModel]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = list(model.model_fields)
    writer.writerow(names)
    for item in items:
        row = item.model_dump(mode="json")
        writer.writerow([_csv_cell(row[name]) for name in names])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _csv_cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
