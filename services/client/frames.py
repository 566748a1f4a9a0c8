"""Data frames of what the service returns. Needs the extra ``pandas``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(items: Iterable[BaseModel], model: type[BaseModel] | None = None) -> pd.DataFrame:
    """Return a data frame with a row for each item and a column for each field.

    Dates and times become timestamps, values of enumerations their strings. ``model`` is the type of the items, which
    names the columns if there may be no items.
    """
    import pandas as pd

    listed = list(items)
    fields = (model or type(listed[0])).model_fields if model or listed else {}
    frame = pd.DataFrame(
        [{name: _plain(getattr(item, name, None)) for name in fields} for item in listed], columns=list(fields)
    )
    for name, field in fields.items():
        kinds = {field.annotation, *get_args(field.annotation)}
        if kinds & {date, datetime}:
            frame[name] = pd.to_datetime(frame[name], utc=datetime in kinds)
    return frame


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
