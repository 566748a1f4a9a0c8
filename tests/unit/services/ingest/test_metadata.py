from __future__ import annotations

from typing import Any

import pytest

from services.contracts import Article
from services.ingest.metadata import bound_metadata
from services.settings import Limits


def article(metadata: dict[str, Any] | None) -> Article:
    return Article(body="The minister said no.", metadata=metadata)


@pytest.mark.parametrize("metadata", [None, {}, {"section": "Local", "tags": ["tram"]}])
def test_metadata_within_the_limit_is_kept(metadata: dict[str, Any] | None) -> None:
    pushed = article(metadata)
    assert bound_metadata(pushed, Limits()) == (pushed, ())


def test_fields_that_do_not_fit_are_left_out_with_a_warning() -> None:
    metadata = {"section": "Local", "large": "é" * 100, "tags": ["tram"]}
    bounded, [warning] = bound_metadata(article(metadata), Limits(metadata_bytes=100))
    assert bounded.metadata == {"section": "Local", "tags": ["tram"]}
    assert (warning.code, warning.detail) == ("metadata_cut", "metadata: has more than 100 bytes; left out: large")


def test_metadata_of_which_nothing_fits_is_null() -> None:
    names = [f"{number:02}" for number in range(15)]
    bounded, [warning] = bound_metadata(article(dict.fromkeys(names, "x" * 99)), Limits(metadata_bytes=50))
    assert bounded.metadata is None
    assert warning.detail.endswith(f"left out: {', '.join(names[:10])} and 5 more")
