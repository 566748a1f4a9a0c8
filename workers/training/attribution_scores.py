"""Fits the score of attributions in results: the probability that content and speaker are right.

A logistic regression over ``workers.coreference.attribution_scores``, fitted on the train articles that we annotated,
for the pipeline with the model and for that of rules. The calibration error that is printed is measured by
cross-validation over articles.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction import DictVectorizer

from workers.coreference.attribution_scores import BIAS, WEIGHTS_FILE, Features, weighted_probability
from workers.evaluation.calibration import calibration_error, reliability
from workers.evaluation.predict import process
from workers.evaluation.whole_articles import judge_attributions
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.training.annotated_articles import TRAIN, read_articles
from workers.training.score_fitting import fit_logistic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDS: Final = 5
PENALTY: Final = 30.0  # of the weights of features of unit variance, chosen by cross-validation
_MIN_DEVIATION: Final = 0.1
_DIGITS: Final = 4
_LAST_COMPONENT: Final = "stancewire_speakers"

Weights = dict[str, float]


class Example(NamedTuple):
    """An attribution of an article: its features, and whether its content and its speaker are right."""

    article: int
    features: Features
    is_right: bool


def train(corpora: Path, report: Callable[[str], None] = print) -> dict[str, Weights]:
    """Return the weights by pipeline, as they are packaged; raises ``FileNotFoundError`` if a corpus is missing."""
    weights: dict[str, Weights] = {}
    for pipeline in COMPONENTS:
        examples = list(_examples(corpora, pipeline))
        weights[pipeline] = fit(examples)
        error = cross_validated_error(examples)
        report(f"{pipeline}: {len(examples)} attributions, calibration error over {FOLDS} folds {error:.4f}")
    return weights


def fit(examples: Sequence[Example]) -> Weights:
    """Return the weights by feature, with the constant as ``BIAS``."""
    vectorizer = DictVectorizer(sparse=False)
    table: NDArray[np.float64] = vectorizer.fit_transform([example.features for example in examples])
    scales = np.maximum(table.std(0), _MIN_DEVIATION)
    fitted = fit_logistic(table / scales, [example.is_right for example in examples], PENALTY)
    names: list[str] = vectorizer.get_feature_names_out().tolist()
    weights = dict(zip(names, (fitted.weights / scales).round(_DIGITS).tolist(), strict=True))
    return {BIAS: round(fitted.bias, _DIGITS), **weights}


def cross_validated_error(examples: Sequence[Example]) -> float:
    """Return the calibration error on articles that the weights were not fitted on."""
    scores: list[float] = []
    right: list[bool] = []
    for fold in range(FOLDS):
        weights = fit([example for example in examples if example.article % FOLDS != fold])
        held_out = [example for example in examples if example.article % FOLDS == fold]
        scores += [weighted_probability(example.features, weights) for example in held_out]
        right += [example.is_right for example in held_out]
    return calibration_error(reliability(scores, right))


def _examples(corpora: Path, pipeline: str) -> Iterator[Example]:
    names = COMPONENTS[pipeline]
    nlp = build_nlp(names[: names.index(_LAST_COMPONENT) + 1])
    for number, article in enumerate(read_articles(corpora, TRAIN)):
        with nlp.memory_zone():
            doc = process(nlp, article)
            judged = zip(doc._.attributions, judge_attributions(article, doc), strict=True)
            yield from [
                Example(number, record.speaker_features, judgement.content_and_speaker) for record, judgement in judged
            ]


def write(weights: dict[str, Any]) -> None:
    """Write the weights into the package."""
    path = Path(str(files("workers.coreference").joinpath(WEIGHTS_FILE)))
    path.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
