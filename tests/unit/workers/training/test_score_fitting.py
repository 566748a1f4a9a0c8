from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from workers.evaluation.calibration import calibration_error, reliability
from workers.training.score_fitting import fit_logistic, fit_temperature


def test_logistic_regression_recovers_the_weights_behind_the_labels() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(20_000, 2))
    labels = random.random(20_000) < 1 / (1 + np.exp(-(features @ [2.0, -1.0] + 0.5)))
    fitted = fit_logistic(features, labels, penalty=0.1)
    assert fitted.weights == pytest.approx([2.0, -1.0], abs=0.1)
    assert fitted.bias == pytest.approx(0.5, abs=0.1)


def test_penalty_keeps_weights_finite_for_separable_labels() -> None:
    weak, strong = (fit_logistic([[-1.0], [1.0]], [False, True], penalty).weights[0] for penalty in (0.1, 10.0))
    assert 0 < strong < weak < 10


def test_bias_is_not_penalised() -> None:
    fitted = fit_logistic([[-1.0], [1.0]] * 100, [True, True] * 90 + [False, False] * 10, penalty=1e6)
    assert fitted.weights == pytest.approx([0.0], abs=1e-3)
    assert fitted.bias == pytest.approx(np.log(9), abs=1e-3)


def test_temperature_and_shifts_recover_calibrated_probabilities() -> None:
    random = np.random.default_rng(4)
    scores = random.normal(size=(30_000, 3)) * 2
    gold = (scores + random.gumbel(size=scores.shape)).argmax(1)  # draws classes with the softmax of the scores
    distorted = np.exp(2 * (scores - [0, 0.5, -1.0]))
    temperature, shifts = fit_temperature(distorted / distorted.sum(1, keepdims=True), gold)
    assert temperature == pytest.approx(2.0, abs=0.1)
    assert shifts == pytest.approx([0.0, 0.5, -1.0], abs=0.1)


def test_temperature_lowers_the_calibration_error_of_overconfident_scores() -> None:
    random = np.random.default_rng(2)
    true = random.uniform(0.05, 0.95, 20_000)
    correct = random.random(20_000) < true
    overconfident = true**2 / (true**2 + (1 - true) ** 2)
    probabilities = np.column_stack([1 - overconfident, overconfident])
    temperature, shifts = fit_temperature(probabilities, correct.astype(int))
    assert temperature == pytest.approx(2.0, abs=0.1)
    assert shifts[0] == 0.0
    scaled = np.exp(np.log(probabilities) / temperature + shifts)
    calibrated = scaled[:, 1] / scaled.sum(1)
    before, after = (
        calibration_error(reliability(scores.tolist(), correct.tolist())) for scores in (overconfident, calibrated)
    )
    assert after < 0.015 < before


def test_workers_and_evaluation_import_no_training_library() -> None:
    check = "import sys; sys.modules |= dict.fromkeys(['torch', 'sklearn', 'scipy'])\n"
    check += "import workers.host.celery_worker, workers.pipeline.pipeline, workers.training.evaluate"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
