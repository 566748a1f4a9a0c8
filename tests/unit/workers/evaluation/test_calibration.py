from __future__ import annotations

import numpy as np
import pytest

from workers.evaluation.calibration import calibration_error, logistic, reliability, scale, scaling


def test_logistic_regression_finds_the_weights_that_made_the_labels() -> None:
    draw = np.random.default_rng(1)
    features = draw.normal(size=(20_000, 2))
    labels = draw.random(20_000) < 1 / (1 + np.exp(-(features @ [2.0, -1.0] + 0.5)))
    found = logistic(features, labels, penalty=0.1)
    assert found.weights == pytest.approx([2.0, -1.0], abs=0.1)
    assert found.bias == pytest.approx(0.5, abs=0.1)


def test_the_penalty_keeps_weights_finite_where_labels_can_be_told_apart() -> None:
    weak, strong = (logistic([[-1.0], [1.0]], [False, True], penalty).weights[0] for penalty in (0.1, 10.0))
    assert 0 < strong < weak < 10


def test_a_temperature_undoes_scores_that_are_too_sure() -> None:
    draw = np.random.default_rng(2)
    true = draw.uniform(0.05, 0.95, 20_000)
    right = [bool(one) for one in draw.random(20_000) < true]
    sure = true**2 / (true**2 + (1 - true) ** 2)
    found = scaling(sure, right, shift=False)
    assert (found.slope, found.offset) == (pytest.approx(0.5, abs=0.03), 0.0)
    before, after = (calibration_error(reliability(list(scores), right)) for scores in (sure, found.probability(sure)))
    assert after < 0.015 < before


def test_a_shift_moves_scores_that_are_all_right_only_so_far() -> None:
    assert 0.8 < scaling([0.4, 0.5, 0.6, 0.5] * 5, [True] * 20).probability([0.5])[0] < 1


def test_bins_have_their_lower_edge_and_the_last_has_one() -> None:
    bins = reliability([0.0, 0.5, 1.0], [False, True, True], bins=2)
    assert [(one.answers, one.score, one.right) for one in bins] == [(1, 0.0, 0.0), (2, 0.75, 1.0)]
    assert calibration_error(bins) == pytest.approx(2 / 3 * 0.25)
    with pytest.raises(ValueError, match="no answers"):
        calibration_error(reliability([], []))


def test_a_scale_undoes_a_temperature_and_shifts_of_classes() -> None:
    draw = np.random.default_rng(4)
    scores = draw.normal(size=(30_000, 3)) * 2
    true = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    gold = [int(draw.choice(3, p=row)) for row in true]
    seen = np.exp(2 * (scores - [0, 0.5, -1.0]))
    temperature, shift = scale(seen / seen.sum(1, keepdims=True), gold)
    assert temperature == pytest.approx(2.0, abs=0.1)
    assert shift == pytest.approx([0.0, 0.5, -1.0], abs=0.1)
