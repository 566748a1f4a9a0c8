from __future__ import annotations

import asyncio
import csv
import io

import pytest
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from services.api.negotiation import Format, negotiate_format, stream_items
from services.api.problems import ProblemError


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, Format.JSON),
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Format.JSON),
        ("text/csv", Format.CSV),
        ("TEXT/CSV; charset=utf-8", Format.CSV),
        ("application/jsonl", Format.NDJSON),
        ("application/json;q=0.1, application/x-ndjson;q=0.2", Format.NDJSON),
        ("text/csv;q=0.5, application/json;q=0.5", Format.CSV),
        ("text/*", Format.CSV),
        ("text/csv;q=x, application/json", Format.JSON),
        ("*/*;q=0.9, application/json;q=0.1", Format.NDJSON),  # the specific range applies to JSON, not the wildcard
        ("*/*, application/json;q=0", Format.NDJSON),
        ("application/json;q=0.2, text/*;q=0.8", Format.CSV),
        ("application/*;q=0.2, application/json;q=0.1, text/csv;q=0.15", Format.NDJSON),
        ("*", Format.JSON),
        ("nonsense, text/csv", Format.CSV),
    ],
)
def test_format_is_the_one_that_the_client_prefers(accept: str | None, expected: Format) -> None:
    assert negotiate_format(accept or "*/*") is expected


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", ",", "application/json;q=nonsense"])
def test_unavailable_format_is_406(accept: str) -> None:
    with pytest.raises(ProblemError) as raised:
        negotiate_format(accept)
    assert raised.value.problem.status == 406


class Cell(BaseModel):
    """A row of one column."""

    text: str


async def body_of(response: StreamingResponse) -> str:
    return "".join([str(part) async for part in response.body_iterator])


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_cell_that_begins_a_formula_gets_an_apostrophe(start: str) -> None:
    response = stream_items(Format.CSV, Cell, [Cell(text=f"{start}1+1"), Cell(text=f"1{start}1")])
    assert isinstance(response, StreamingResponse)
    rows = list(csv.DictReader(io.StringIO(asyncio.run(body_of(response)), newline="")))
    assert [row["text"] for row in rows] == [f"'{start}1+1", f"1{start}1"]
