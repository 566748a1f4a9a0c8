from __future__ import annotations

import pytest

from workers.model.tags import TaggedSpan, decode_spans, encode_spans, forbidden_transitions, tag_count


@pytest.mark.parametrize(
    ("spans", "tags"),
    [
        ([], [0, 0, 0, 0]),
        ([TaggedSpan(0, 2, 0), TaggedSpan(2, 4, 0)], [1, 2, 1, 2]),
        ([TaggedSpan(1, 4, 1)], [0, 3, 4, 4]),
    ],
)
def test_spans_round_trip_through_tags(spans: list[TaggedSpan], tags: list[int]) -> None:
    assert encode_spans(spans, 4) == tags
    assert decode_spans(tags) == spans


def test_first_of_overlapping_spans_is_encoded() -> None:
    assert decode_spans(encode_spans([TaggedSpan(0, 3, 0), TaggedSpan(2, 4, 1)], 4)) == [TaggedSpan(0, 3, 0)]


def test_inside_tag_may_only_follow_tags_of_its_label() -> None:
    after, first = forbidden_transitions(2)
    assert after.shape == (tag_count(2), tag_count(2))
    assert [(a, b) for a in range(5) for b in range(5) if not after[a, b] and b in {2, 4}] == [
        (1, 2),
        (2, 2),
        (3, 4),
        (4, 4),
    ]
    assert first.tolist() == [False, False, True, False, True]
