"""Calibrates the model's scores, so that the score of a finding is the probability that the finding is correct.

Fits on the dev sets, as the model is overconfident on its training sets. The calibration error that is printed is
measured by cross-validation, on documents that the scores were not fitted on.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from services.contracts import MentionForm
from workers.evaluation import predict
from workers.evaluation.calibration import calibration_error, reliability
from workers.evaluation.scoring import score_documents
from workers.model.component import packaged_encoder
from workers.model.encoder import HEADS_FILE
from workers.model.packaged import packaged_weights
from workers.model.stance_heads import Calibration
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.training.score_fitting import fit_logistic, fit_temperature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spacy.tokens import Doc

FOLDS: Final = 5
_PENALTY: Final = 1.0
Row = dict[str, Any]
Features = tuple[float, ...]
Array = NDArray[Any]


def calibrate(corpora: Path, report: Callable[[str], None] = print) -> None:
    """Fit all scores on the findings of the packaged weights, and write the result into their ``heads.json``."""
    packaged_encoder.cache_clear()
    path = packaged_weights() / HEADS_FILE
    heads: Row = json.loads(path.read_text("utf-8"))
    errors: dict[str, float] = heads.setdefault("folds", {})
    for task, features_of, key in (
        ("attributions", _attribution_features, "confidence"),
        ("entities", _entity_features, "entity_confidence"),
    ):
        features, correct, documents = _findings(corpora, task, features_of)
        heads[key] = _fit_weights(features, correct)
        errors[task] = round(_cross_validated_error(features, correct, documents), 4)
        report(f"{task}: {len(features)} findings, calibration error over {FOLDS} folds {errors[task]:.4f}")
    for task in predict.CLASSES:
        probabilities, gold = _class_probabilities(corpora, task)
        temperature, shifts = fit_temperature(probabilities, gold)
        frequencies = np.bincount(gold, minlength=probabilities.shape[1]) / len(gold)
        rounded = ([round(value, 4) for value in values] for values in (shifts, frequencies))
        heads["scales"][task] = [round(temperature, 4), *rounded]
        errors[task] = round(_cross_validated_class_error(probabilities, gold), 4)
        report(f"{task}: {len(probabilities)} answers, calibration error over {FOLDS} folds {errors[task]:.4f}")
    path.write_text(json.dumps(heads) + "\n", "utf-8")
    packaged_encoder.cache_clear()


def _class_probabilities(corpora: Path, task: str) -> tuple[Array, Array]:
    """Return the model's probabilities [rows, classes] on the dev set of a task, and the correct class of each row."""
    nlp = build_nlp(predict.ENCODER_COMPONENTS)
    classes = predict.CLASSES[task]
    answers = [
        (predict.class_probabilities(nlp, task, row), _class_index(classes, row)) for row in _gold(corpora, task)
    ]
    answered = [(probabilities, gold) for probabilities, gold in answers if probabilities is not None]
    return np.array([probabilities for probabilities, _ in answered]), np.array([gold for _, gold in answered])


def _class_index(classes: tuple[Row, ...], row: Row) -> int:
    return next(i for i, fields in enumerate(classes) if all(row[name] == value for name, value in fields.items()))


def _cross_validated_class_error(probabilities: Array, gold: Array) -> float:
    folds = np.arange(len(probabilities)) % FOLDS
    scores, correct = np.empty(len(probabilities)), np.empty(len(probabilities), bool)
    for fold in range(FOLDS):
        held_out = folds == fold
        temperature, shifts = fit_temperature(probabilities[~held_out], gold[~held_out])
        calibrated = Calibration(temperature, tuple(shifts)).calibrate(probabilities[held_out])
        best = (probabilities[held_out] * calibrated).argmax(1)
        scores[held_out] = calibrated[np.arange(len(calibrated)), best]
        correct[held_out] = best == gold[held_out]
    return calibration_error(reliability(scores.tolist(), correct.tolist()))


def _gold(corpora: Path, task: str) -> list[Row]:
    return [json.loads(line) for line in (corpora / task / "dev.jsonl").read_text("utf-8").split("\n") if line]


def _findings(corpora: Path, task: str, features_of: Callable[[Doc], list[Features]]) -> tuple[Array, Array, Array]:
    """Return the features of every finding, whether the finding is correct, and the number of its document."""
    nlp = build_nlp(COMPONENTS["trained"])
    features: list[Features] = []
    correct: list[bool] = []
    documents: list[int] = []
    for number, row in enumerate(_gold(corpora, task)):
        with nlp.memory_zone():
            doc = predict.process(nlp, row)
            document_features = features_of(doc)
            prediction = predict.DOCUMENT_TASKS[task](doc)
        (score,) = score_documents(task, [row], [prediction])
        for finding_features, answer in zip(document_features, score.answers, strict=True):
            if finding_features:  # findings by layout or by a gazetteer have none
                features.append(finding_features)
                correct.append(answer.correct)
                documents.append(number)
    return np.array(features), np.array(correct), np.array(documents)


def _attribution_features(doc: Doc) -> list[Features]:
    return [attribution.features for attribution, _ in predict.joined_attributions(doc)]


def _entity_features(doc: Doc) -> list[Features]:
    return [span._.features for span in doc.spans["mentions"] if span._.form == MentionForm.NAME]


def _fit_weights(features: Array, correct: Array) -> list[float]:
    """Return the weights of all features. The first feature is always 1, so its weight is the bias."""
    fitted = fit_logistic(features[:, 1:], correct, _PENALTY)
    return [round(value, 5) for value in (fitted.bias, *fitted.weights.tolist())]


def _cross_validated_error(features: Array, correct: Array, documents: Array) -> float:
    scores = np.empty(len(features))
    for fold in range(FOLDS):
        held_out = documents % FOLDS == fold
        weights = np.array(_fit_weights(features[~held_out], correct[~held_out]))
        scores[held_out] = 1 / (1 + np.exp(-features[held_out] @ weights))
    return calibration_error(reliability(scores.tolist(), correct.tolist()))
