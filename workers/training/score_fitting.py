"""Fits what turns the model's certainty into probabilities: a logistic regression, and a temperature with shifts.

Uses scikit-learn and SciPy. Inference applies the fitted numbers without either: ``workers.model.confidence``
and ``workers.model.stance_heads.Scale``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

Array = NDArray[np.float64]

_SMALLEST_PROBABILITY: Final = 1e-9
_HIGHEST_TEMPERATURE: Final = 1e3


class LogisticWeights(NamedTuple):
    """The probability is the logistic function of ``features @ weights + bias``."""

    weights: Array
    bias: float


def fit_logistic(features: ArrayLike, labels: ArrayLike, penalty: float = 1.0) -> LogisticWeights:
    """Fit a logistic regression on rows of features and one label (true or false) per row.

    Half of ``penalty`` times the squared weights is added to the summed log loss; the bias is not penalised.
    As one penalty applies to all features, bring them to one scale first.
    """
    model = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8)
    model.fit(np.asarray(features, np.float64), np.asarray(labels, bool))
    return LogisticWeights(np.asarray(model.coef_[0], np.float64), float(model.intercept_[0]))


def fit_temperature(probabilities: ArrayLike, gold: ArrayLike) -> tuple[float, list[float]]:
    """Fit a temperature, and a shift of each class after the first (Guo et al., ICML 2017).

    ``probabilities`` are the model's, [answers, classes]; ``gold`` is the correct class of each answer. Returns the
    temperature and the shifts; the first shift is 0. The log loss is convex in the inverse temperature and the shifts.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _SMALLEST_PROBABILITY))
    answers, classes = logs.shape
    is_gold = np.zeros(logs.shape)
    is_gold[np.arange(answers), np.asarray(gold, np.intp)] = 1.0

    def loss(parameters: Array) -> tuple[float, Array]:
        """Return the mean log loss and its gradient; the parameters are the inverse temperature, then the shifts."""
        scores = logs * parameters[0] + np.concatenate([[0.0], parameters[1:]])
        log_probabilities = scores - logsumexp(scores, axis=1, keepdims=True)
        residuals = np.exp(log_probabilities) - is_gold
        gradient = np.concatenate([[(residuals * logs).sum()], residuals[:, 1:].sum(0)])
        return -float((log_probabilities * is_gold).sum()) / answers, gradient / answers

    start = np.concatenate([[1.0], np.zeros(classes - 1)])
    bounds = [(1 / _HIGHEST_TEMPERATURE, None), *[(None, None)] * (classes - 1)]
    fitted = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000}
    )
    return float(1 / fitted.x[0]), [0.0, *fitted.x[1:].tolist()]
