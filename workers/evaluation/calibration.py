"""Making a score a probability, and showing how far it is one.

``logistic`` weighs a few features, ``scaling`` corrects one score; both are fitted by Newton's method on the mean
log loss, halving a step that does not help. ``reliability`` sorts answers into bins by their score, and
``calibration_error`` is the expected calibration error of Naeini et al. (AAAI 2015) over these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS: Final = 15
_STEPS: Final = 100
_HALVINGS: Final = 30
_CLOSE: Final = 1e-10
_EDGE: Final = 1e-6
_ROUNDS: Final = 12
_SECTIONS: Final = 20
_WIDE: Final = 2.0
_LEAST: Final = 1e-9
_GOLDEN: Final = (5**0.5 - 1) / 2
_FLOOR: Final = 1e-12  # keeps the curvature invertible where a column is constant and unpunished

Array = NDArray[np.float64]


class Bin(NamedTuple):
    """The answers with a score from ``low`` to ``high``; means are 0 where there are none."""

    low: float
    high: float
    answers: int
    score: float  # mean
    right: float  # share


class Logistic(NamedTuple):
    """Probability is the logistic function of ``features @ weights + bias``."""

    weights: Array
    bias: float

    def probability(self, features: ArrayLike) -> Array:
        """Return the probability of each row of features."""
        return _sigmoid(np.asarray(features, dtype=np.float64) @ self.weights + self.bias)


class Scaling(NamedTuple):
    """Probability is the logistic function of ``slope`` times the score's logit plus ``offset``."""

    slope: float
    offset: float

    def probability(self, scores: ArrayLike) -> Array:
        """Return the corrected probability of each score."""
        return _sigmoid(self.slope * _logit(scores) + self.offset)


def logistic(features: ArrayLike, labels: ArrayLike, penalty: float = 1.0) -> Logistic:
    """Fit a logistic regression; ``penalty`` is added as half its product with the squared weights, never with the bias.

    Features are rows; labels are true or false, one for each row. Bring features to one scale first: one penalty
    holds for all.
    """
    rows = np.asarray(features, dtype=np.float64)
    rows = np.column_stack([rows, np.ones(len(rows))])
    ridge = np.full(rows.shape[1], penalty)
    ridge[-1] = 0.0
    found = _newton(rows, np.asarray(labels, dtype=np.float64), ridge)
    return Logistic(found[:-1], float(found[-1]))


def scaling(scores: ArrayLike, right: Sequence[bool], *, shift: bool = True) -> Scaling:
    """Fit Platt's correction (1999) of probabilities, or with ``shift`` off a temperature (Guo et al., ICML 2017).

    Platt's targets stand in for true and false, so that the fit stays finite on answers that are all right.
    """
    logits = _logit(scores)
    labels = np.asarray(right, dtype=bool)
    positive, negative = int(labels.sum()), int((~labels).sum())
    targets = np.where(labels, (positive + 1) / (positive + 2), 1 / (negative + 2))
    rows = np.column_stack([logits, np.ones(len(logits))]) if shift else logits[:, None]
    found = _newton(rows, targets, np.zeros(rows.shape[1]))
    return Scaling(float(found[0]), float(found[1]) if shift else 0.0)


def scale(shares: ArrayLike, gold: ArrayLike) -> tuple[float, list[float]]:
    """Fit a temperature, and a shift of each class after the first, to probabilities [answers, classes] (Guo et al., ICML 2017).

    ``gold`` are the right classes. Each number in turn is sought by golden section; the cost has one valley.
    """
    logs = np.log(np.maximum(np.asarray(shares, np.float64), _LEAST))
    right = np.asarray(gold, np.intp)
    found = np.zeros(logs.shape[1])  # the logarithm of the temperature, then the shifts

    def cost(at: Array) -> float:
        scores = logs / np.exp(at[0]) + np.concatenate([[0.0], at[1:]])
        return float((np.logaddexp.reduce(scores, 1) - scores[np.arange(len(scores)), right]).sum())

    for _ in range(_ROUNDS):
        for i in range(len(found)):
            low, high = found[i] - _WIDE, found[i] + _WIDE
            for _ in range(_SECTIONS):
                first, second = high - (high - low) * _GOLDEN, low + (high - low) * _GOLDEN
                costs = []
                for value in (first, second):
                    found[i] = value
                    costs.append(cost(found))
                low, high = (low, second) if costs[0] < costs[1] else (first, high)
            found[i] = (low + high) / 2
    return float(np.exp(found[0])), [0.0, *found[1:].tolist()]


def reliability(scores: Sequence[float], right: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Return equal bins from 0 to 1; a score on an edge is in the upper bin, and 1 in the last."""
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for score, is_right in zip(scores, right, strict=True):
        inside[min(bins - 1, int(score * bins))].append((score, is_right))
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(held),
            sum(score for score, _ in held) / max(1, len(held)),
            sum(is_right for _, is_right in held) / max(1, len(held)),
        )
        for number, held in enumerate(inside)
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the mean distance of score and share of right answers, weighed by count; raises ``ValueError`` without answers."""
    total = sum(one.answers for one in bins)
    if not total:
        raise ValueError("no answers to measure")
    return sum(one.answers * abs(one.score - one.right) for one in bins) / total


def _newton(rows: Array, targets: Array, ridge: Array) -> Array:
    """Minimise the summed log loss plus half the ridge's product with the squared weights."""

    def cost(at: Array) -> float:
        total = rows @ at
        return float((np.logaddexp(0.0, total) - targets * total).sum() + (ridge * at * at).sum() / 2)

    weights = np.zeros(rows.shape[1])
    now = cost(weights)
    for _ in range(_STEPS):
        expected = _sigmoid(rows @ weights)
        slope = rows.T @ (expected - targets) + ridge * weights
        curvature = (rows.T * (expected * (1 - expected))) @ rows + np.diag(ridge + _FLOOR)
        step = np.linalg.solve(curvature, slope)
        for halving in range(_HALVINGS):
            nearer = weights - step / 2**halving
            value = cost(nearer)
            if value < now:
                break
        else:
            return weights
        weights, gain, now = nearer, now - value, value
        if gain < _CLOSE * max(1.0, abs(now)):
            break
    return weights


def _sigmoid(values: Array) -> Array:
    result: Array = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return result


def _logit(scores: ArrayLike) -> Array:
    bounded = np.clip(np.asarray(scores, dtype=np.float64), _EDGE, 1 - _EDGE)
    result: Array = np.log(bounded / (1 - bounded))
    return result
