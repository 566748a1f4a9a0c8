from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.middleware.body_limits import check_nesting
from services.api.problems import ProblemError
from tests.support.growth import assert_linear

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def is_rejected(body: bytes, limit: int) -> bool:
    try:
        check_nesting(body, limit)
    except ProblemError as error:
        return (error.problem.status, error.problem.code) == (400, "nesting_too_deep")
    return False


@given(JSON, st.booleans())
def test_nesting_is_counted_like_a_parser_does(value: Any, ascii_only: bool) -> None:  # noqa: FBT001 -- drawn by hypothesis
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert not is_rejected(body, depth(value))
    if depth(value):
        assert is_rejected(body, depth(value) - 1)


@pytest.mark.parametrize(
    "body",
    [
        b'"[[[["',
        b'{"a": "{{{{"}',
        b'"\\"[[[["',
        b'"\\\\\\"[[[["',
        b'{"[[[[": 1}',
        b'"never closed [[[[',
        b'"never closed \\" [[[[',
        b'"ends in a backslash [[[[\\',
        b'"line\nbreak [[[["',
        b"",
        b"[],[],[],[],{},{}",
    ],
)
def test_brackets_in_strings_and_siblings_are_not_nesting(body: bytes) -> None:
    assert not is_rejected(body, 1)


@pytest.mark.parametrize("body", [b'"\\\\"[[', b'""[[', b'{"a": {', b"[\x00[", b'"a" "b" [{'])
def test_brackets_after_a_string_are_nesting(body: bytes) -> None:
    assert is_rejected(body, 1)


def test_missing_body_is_accepted() -> None:
    check_nesting(None, 1)


@pytest.mark.parametrize(
    "piece", [b'"\\"', b'\\"', b'"', b'"a', b"\\", b"[]", b'"[', b'{"a":"b"},', b"x"], ids=lambda piece: piece.decode()
)
def test_time_is_linear_in_the_body(piece: bytes) -> None:
    def body(size: int) -> bytes:
        return b'"' + piece * (size // len(piece))

    assert assert_linear("depth", lambda content: check_nesting(content, len(content)), body, 2_000_000) < 1.5
