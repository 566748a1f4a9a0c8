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
    made: Array = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return made


def told(vectors: NDArray[np.float16], pair: Pair) -> Array:
    """What is told of one pair, worked out word by word."""
    words = vectors.astype(np.float32).reshape(-1, 4, WIDTH)
    holder = WEIGHTS["pairs.voice"] if pair.holder is None else np.mean([words[i, 0] for i in range(*pair.holder)], 0)
    target = np.mean([words[i, 1] for i in range(*pair.target)], 0)
    asked = WEIGHTS["pairs.query.weight"] @ np.concatenate([holder, target]) + WEIGHTS["pairs.query.bias"]
    size = WIDTH // ATTENTION_HEADS
    parts = []
    for h in range(ATTENTION_HEADS):
        cut = slice(h * size, (h + 1) * size)
        fits = [float(asked[cut] @ words[i, 2, cut]) / math.sqrt(size) for i in range(*pair.context)]
        weights = [math.exp(fit - max(fits)) for fit in fits]
        parts.append(
            sum(w / sum(weights) * words[i, 3, cut] for w, i in zip(weights, range(*pair.context), strict=True))
        )
    features = np.concatenate([holder, target, holder * target, *parts])
    return gelu(WEIGHTS["pairs.hidden.weight"] @ features + WEIGHTS["pairs.hidden.bias"])


def test_sides_are_what_the_weights_say_word_by_word() -> None:
    found = HEAD.directed_logits(WORDS, PAIRS)
    wanted = [WEIGHTS["pairs.sides.weight"] @ told(WORDS, pair) + WEIGHTS["pairs.sides.bias"] for pair in PAIRS]
    assert found == pytest.approx(np.array(wanted), abs=2e-3)


def test_the_articles_voice_stands_in_for_a_holder() -> None:
    pairs = [pair._replace(holder=None) for pair in PAIRS]
    wanted = [WEIGHTS["pairs.voiced.weight"] @ told(WORDS, pair) + WEIGHTS["pairs.voiced.bias"] for pair in pairs]
    assert HEAD.article_voice_probabilities(WORDS, pairs) == pytest.approx(softmax(np.array(wanted, np.float32)), abs=2e-3)


def test_turned_round_a_pair_has_its_sides_turned_round() -> None:
    (one,), (other,) = (HEAD.pair_probabilities(WORDS, [Pair(*pair, (0, 20))]) for pair in (((2, 4), (9, 10)), ((9, 10), (2, 4))))
    assert one.sum() == pytest.approx(1)
    assert other[[0, 3, 4, 1, 2]] == pytest.approx(one, abs=1e-6)


def test_many_pairs_say_the_same_as_each_alone() -> None:
    many = PAIRS * 50
    alone = np.concatenate([HEAD.pair_probabilities(WORDS, [pair]) for pair in PAIRS])
    assert HEAD.pair_probabilities(WORDS, many) == pytest.approx(np.tile(alone, (50, 1)), abs=1e-5)
    assert HEAD.pair_probabilities(WORDS, []).shape == (0, 5)
    assert HEAD.article_voice_probabilities(WORDS, []).shape == (0, 3)


def test_a_claim_and_a_statement_are_weighed_by_their_means() -> None:
    head = ClaimHead.of(
        {name.removeprefix("claims."): value for name, value in WEIGHTS.items() if name.startswith("claims.")}
    )
    vectors = WORDS[:, :WIDTH].astype(np.float32)
    claim, said = vectors[:10].mean(0), vectors[10:].mean(0)
    features = np.concatenate([claim, said, claim * said, abs(claim - said)])
    hidden = gelu(WEIGHTS["claims.hidden.weight"] @ features + WEIGHTS["claims.hidden.bias"])
    score = float((WEIGHTS["claims.side.weight"] @ hidden + WEIGHTS["claims.side.bias"])[0])
    assert head.support_probability(vectors, 10) == pytest.approx(1 / (1 + math.exp(-score)), abs=1e-5)


def test_a_scale_flattens_or_sharpens_and_moves_classes() -> None:
    shares = np.array([[0.7, 0.2, 0.1]], np.float32)
    assert Calibration(1.0, (0.0, 0.0, 0.0)).calibrate(shares) == pytest.approx(shares)
    assert Calibration(2.0, (0.0, 0.0, 0.0)).calibrate(shares)[0] == pytest.approx(
        np.sqrt([0.7, 0.2, 0.1]) / np.sqrt([0.7, 0.2, 0.1]).sum()
    )
    moved = np.array([0.7, 0.2, 0.1 * math.e])
    assert Calibration(1.0, (0.0, 0.0, 1.0)).calibrate(shares)[0] == pytest.approx(moved / moved.sum())


def test_weights_are_read_from_their_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "sides.npz", allow_pickle=False, **WEIGHTS)
    pairs, _ = load_heads(tmp_path / "sides.npz")
    assert np.array_equal(pairs.pair_probabilities(WORDS, PAIRS), HEAD.pair_probabilities(WORDS, PAIRS))
    np.savez(
        tmp_path / "less.npz",
        allow_pickle=False,
        **{name: value for name, value in WEIGHTS.items() if "voice" not in name},
    )
    with pytest.raises(KeyError):
        load_heads(tmp_path / "less.npz")


def test_a_rare_class_needs_less_to_be_chosen() -> None:
    scale = Calibration(1.0, (0.0, 0.0), priors=(0.95, 0.05))
    assert scale.choose(np.array([0.6, 0.4], np.float32)) == 1
    assert scale.choose(np.array([0.7, 0.3], np.float32)) == 0
    assert Calibration(1.0, (0.0, 0.0), priors=(0.5, 0.5)).choose(np.array([0.51, 0.49], np.float32)) == 0
