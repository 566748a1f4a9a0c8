"""The pipeline on the dev set of each corpus: predictions, figures, and how far the figures can be relied on."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.evaluation.predict import predict
from workers.evaluation.scoring import CLASSIFIED, VISIBLE, DocumentScore, Figures, Row, figures, tallies

# What a resample is drawn of: rows that share this field come from one text, and stand or fall together.
_SOURCE: Final = {"stance_pairs": "text", "target_sentiment": "text", "claim_stance": "claim"}
ARTICLE: Final = 560  # words, the mean of an article of the wires
_RESAMPLES: Final = 2000
_SEED: Final = 20261124
_OUTSIDE: Final = (2.5, 97.5)  # per cent


class Interval(NamedTuple):
    """Where 95 of a hundred resamples of a figure lie."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One task on its dev set: rows, predictions and tallies stand in one order.

    ``intervals`` are those of F1 by the names of the counts, or of "accuracy" and "macro_f" of classes.
    ``milliseconds`` is the processor time that an article of ``ARTICLE`` words takes, loading left out; 0 if not measured.
    """

    task: str
    rows: list[Row]
    predictions: list[Row]
    tallies: list[DocumentScore]
    figures: Figures
    intervals: dict[str, Interval]
    milliseconds: float = 0.0


def evaluate(task: str, corpora: Path, model: str = "trained") -> Evaluated:
    """Predict and score a task's dev set; raises ``FileNotFoundError`` if the corpus is not in the folder."""
    with (corpora / task / "dev.jsonl").open(encoding="utf-8") as lines:
        rows: list[Row] = [json.loads(line) for line in lines if line.strip()]
    shown = [{name: row[name] for name in ("id", *VISIBLE[task]) if name in row} for row in rows]
    answers = predict(task, [shown[0], *shown], model)
    next(answers)  # loads everything
    begun = time.process_time()
    predictions = list(answers)
    spent = time.process_time() - begun
    words = sum(len(row["text"].split()) for row in rows)
    return replace(scored(task, rows, predictions), milliseconds=1000 * spent / words * ARTICLE)


def scored(task: str, rows: list[Row], predictions: list[Row]) -> Evaluated:
    """Score predictions that stand in the order of their rows."""
    each = tallies(task, rows, predictions)
    sources = [str(row[_SOURCE[task]]) if task in _SOURCE else str(number) for number, row in enumerate(rows)]
    return Evaluated(task, rows, predictions, each, figures(task, each), intervals(task, each, sources))


def intervals(task: str, each: Sequence[DocumentScore], sources: Sequence[str]) -> dict[str, Interval]:
    """Return percentile intervals over resampled sources (Efron 1979); ``sources`` names that of each tally.

    The same resamples are drawn at every call. What differs between two systems by less may be chance.
    """
    places = {source: place for place, source in enumerate(dict.fromkeys(sources))}
    counted: dict[str, NDArray[np.float64]] = {}
    for source, tally in zip(sources, each, strict=True):
        for name, count in tally.counts.items():
            counted.setdefault(name, np.zeros((len(places), 3)))[places[source]] += count
    if not counted:
        return {}
    drawn = np.random.default_rng(_SEED).multinomial(len(places), np.full(len(places), 1 / len(places)), _RESAMPLES)
    counters = {name: drawn @ counts for name, counts in sorted(counted.items())}
    values = {name: _f1(total) for name, total in counters.items()}
    if task in CLASSIFIED:
        known = [name for name, counts in counted.items() if counts[:, 2].any()]
        right, gold = (np.sum([total[:, column] for total in counters.values()], axis=0) for column in (0, 2))
        values |= {"accuracy": right / gold, "macro_f": np.mean([values[name] for name in known], axis=0)}
    return {name: Interval(*(float(edge) for edge in np.percentile(value, _OUTSIDE))) for name, value in values.items()}


def _f1(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 of rows of right, found and gold, which is twice the right ones over the other two."""
    result: NDArray[np.float64] = 2 * counts[:, 0] / np.maximum(1.0, counts[:, 1] + counts[:, 2])
    return result
