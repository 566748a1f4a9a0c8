"""The client's filters are those of the service, which it does not import."""

from __future__ import annotations

from typing import get_type_hints

import pytest
from pydantic import BaseModel

from services.api.schemas import search_filters
from services.client import filters

PYTHON_NAMES = {"from": "since", "to": "until"}  # the first is a keyword
POSITION = {"cursor", "limit"}


@pytest.mark.parametrize(
    ("own", "parameters"),
    [
        (filters.AttributionFilters, search_filters.PagedFilters),
        (filters.StanceFilters, search_filters.StanceFilters),
        (filters.TimelineFilters, search_filters.TimelineFilters),
    ],
)
def test_client_has_every_filter_of_the_service(own: type, parameters: type[BaseModel]) -> None:
    names = {field.alias or name for name, field in parameters.model_fields.items()} - POSITION
    assert get_type_hints(own).keys() == {PYTHON_NAMES.get(name, name) for name in names}
