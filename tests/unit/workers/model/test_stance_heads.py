from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.stance_heads import random_stance_weights
from workers.model.stance_heads import (
    ATTENTION_HEADS,
    WIDTH,
    Array,
    Calibration,
    ClaimHead,
    Pair,
    PairHead,
    load_heads,
    softmax,
)

WEIGHTS = random_stance_weights()
HEAD = PairHead.of({name.removeprefix("pairs."): value for name, value in WEIGHTS.items() if name.startswith("pairs.")})
WORDS = np.random.default_rng(3).standard_normal((40, 4 * WIDTH)).astype(np.float16)
PAIRS = [Pair((2, 4), (9, 10), (0, 20)), Pair((30, 31), (25, 29), (20, 40)), Pair((5, 6), (2, 4), (0, 20))]


def gelu(x: Array) -> Array:
    activated: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return activated


def expected_features(vectors: NDArray[np.float16], pair: Pair) -> Array:
    """Return the hidden layer of one pair, computed word by word."""
    words = vectors.astype(np.float32).reshape(-1, 4, WIDTH)
    holder = WEIGHTS["pairs.voice"] if pair.holder is None else np.mean([words[i, 0] for i in range(*pair.holder)], 0)
    target = np.mean([words[i, 1] for i in range(*pair.target)], 0)
    query = WEIGHTS["pairs.query.weight"] @ np.concatenate([holder, target]) + WEIGHTS["pairs.query.bias"]
    size = WIDTH // ATTENTION_HEADS
    parts = []
    for h in range(ATTENTION_HEADS):
        head = slice(h * size, (h + 1) * size)
        logits = [float(query[head] @ words[i, 2, head]) / math.sqrt(size) for i in range(*pair.context)]
        weights = [math.exp(logit - max(logits)) for logit in logits]
        parts.append(
            sum(w / sum(weights) * words[i, 3, head] for w, i in zip(weights, range(*pair.context), strict=True))
        )
    features = np.concatenate([holder, target, holder * target, *parts])
    return gelu(WEIGHTS["pairs.hidden.weight"] @ features + WEIGHTS["pairs.hidden.bias"])


def test_directed_logits_equal_word_by_word_computation() -> None:
    logits = HEAD.directed_logits(WORDS, PAIRS)
    expected = [
        WEIGHTS["pairs.sides.weight"] @ expected_features(WORDS, pair) + WEIGHTS["pairs.sides.bias"] for pair in PAIRS
    ]
    assert logits == pytest.approx(np.array(expected), abs=2e-3)


def test_article_voice_uses_learned_vector_as_holder() -> None:
    pairs = [pair._replace(holder=None) for pair in PAIRS]
    expected = [
        WEIGHTS["pairs.voiced.weight"] @ expected_features(WORDS, pair) + WEIGHTS["pairs.voiced.bias"] for pair in pairs
    ]
    assert HEAD.article_voice_probabilities(WORDS, pairs) == pytest.approx(
        softmax(np.array(expected, np.float32)), abs=2e-3
    )


def test_swapped_pair_has_swapped_probabilities() -> None:
    (forward,), (backward,) = (
        HEAD.pair_probabilities(WORDS, [Pair(*pair, (0, 20))]) for pair in (((2, 4), (9, 10)), ((9, 10), (2, 4)))
    )
    assert forward.sum() == pytest.approx(1)
    assert backward[[0, 3, 4, 1, 2]] == pytest.approx(forward, abs=1e-6)


def test_batched_pairs_equal_single_pairs() -> None:
    many = PAIRS * 50
    alone = np.concatenate([HEAD.pair_probabilities(WORDS, [pair]) for pair in PAIRS])
    assert HEAD.pair_probabilities(WORDS, many) == pytest.approx(np.tile(alone, (50, 1)), abs=1e-5)
    assert HEAD.pair_probabilities(WORDS, []).shape == (0, 5)
    assert HEAD.article_voice_probabilities(WORDS, []).shape == (0, 3)


def test_claim_head_uses_mean_vectors() -> None:
    head = ClaimHead.of(
        {name.removeprefix("claims."): value for name, value in WEIGHTS.items() if name.startswith("claims.")}
    )
    vectors = WORDS[:, :WIDTH].astype(np.float32)
    claim, statement = vectors[:10].mean(0), vectors[10:].mean(0)
    features = np.concatenate([claim, statement, claim * statement, abs(claim - statement)])
    hidden = gelu(WEIGHTS["claims.hidden.weight"] @ features + WEIGHTS["claims.hidden.bias"])
    score = float((WEIGHTS["claims.side.weight"] @ hidden + WEIGHTS["claims.side.bias"])[0])
    assert head.support_probability(vectors, 10) == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-5)


def test_calibration_applies_temperature_and_biases() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1]], np.float32)
    assert Calibration(1.0, (0.0, 0.0, 0.0)).calibrate(probabilities) == pytest.approx(probabilities)
    assert Calibration(2.0, (0.0, 0.0, 0.0)).calibrate(probabilities)[0] == pytest.approx(
        np.sqrt([0.7, 0.2, 0.1]) / np.sqrt([0.7, 0.2, 0.1]).sum()
    )
    biased = np.array([0.7, 0.2, 0.1 * math.e])
    assert Calibration(1.0, (0.0, 0.0, 1.0)).calibrate(probabilities)[0] == pytest.approx(biased / biased.sum())


def test_heads_are_loaded_from_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "sides.npz", allow_pickle=False, **WEIGHTS)
    pairs, _ = load_heads(tmp_path / "sides.npz")
    assert np.array_equal(pairs.pair_probabilities(WORDS, PAIRS), HEAD.pair_probabilities(WORDS, PAIRS))
    np.savez(
        tmp_path / "incomplete.npz",
        allow_pickle=False,
        **{name: value for name, value in WEIGHTS.items() if "voice" not in name},
    )
    with pytest.raises(KeyError):
        load_heads(tmp_path / "incomplete.npz")


def test_rare_class_is_chosen_at_lower_probability() -> None:
    calibration = Calibration(1.0, (0.0, 0.0), priors=(0.95, 0.05))
    assert calibration.choose(np.array([0.6, 0.4], np.float32)) == 1
    assert calibration.choose(np.array([0.7, 0.3], np.float32)) == 0
    assert Calibration(1.0, (0.0, 0.0), priors=(0.5, 0.5)).choose(np.array([0.51, 0.49], np.float32)) == 0
