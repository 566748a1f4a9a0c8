from __future__ import annotations

from itertools import pairwise, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.model.tags import decode_spans, forbidden_transitions, tag_count
from workers.model.viterbi import best_tags, tag_probabilities

LABELS = 2
IMPOSSIBLE = -1e4


def tables(seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    after, first = forbidden_transitions(LABELS)
    count = tag_count(LABELS)
    transitions = chance.normal(size=(count, count)).astype(np.float32)
    begin = chance.normal(size=count).astype(np.float32)
    return np.where(after, np.float32(IMPOSSIBLE), transitions), np.where(first, np.float32(IMPOSSIBLE), begin)


def total(sequence: tuple[int, ...], scores: np.ndarray, transitions: np.ndarray, first: np.ndarray) -> float:
    between = sum(float(transitions[a, b]) for a, b in pairwise(sequence))
    return float(first[sequence[0]]) + between + sum(float(scores[i, tag]) for i, tag in enumerate(sequence))


@settings(deadline=None)  # other load is harmless
@given(st.integers(0, 10_000), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_best_tags_have_highest_score_of_all_sequences(seed: int, lengths: list[int]) -> None:
    transitions, first = tables(seed)
    scores = np.random.default_rng(seed + 1).normal(scale=2, size=(sum(lengths), tag_count(LABELS))).astype(np.float32)
    windows, start = [], 0
    for length in lengths:
        windows.append((start, start + length))
        start += length
    tags = best_tags(scores, windows, transitions, first).tolist()
    for begin, end in windows:
        part = scores[begin:end]
        best = max(
            product(range(tag_count(LABELS)), repeat=end - begin),
            key=lambda tags: total(tags, part, transitions, first),
        )
        assert (
            abs(total(tuple(tags[begin:end]), part, transitions, first) - total(best, part, transitions, first)) < 1e-3
        )


@given(st.integers(0, 10_000), st.integers(0, 300))
def test_best_tags_never_break_a_span(seed: int, words: int) -> None:
    transitions, first = tables(seed)
    scores = np.random.default_rng(seed).normal(scale=5, size=(words, tag_count(LABELS))).astype(np.float32)
    tags = best_tags(scores, [(0, words)] if words else [], transitions, first).tolist()
    covered = [0] * words
    for start, end, label in decode_spans(tags):
        covered[start:end] = [1 + 2 * label, *[2 + 2 * label] * (end - start - 1)]
    assert covered == tags


def test_windows_beyond_one_batch_are_decoded() -> None:
    transitions, first = tables(3)
    scores = np.random.default_rng(3).normal(size=(300, tag_count(LABELS))).astype(np.float32)
    tags = best_tags(scores, [(i, i + 1) for i in range(300)], transitions, first)
    assert tags.tolist() == (scores + first).argmax(1).tolist()


def test_tag_probabilities_are_softmax_of_scores() -> None:
    scores = np.log(np.array([[1, 3, 4], [8, 1, 1]], dtype=np.float32))
    assert np.allclose(tag_probabilities(scores, np.array([2, 0], dtype=np.int8)), [0.5, 0.8])
