"""The metrics of a task: counts of correct predictions, precision, recall, F1, accuracy and calibration error.

Counts add up, so the metrics of a whole dev set, of a part of it (one publisher, one region) and of a bootstrap
resample are computed from the same scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from workers.evaluation.calibration import calibration_error, reliability

CLASSIFICATION_TASKS: Final = frozenset({"stance_pairs", "target_sentiment", "claim_stance"})
_DIGITS: Final = 4


class Count(NamedTuple):
    """Numbers of correct predictions, of all predictions and of gold annotations."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    def plus(self, other: Count) -> Count:
        """Return the sum of both counts."""
        return Count(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """The share of correct predictions; 0 without predictions."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold that was predicted; 0 without gold."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


class Answer(NamedTuple):
    """The score of a prediction, if it has one, and whether the prediction is correct."""

    score: float | None
    correct: bool


@dataclass(slots=True)
class DocumentScore:
    """Counts by the name of the metric, and the answers for the calibration error."""

    counts: dict[str, Count] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def add(self, name: str, correct: int, predicted: int, gold: int) -> None:
        """Add to the count called ``name``."""
        self.counts[name] = self.counts.get(name, Count()).plus(Count(correct, predicted, gold))


@dataclass(frozen=True, slots=True)
class TaskMetrics:
    """The metrics of a task.

    ``counts`` are by the name of the metric; "all" in the entities task covers all types. Accuracy and macro F1 exist
    for classification tasks only, the calibration error only where every answer has a score.
    """

    counts: dict[str, Count]
    accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None

    def rounded(self) -> dict[str, Any]:
        """Return the metrics of the whole, then precision, recall and F1 by name, all rounded to four digits."""
        overall = {"accuracy": self.accuracy, "macro_f": self.macro_f1, "ece": self.calibration_error}
        return {name: round(value, _DIGITS) for name, value in overall.items() if value is not None} | {
            name: {
                "p": round(count.precision, _DIGITS),
                "r": round(count.recall, _DIGITS),
                "f": round(count.f1, _DIGITS),
            }
            for name, count in self.counts.items()
        }


def aggregate(task: str, scores: Iterable[DocumentScore]) -> TaskMetrics:
    """Return the metrics of several scores together."""
    total = DocumentScore()
    for score in scores:
        total.answers += score.answers
        for name, count in score.counts.items():
            total.add(name, *count)
    counts = dict(sorted(total.counts.items()))
    error = None
    if total.answers and all(answer.score is not None for answer in total.answers):
        known_scores = [answer.score for answer in total.answers if answer.score is not None]
        error = calibration_error(reliability(known_scores, [answer.correct for answer in total.answers]))
    if task not in CLASSIFICATION_TASKS:
        return TaskMetrics(counts, calibration_error=error)
    return TaskMetrics(counts, accuracy(counts.values()), macro_f1(counts.values()), error)


def accuracy(classes: Iterable[Count]) -> float:
    """Return the share of rows with the correct class, from the counts of all classes."""
    counts = list(classes)
    return sum(count.correct for count in counts) / max(1, sum(count.gold for count in counts))


def macro_f1(classes: Iterable[Count]) -> float:
    """Return the mean F1 of the classes that the gold contains, each rounded to four digits as it is reported."""
    values = [round(count.f1, _DIGITS) for count in classes if count.gold]
    return sum(values) / max(1, len(values))
