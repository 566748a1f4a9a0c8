"""Weighs how certain the model is, so that the score of a finding is the probability that it is right.

Fitted on the development sets, since on its training sets the model is more certain than anywhere else; the
calibration error that is printed is measured on documents that the weights were not fitted on (five folds).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from services.contracts import MentionForm
from workers import predict
from workers.language.encode import encoder
from workers.language.encoder import HEADS, packaged
from workers.pipeline import STAGES, language
from workers.training.calibration import calibration_error, logistic, reliability
from workers.training.scoring import tallies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spacy.tokens import Doc

FOLDS: Final = 5
_PENALTY: Final = 1.0
Row = dict[str, Any]
Features = tuple[float, ...]


def calibrate(corpora: Path, say: Callable[[str], None] = print) -> None:
    """Fit both regressions on what the packaged weights find, and write them into their ``heads.json``."""
    encoder.cache_clear()
    tables = packaged() / HEADS
    kept: Row = json.loads(tables.read_text("utf-8"))
    for task, features, slot in (
        ("attributions", _of_statements, "confidence"),
        ("entities", _of_entities, "entity_confidence"),
    ):
        rows, right, documents = _answers(corpora, task, features)
        kept[slot] = _fit(rows, right)
        kept.setdefault("folds", {})[task] = round(_error(rows, right, documents), 4)
        say(f"{task}: {len(rows)} findings, calibration error over {FOLDS} folds {kept['folds'][task]:.4f}")
    tables.write_text(json.dumps(kept) + "\n", "utf-8")
    encoder.cache_clear()


def _answers(corpora: Path, task: str, features: Callable[[Doc], list[Features]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the features of every finding, whether it is right, and the number of its document."""
    nlp = language(STAGES["trained"])
    gold: list[Row] = [json.loads(line) for line in (corpora / task / "dev.jsonl").read_text("utf-8").split("\n") if line]
    rows: list[Features] = []
    right: list[bool] = []
    documents: list[int] = []
    for number, row in enumerate(gold):
        with nlp.memory_zone():
            doc = predict.read(nlp, row)
            found = features(doc)
            answer = predict.OF_DOCUMENT[task](doc)
        (tally,) = tallies(task, [row], [answer])
        for feature, one in zip(found, tally.answers, strict=True):
            if feature:  # what layout or a package found has none
                rows.append(feature)
                right.append(one.right)
                documents.append(number)
    return np.array(rows), np.array(right), np.array(documents)


def _of_statements(doc: Doc) -> list[Features]:
    return [statement.features for statement, _ in predict.statements(doc)]


def _of_entities(doc: Doc) -> list[Features]:
    return [span._.features for span in doc.spans["mentions"] if span._.form == MentionForm.NAME]


def _fit(rows: np.ndarray, right: np.ndarray) -> list[float]:
    """Return the weights of all features; the first is always one, and its weight the bias."""
    found = logistic(rows[:, 1:], right, _PENALTY)
    return [round(value, 5) for value in (found.bias, *found.weights.tolist())]


def _error(rows: np.ndarray, right: np.ndarray, documents: np.ndarray) -> float:
    scores = np.empty(len(rows))
    for fold in range(FOLDS):
        held = documents % FOLDS == fold
        weights = np.array(_fit(rows[~held], right[~held]))
        scores[held] = 1 / (1 + np.exp(-rows[held] @ weights))
    return calibration_error(reliability(scores.tolist(), right.tolist()))
