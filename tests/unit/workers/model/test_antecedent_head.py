from __future__ import annotations

import numpy as np
import pytest

from workers.coreference.candidates import FEATURES
from workers.model.antecedent_head import packaged_head


@pytest.mark.parametrize("vectors", [True, False])
def test_packaged_head_scores_pairs_with_finite_numbers(*, vectors: bool) -> None:
    head = packaged_head(vectors=vectors)
    assert head.uses_vectors is vectors
    assert head.features.shape[0] == FEATURES
    mentions = np.random.default_rng(1).normal(size=(3, head.anaphor.shape[1])).astype(np.float32)
    pairs = np.array([[2, 1], [2, 0]])
    features = np.array([[0, 20], [1, 21]])
    scores, none_scores = head.score_pairs(mentions, pairs, features, np.array([2]), np.array([0]))
    assert (scores.shape, none_scores.shape) == ((2,), (1,))
    assert np.isfinite([*scores, *none_scores]).all()


def test_order_of_pairs_does_not_change_their_scores() -> None:
    head = packaged_head(vectors=True)
    mentions = np.random.default_rng(1).normal(size=(3, head.anaphor.shape[1])).astype(np.float32)
    pairs, features = np.array([[2, 1], [2, 0]]), np.array([[0, 20], [1, 21]])
    anaphors, classes = np.array([2]), np.array([0])
    forward, _ = head.score_pairs(mentions, pairs, features, anaphors, classes)
    backward, _ = head.score_pairs(mentions, pairs[::-1], features[::-1], anaphors, classes)
    assert forward[::-1] == pytest.approx(backward, abs=1e-5)
