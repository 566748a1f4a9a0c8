from __future__ import annotations

import numpy as np
import pytest

from workers.model.link_scorer import CONTENT, DISTANCE_BUCKETS, SOURCE, WIDTH, choose_links, distance_bucket
from workers.model.tags import TaggedSpan


@pytest.mark.parametrize(
    ("span", "cue", "bucket"),
    [
        ((0, 2), (2, 3), 0),
        ((0, 2), (4, 5), 2),
        ((0, 2), (6, 7), 4),
        ((0, 2), (7, 8), 5),
        ((0, 2), (12, 13), 6),
        ((0, 1), (900, 901), 9),
        ((3, 4), (2, 3), 10),
        ((8, 9), (2, 3), 15),
        ((900, 901), (2, 3), 19),
    ],
)
def test_distance_buckets_double_in_size(span: tuple[int, int], cue: tuple[int, int], bucket: int) -> None:
    assert distance_bucket(*span, *cue) == bucket < DISTANCE_BUCKETS


def vectors(words: int) -> np.ndarray:
    return np.zeros((words, 2, 2, WIDTH), dtype=np.float16)


def test_content_is_linked_to_cue_with_matching_vector() -> None:
    word_vectors = vectors(20)
    word_vectors[2, CONTENT, 0, 0] = 1  # the cue at 2
    word_vectors[9, CONTENT, 0, 1] = 1  # the cue at 9
    word_vectors[3:6, CONTENT, 1, 1] = 8  # the content from 3 to 6 matches the second cue
    links = choose_links(
        word_vectors.reshape(20, -1),
        [TaggedSpan(3, 6, 2)],
        [TaggedSpan(2, 3, 1), TaggedSpan(9, 10, 1)],
        CONTENT,
        np.zeros(DISTANCE_BUCKETS, dtype=np.float32),
        -5.0,
    )
    assert links[0].choice == 1
    assert links[0].score > 0.99


def test_nearest_candidate_is_chosen_if_vectors_are_equal() -> None:
    distances = np.linspace(1, 0, DISTANCE_BUCKETS // 2, dtype=np.float32)
    links = choose_links(
        vectors(40).reshape(40, -1),
        [TaggedSpan(10, 11, 1), TaggedSpan(30, 31, 1)],
        [TaggedSpan(8, 9, 0), TaggedSpan(28, 29, 0)],
        SOURCE,
        np.concatenate([distances, distances]),
        -5.0,
    )
    assert [link.choice for link in links] == [0, 1]


def test_none_is_chosen_if_it_scores_highest() -> None:
    zeros = np.zeros(DISTANCE_BUCKETS, dtype=np.float32)
    spans = [TaggedSpan(1, 2, 0)]
    assert choose_links(vectors(9).reshape(9, -1), [TaggedSpan(3, 4, 1)], spans, SOURCE, zeros, 4.0)[0].choice == -1
    assert choose_links(vectors(9).reshape(9, -1), [TaggedSpan(3, 4, 1)], [], SOURCE, zeros, 0.0)[0].choice == -1
    assert choose_links(vectors(9).reshape(9, -1), [], spans, SOURCE, zeros, 0.0) == []


def test_candidates_per_chooser_are_bounded() -> None:
    cues = [TaggedSpan(i, i + 1, 1) for i in range(0, 2000, 2)]
    sources = [TaggedSpan(i, i + 1, 0) for i in range(1, 2000, 2)]
    distances = np.zeros(DISTANCE_BUCKETS, dtype=np.float32)
    links = choose_links(vectors(2000).reshape(2000, -1), cues, sources, SOURCE, distances, -5.0)
    assert all(abs(link.choice - i) <= 8 for i, link in enumerate(links))
