"""JSON, NDJSON or CSV, as ``Accept`` asks; the latter two row by row, so that long answers need no memory."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.api.problems import ProblemError


class Format(StrEnum):
    """The media types, the default first."""

    JSON = "application/json"
    NDJSON = "application/x-ndjson"
    CSV = "text/csv"


_OTHER_NAMES: Final = {"application/ndjson": Format.NDJSON, "application/jsonl": Format.NDJSON, "*/*": Format.JSON}
_RANGES: Final = {"application/*": Format.JSON, "text/*": Format.CSV}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def asked(accept: str | None) -> Format:
    """The format that the header likes best. Raises ProblemError (406)."""
    liked: list[tuple[float, Format]] = []
    for part in (accept or "*/*").split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        known = {**{one.value: one for one in Format}, **_OTHER_NAMES, **_RANGES}.get(name)
        weight = next((value for value in parameters if value.startswith("q=")), "q=1")
        try:
            quality = float(weight[2:])
        except ValueError:
            quality = 0.0
        if known is not None and quality > 0:
            liked.append((quality, known))
    if not liked:
        raise ProblemError(406, "not_acceptable", f"Accept: there are {', '.join(Format)}")
    return max(liked, key=lambda one: one[0])[1]


def stream(kind: Format, model: type[BaseModel], items: Iterable[BaseModel]) -> Response:
    """The items as NDJSON or CSV (RFC 4180, UTF-8, a header line first).

    In CSV a text that a spreadsheet would run as a formula gets an apostrophe in front; null is an empty cell.
    """
    lines = _csv(model, items) if kind is Format.CSV else (item.model_dump_json() + "\n" for item in items)
    return StreamingResponse(lines, media_type=kind.value, headers={"Vary": "Accept"})


def _csv(model: type[BaseModel], items: Iterable[BaseModel]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    names = list(model.model_fields)
    writer.writerow(names)
    for item in items:
        row = item.model_dump(mode="json")
        writer.writerow([_cell(row[name]) for name in names])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
