from __future__ import annotations

import io
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel

from services.api import parquet
from services.api.negotiation import Format, negotiate_format
from services.api.problems import ProblemError

pyarrow_parquet = pytest.importorskip("pyarrow.parquet")


class Side(StrEnum):
    FOR = "for"


class Row(BaseModel):
    """One field of each kind that items have."""

    kind: Literal["row"] = "row"
    id: UUID
    at: AwareDatetime
    day: date
    name: str | None
    side: Side | None
    number: int | None
    score: float


def row(number: int) -> Row:
    return Row(
        id=UUID(int=number),
        at=datetime(2026, 11, 20, 10, 0, 0, 1000, UTC),
        day=date(2026, 11, 20),
        name=None if number else "Zoë",
        side=Side.FOR,
        number=number,
        score=0.5,
    )


def test_file_has_every_row_with_the_types_of_its_fields() -> None:
    pieces = list(parquet.parquet_pieces(Row, map(row, range(12_000))))
    assert len(pieces) == 4
    table = pyarrow_parquet.read_table(io.BytesIO(b"".join(pieces)))
    assert table.num_rows == 12_000
    assert table.slice(0, 1).to_pylist() == [{**row(0).model_dump(mode="json"), "at": row(0).at, "day": row(0).day}]
    assert [str(field.type) for field in table.schema] == [
        "string", "string", "timestamp[us, tz=UTC]", "date32[day]", "string", "string", "int64", "double",
    ]  # fmt: skip


def test_file_without_rows_has_the_columns() -> None:
    table = pyarrow_parquet.read_table(io.BytesIO(b"".join(parquet.parquet_pieces(Row, []))))
    assert (table.num_rows, table.schema.names) == (0, list(Row.model_fields))


def test_parquet_without_pyarrow_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert negotiate_format("application/vnd.apache.parquet") is Format.PARQUET
    monkeypatch.setattr(parquet, "is_available", lambda: False)
    with pytest.raises(ProblemError, match="extra `parquet`") as raised:
        negotiate_format("application/vnd.apache.parquet")
    assert raised.value.problem.status == 501
    assert negotiate_format("application/*") is not Format.PARQUET
