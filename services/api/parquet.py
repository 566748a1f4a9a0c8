"""Items as Apache Parquet, for notebooks and warehouses. Needs the extra ``parquet`` (pyarrow)."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any, Final, get_args
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

_ROWS: Final = 5_000  # in a row group, which is held in memory


def is_available() -> bool:
    """Return whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


class _Pipe(io.RawIOBase):
    """Keeps what a writer writes until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:  # any buffer
        self._pieces.append(bytes(piece))
        return len(self._pieces[-1])

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def parquet_pieces(model: type[BaseModel], items: Iterable[BaseModel]) -> Iterator[bytes]:
    """Yield the file in pieces, a row group at a time. Instants are in UTC, to the microsecond."""
    import pyarrow as pa  # only where it is asked for: it is an extra, and large
    from pyarrow.parquet import ParquetWriter

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), date: pa.date32()}
    kinds |= {datetime: pa.timestamp("us", tz="UTC"), bool: pa.bool_()}
    columns = {name: _kind(field.annotation) for name, field in model.model_fields.items()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
    pipe, remaining = _Pipe(), iter(items)
    with ParquetWriter(pipe, schema, compression="zstd") as writer:
        while rows := [item.model_dump() for item in islice(remaining, _ROWS)]:
            values = {name: [_cell(row.get(name)) for row in rows] for name in columns}
            writer.write_table(pa.table(values, schema=schema))
            yield pipe.take()
    yield pipe.take()


def _kind(annotation: Any) -> type:
    """Return the type of a column for a field's annotation: that of its values beside null."""
    alternatives = [part for part in get_args(annotation) if isinstance(part, type) and part is not type(None)]
    python_type = alternatives[0] if alternatives else annotation
    if python_type is AwareDatetime:
        return datetime
    for kind in (bool, int, float, datetime, date):
        if isinstance(python_type, type) and issubclass(python_type, kind) and not issubclass(python_type, Enum):
            return kind
    return str  # texts, enums, UUIDs and literals


def _cell(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.value if isinstance(value, Enum) else value
