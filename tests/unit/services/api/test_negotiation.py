from __future__ import annotations

import pytest

from services.api.negotiation import Format, negotiate_format
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
    ],
)
def test_the_format_is_what_the_client_likes_best(accept: str | None, expected: Format) -> None:
    assert negotiate_format(accept or "*/*") is expected


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", ",", "application/json;q=nonsense"])
def test_what_cannot_be_had_is_406(accept: str) -> None:
    with pytest.raises(ProblemError) as refused:
        negotiate_format(accept)
    assert refused.value.problem.status == 406
