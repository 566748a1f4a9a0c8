"""Weighs how certain the model is, so that the score of a finding is the probability that it is right.

Fitted on the development sets, since on its training sets the model is more certain than anywhere else; the
calibration error that is printed is measured on documents that the weights were not fitted on (five folds).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from services.contracts import MentionForm
from workers.evaluation import predict
from workers.evaluation.calibration import calibration_error, logistic, reliability, scale
from workers.evaluation.scoring import tallies
from workers.model.component import encoder
from workers.model.encoder import HEADS, packaged
from workers.model.stance_heads import Scale
from workers.pipeline.components import STAGES, build_nlp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spacy.tokens import Doc

FOLDS: Final = 5
_PENALTY: Final = 1.0
Row = dict[str, Any]
Features = tuple[float, ...]


def calibrate(corpora: Path, say: Callable[[str], None] = print) -> None:
    """Fit all on what the packaged weights find, and write them into their ``heads.json``."""
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
    for task in predict.CLASSES:
        shares, classes = _shares(corpora, task)
        temperature, shift = scale(shares, classes)
        often = np.bincount(classes, minlength=shares.shape[1]) / len(classes)
        kept["scales"][task] = [round(temperature, 4), *([round(one, 4) for one in each] for each in (shift, often))]
        kept["folds"][task] = round(_scaled_error(shares, classes), 4)
        say(f"{task}: {len(shares)} answers, calibration error over {FOLDS} folds {kept['folds'][task]:.4f}")
    tables.write_text(json.dumps(kept) + "\n", "utf-8")
    encoder.cache_clear()


def _shares(corpora: Path, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what the model gives each class of each row of a dev set, and the right class."""
    nlp = build_nlp(predict.READING)
    classes = predict.CLASSES[task]
    found = [(predict.shares(nlp, task, row), _class(classes, row)) for row in _gold(corpora, task)]
    known = [(each, right) for each, right in found if each is not None]
    return np.array([each for each, _ in known]), np.array([right for _, right in known])


def _class(classes: tuple[Row, ...], row: Row) -> int:
    return next(i for i, one in enumerate(classes) if all(row[name] == value for name, value in one.items()))


def _scaled_error(shares: np.ndarray, classes: np.ndarray) -> float:
    folds = np.arange(len(shares)) % FOLDS
    scores, right = np.empty(len(shares)), np.empty(len(shares), bool)
    for fold in range(FOLDS):
        held = folds == fold
        temperature, shift = scale(shares[~held], classes[~held])
        made = Scale(temperature, tuple(shift)).true(shares[held])
        best = (shares[held] * made).argmax(1)
        scores[held], right[held] = made[np.arange(len(made)), best], best == classes[held]
    return calibration_error(reliability(scores.tolist(), right.tolist()))


def _gold(corpora: Path, task: str) -> list[Row]:
    return [json.loads(line) for line in (corpora / task / "dev.jsonl").read_text("utf-8").split("\n") if line]


def _answers(
    corpora: Path, task: str, features: Callable[[Doc], list[Features]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the features of every finding, whether it is right, and the number of its document."""
    nlp = build_nlp(STAGES["trained"])
    gold = _gold(corpora, task)
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
