from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import cursors


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_sequence_round_trips(sequence: int) -> None:
    cursor = cursors.encode(str(sequence))
    assert cursors.decode_sequence(cursor) == sequence
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor), "needs no escaping in an address"


@given(st.uuids())
def test_id_round_trips(job_id: UUID) -> None:
    assert cursors.decode_id(cursors.encode(str(job_id))) == job_id


@given(st.text())
def test_arbitrary_text_is_decoded_or_rejected(cursor: str) -> None:
    for decode in (cursors.decode_sequence, cursors.decode_id):
        try:
            decode(cursor)
        except ValueError as error:
            refusal = str(error)
        else:
            continue
        assert "not a cursor" in refusal


@pytest.mark.parametrize("value", ["", "-1", "1.5", " 1", "1" * 19, "²", "one"])
def test_cursor_without_a_sequence_is_rejected(value: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_sequence(cursors.encode(value))


def test_cursor_of_another_list_is_rejected() -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_id(cursors.encode("17"))
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_sequence(cursors.encode("01a20af8-ab79-74f7-8d91-a50fdc4cbb3d"))
