"""Runs the pipeline on the dev set of each corpus: predictions, metrics and their confidence intervals."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.evaluation.metrics import CLASSIFICATION_TASKS, DocumentScore, TaskMetrics, aggregate
from workers.evaluation.predict import predict
from workers.evaluation.scoring import INPUT_FIELDS, score_documents
from workers.evaluation.span_matching import Row

# The unit of resampling. Rows that share this field come from one text, so they are drawn together.
_SOURCE_FIELD: Final = {"stance_pairs": "text", "target_sentiment": "text", "claim_stance": "claim"}
ARTICLE_WORDS: Final = 560  # mean length of an article from a news agency
_RESAMPLES: Final = 2000
_SEED: Final = 20261124
_PERCENTILES: Final = (2.5, 97.5)


class Interval(NamedTuple):
    """Contains a metric in 95 % of the resamples."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of one task on its dev set; rows, predictions and scores are in the same order.

    ``intervals`` are those of F1 by the name of the count, or of "accuracy" and "macro_f" for classification tasks.
    ``milliseconds`` is the processor time for an article of ``ARTICLE_WORDS`` words without loading; 0 if not measured.
    """

    task: str
    rows: list[Row]
    predictions: list[Row]
    scores: list[DocumentScore]
    metrics: TaskMetrics
    intervals: dict[str, Interval]
    milliseconds: float = 0.0


def evaluate(task: str, corpora: Path, model: str = "trained") -> Evaluation:
    """Predict and score the dev set of a task; raises ``FileNotFoundError`` if the folder lacks the corpus."""
    with (corpora / task / "dev.jsonl").open(encoding="utf-8") as lines:
        rows: list[Row] = [json.loads(line) for line in lines if line.strip()]
    inputs = [{name: row[name] for name in ("id", *INPUT_FIELDS[task]) if name in row} for row in rows]
    answers = predict(task, [inputs[0], *inputs], model)
    next(answers)  # loads everything, so that loading is not measured
    began = time.process_time()
    predictions = list(answers)
    seconds = time.process_time() - began
    words = sum(len(row["text"].split()) for row in rows)
    return replace(evaluate_predictions(task, rows, predictions), milliseconds=1000 * seconds / words * ARTICLE_WORDS)


def evaluate_predictions(task: str, rows: list[Row], predictions: list[Row]) -> Evaluation:
    """Score predictions that are in the order of their rows."""
    scores = score_documents(task, rows, predictions)
    field = _SOURCE_FIELD.get(task)
    sources = [str(row[field]) if field else str(number) for number, row in enumerate(rows)]
    intervals = bootstrap_intervals(task, scores, sources)
    return Evaluation(task, rows, predictions, scores, aggregate(task, scores), intervals)


def bootstrap_intervals(task: str, scores: Sequence[DocumentScore], sources: Sequence[str]) -> dict[str, Interval]:
    """Return percentile intervals over resampled sources (Efron 1979); ``sources`` names the source of each score.

    Every call draws the same resamples. A difference between two systems smaller than the intervals may be chance.
    """
    numbers = {source: number for number, source in enumerate(dict.fromkeys(sources))}
    counts_by_name: dict[str, NDArray[np.float64]] = {}  # [sources, (correct, predicted, gold)]
    for source, score in zip(sources, scores, strict=True):
        for name, count in score.counts.items():
            counts_by_name.setdefault(name, np.zeros((len(numbers), 3)))[numbers[source]] += count
    if not counts_by_name:
        return {}
    weights = np.random.default_rng(_SEED).multinomial(
        len(numbers), np.full(len(numbers), 1 / len(numbers)), _RESAMPLES
    )
    totals = {name: weights @ counts for name, counts in sorted(counts_by_name.items())}
    values = {name: _f1(total) for name, total in totals.items()}
    if task in CLASSIFICATION_TASKS:
        gold_classes = [name for name, counts in counts_by_name.items() if counts[:, 2].any()]
        correct, gold = (np.sum([total[:, column] for total in totals.values()], axis=0) for column in (0, 2))
        macro_f = np.mean([values[name] for name in gold_classes], axis=0)
        values |= {"accuracy": correct / gold, "macro_f": macro_f}
    return {
        name: Interval(*(float(edge) for edge in np.percentile(value, _PERCENTILES))) for name, value in values.items()
    }


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 of rows of (correct, predicted, gold): 2 * correct / (predicted + gold)."""
    result: NDArray[np.float64] = 2 * counts[:, 0] / np.maximum(1.0, counts[:, 1] + counts[:, 2])
    return result
