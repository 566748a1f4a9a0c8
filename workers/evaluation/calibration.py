"""Measures how well scores match the share of correct answers: reliability bins and the expected calibration error.

Fitting the scores is a matter of training: see ``workers.training.score_fitting``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

BINS: Final = 15


class Bin(NamedTuple):
    """The answers with a score from ``low`` to ``high``. The mean score and the accuracy of an empty bin are 0."""

    low: float
    high: float
    answers: int
    mean_score: float
    accuracy: float


def reliability(scores: Sequence[float], correct: Sequence[bool], bins: int = BINS) -> list[Bin]:
    """Sort answers by score into bins of equal width from 0 to 1.

    A score on an edge belongs to the upper bin; a score of 1 belongs to the last bin.
    """
    answers: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for score, is_correct in zip(scores, correct, strict=True):
        answers[min(bins - 1, int(score * bins))].append((score, is_correct))
    return [
        Bin(
            number / bins,
            (number + 1) / bins,
            len(members),
            sum(score for score, _ in members) / max(1, len(members)),
            sum(is_correct for _, is_correct in members) / max(1, len(members)),
        )
        for number, members in enumerate(answers)
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error (Naeini et al., AAAI 2015).

    This is the mean distance between a bin's mean score and its accuracy, weighted by the number of answers.
    Raises ``ValueError`` if the bins are empty.
    """
    total = sum(each.answers for each in bins)
    if not total:
        raise ValueError("no answers to measure")
    return sum(each.answers * abs(each.mean_score - each.accuracy) for each in bins) / total
