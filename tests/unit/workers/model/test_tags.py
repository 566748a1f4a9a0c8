from __future__ import annotations

import pytest

from workers.model.tags import TaggedSpan, decode_spans, encode_spans, forbidden_transitions, tag_count


@pytest.mark.parametrize(
    ("found", "written"),
    [
        ([], [0, 0, 0, 0]),
        ([TaggedSpan(0, 2, 0), TaggedSpan(2, 4, 0)], [1, 2, 1, 2]),
        ([TaggedSpan(1, 4, 1)], [0, 3, 4, 4]),
    ],
)
def test_spans_and_tags_are_two_ways_to_write_the_same(found: list[TaggedSpan], written: list[int]) -> None:
    assert encode_spans(found, 4) == written
    assert decode_spans(written) == found


def test_of_spans_that_overlap_the_first_stays() -> None:
    assert decode_spans(encode_spans([TaggedSpan(0, 3, 0), TaggedSpan(2, 4, 1)], 4)) == [TaggedSpan(0, 3, 0)]


def test_only_a_span_s_own_tags_may_go_on_with_it() -> None:
    after, first = forbidden_transitions(2)
    assert after.shape == (tag_count(2), tag_count(2))
    assert [(a, b) for a in range(5) for b in range(5) if not after[a, b] and b in {2, 4}] == [
        (1, 2),
        (2, 2),
        (3, 4),
        (4, 4),
    ]
    assert first.tolist() == [False, False, True, False, True]
