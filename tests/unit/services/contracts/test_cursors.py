from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import cursors
from services.contracts.cursors import ResultCursor


@given(st.from_regex(r"[0-9a-f]{1,16}", fullmatch=True), st.integers(min_value=0, max_value=10**18 - 1))
def test_position_in_the_results_round_trips_with_its_epoch(epoch: str, sequence: int) -> None:
    cursor = cursors.encode_result(ResultCursor(epoch, sequence))
    assert cursors.decode_result(cursor) == ResultCursor(epoch, sequence)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", cursor), "needs no escaping in an address"


def test_cursor_of_a_version_without_epochs_has_none() -> None:
    assert cursors.decode_result(cursors.encode("17")) == ResultCursor("", 17)


@given(st.uuids())
def test_id_round_trips(job_id: UUID) -> None:
    assert cursors.decode_id(cursors.encode(str(job_id))) == job_id


@given(st.text())
def test_arbitrary_text_is_decoded_or_rejected(cursor: str) -> None:
    for decode in (cursors.decode_result, cursors.decode_id):
        try:
            decode(cursor)
        except ValueError as error:
            refusal = str(error)
        else:
            continue
        assert "not a cursor" in refusal


@pytest.mark.parametrize("value", ["", "-1", "1.5", " 1", "1" * 19, "²", "one", ":1", "wxyz:1", "a:b:1", "a:"])
def test_cursor_without_a_sequence_is_rejected(value: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_result(cursors.encode(value))


def test_cursor_of_another_list_is_rejected() -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_id(cursors.encode("17"))
    with pytest.raises(ValueError, match="not a cursor"):
        cursors.decode_result(cursors.encode("01a20af8-ab79-74f7-8d91-a50fdc4cbb3d"))
