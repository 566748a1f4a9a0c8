"""Decides over the whole article who supports or opposes whom.

A sentence reading sees one passage. Whether a careful reader takes a stance from the article also depends on what else
the article says of the two: how often and where they meet, who speaks, what kind of parties they are, and what the
other readings say. For each holder, target and side all readings are gathered into features
(`workers.stance.article_features`); with them goes the hidden layer of the head for the strongest reading. A logistic
regression that was trained on the gold of whole articles (``workers.training.article_decision``) weighs all of it. Its
probability is the score.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from services.contracts import StanceLabel
from workers.model.stance_heads import HIDDEN
from workers.stance.article_features import Candidate, best_reading
from workers.stance.passage_features import Features

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.model.encoder import Encoder
    from workers.stance.readings import Reading
    from workers.stance.stance_context import StanceContext

WEIGHTS_FILE: Final = "article_decision.json"
VECTOR_SIZE: Final = 4 * HIDDEN  # two kinds of reading, each by itself and with the sign of the side
_MAX_LOGIT: Final = 30.0

Array = NDArray[np.float32]


def candidate_vectors(
    encoder: Encoder, context: StanceContext, candidates: Sequence[Candidate], readings: Sequence[Reading]
) -> Array:
    """Return what the head makes of the strongest reading of each candidate, [candidates, VECTOR_SIZE].

    Of each candidate there are two readings: of both parties in a sentence, and of a voice towards the target; zeros
    where a candidate lacks one. Each comes by itself and with the sign of the side.
    """
    by_pair: dict[tuple[int | None, int], list[Reading]] = {}
    for reading in readings:
        by_pair.setdefault((reading.record.holder, reading.record.target), []).append(reading)
    rows, pairs = [], []
    for number, (holder, target, side) in enumerate(candidates):
        for kind, is_pair in enumerate((True, False)):
            of_kind = [
                reading for reading in by_pair.get((holder, target), ()) if (reading.holder is not None) is is_pair
            ]
            best = best_reading(side, of_kind)
            if best is not None:
                rows.append((number, kind))
                pairs.append(best.pair)
    hidden = np.zeros((len(candidates), 2, HIDDEN), np.float32)
    if pairs:
        hidden[tuple(np.array(rows).T)] = encoder.pair_head.features(context.encoded.scores.stances, pairs)
    flat = hidden.reshape(len(candidates), 2 * HIDDEN)
    signs = np.array([1.0 if side is StanceLabel.OPPOSE else -1.0 for *_, side in candidates], np.float32)
    return np.concatenate([flat, flat * signs[:, None]], axis=1)


@dataclass(frozen=True, slots=True)
class ArticleDecision:
    """A logistic regression.

    ``weights`` are by feature, with the intercept as "bias"; ``vector`` are those of a candidate's vector.
    """

    weights: Mapping[str, float]
    vector: Array

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Read the weights as they are packaged."""
        return cls(values["features"], np.array(values["vector"], np.float32))

    def probabilities(self, features: Sequence[Features], vectors: Array) -> list[float]:
        """Return for each candidate the probability that a careful reader takes the stance from the article."""
        get = self.weights.get
        logits = vectors @ self.vector + np.array(
            [sum(get(name, 0.0) * value for name, value in each.items()) for each in features]
        )
        probabilities: list[float] = (1 / (1 + np.exp(-logits.clip(-_MAX_LOGIT, _MAX_LOGIT)))).tolist()
        return probabilities


@cache
def packaged_decision() -> ArticleDecision:
    """Return the decision with the packaged weights, read once per process."""
    return read_decision(WEIGHTS_FILE)


def read_decision(name: str) -> ArticleDecision:
    """Return the decision whose packaged weights are in the file ``name``."""
    return ArticleDecision.of(json.loads(files(__package__).joinpath(name).read_text("utf-8")))
