from __future__ import annotations

import numpy as np
import pytest

from workers.coreference.attribution_scores import weighted_probability
from workers.training.attribution_scores import FOLDS, Example, cross_validated_error, fit


def examples(count: int, seed: int = 1) -> list[Example]:
    """Return examples whose label follows a logistic function of two features, one of them rarely present."""
    random = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        features = {"certain": float(random.normal())} | ({"rare": 1.0} if random.random() < 0.2 else {})
        logit = 1.5 * features["certain"] - 2 * features.get("rare", 0.0) + 0.5
        drawn.append(Example(number // 10, features, bool(random.random() < 1 / (1 + np.exp(-logit)))))
    return drawn


def test_fit_recovers_the_weights_in_the_units_of_the_features() -> None:
    weights = fit(examples(20_000))
    assert weights == pytest.approx({"bias": 0.5, "certain": 1.5, "rare": -2.0}, abs=0.12)


def test_scores_of_a_fit_agree_with_the_share_that_is_right() -> None:
    weights = fit(examples(20_000))
    fresh = examples(5_000, seed=2)
    likely = [each for each in fresh if 0.7 < weighted_probability(each.features, weights) < 0.8]
    assert sum(each.is_right for each in likely) / len(likely) == pytest.approx(0.75, abs=0.05)
    assert cross_validated_error(fresh) < 0.04


def test_calibration_error_is_measured_on_articles_that_were_not_fitted() -> None:
    random = np.random.default_rng(3)
    luck = [Example(number, {f"article {number}": 1.0}, bool(random.random() < 0.5)) for number in range(20 * FOLDS)]
    repeated = luck * 30  # each article is its own feature, so that its label is learned by heart
    weights = fit(repeated)
    by_heart = [abs(weighted_probability(each.features, weights) - each.is_right) for each in luck]
    assert max(by_heart) < 0.2
    assert cross_validated_error(repeated) < 0.2  # the articles held out have no known feature: all have the base rate
