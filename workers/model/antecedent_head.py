"""The head that scores antecedents: how well another mention fits a pronoun or a description, and how well none does.

A mention is represented by the encoder's vectors of its first and last word. The score of a pair is a small
feed-forward net over both mentions, their product and embedded features of the pair (mention ranking: Lee et al.,
EMNLP 2017; features as in Clark and Manning, EMNLP 2016). The encoder runs once per article, whatever the number of
pairs.

Without vectors, as in the pipeline of rules, a second set of weights scores by the features alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from workers.model.packaged import packaged_weights
from workers.model.stance_heads import gelu

if TYPE_CHECKING:
    from collections.abc import Mapping

WEIGHTS_FILE: Final = "antecedents.npz"
RULES_WEIGHTS_FILE: Final = "antecedents-rules.npz"
WIDTH: Final = 64  # of a mention's vectors
_PAIRS_AT_ONCE: Final = 8192  # few enough for the caches and to bound memory

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AntecedentHead:
    """The learned parameters. Matrices are [outputs, inputs]; the inputs of a mention are its two word vectors.

    ``anaphor`` and ``antecedent`` give the summands of the hidden layer, ``anaphor_factor`` and ``antecedent_factor``
    the factors of the product, which ``product`` adds to the hidden layer. ``features`` [features, WIDTH] and
    ``feature_scores`` [features] are the embedded features of pairs, ``score`` the output layer. ``none`` and
    ``none_score`` score that there is no antecedent, with ``none_classes`` [classes, WIDTH] by class of anaphor.
    ``temperature`` calibrates the probabilities.
    """

    anaphor: Array
    anaphor_bias: Array
    antecedent: Array
    anaphor_factor: Array
    anaphor_factor_bias: Array
    antecedent_factor: Array
    antecedent_factor_bias: Array
    product: Array
    features: Array
    feature_scores: Array
    score: Array
    score_bias: Array
    none: Array
    none_bias: Array
    none_classes: Array
    none_score: Array
    none_score_bias: Array
    temperature: Array

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[np.generic]]) -> Self:
        """Take the parameters by name. Raises ``KeyError`` if one is missing."""
        return cls(**{name: np.asarray(weights[name], np.float32) for name in cls.__dataclass_fields__})

    @property
    def uses_vectors(self) -> bool:
        """Whether the head reads word vectors, or features alone."""
        return bool(self.anaphor.shape[1])

    def score_pairs(
        self,
        mentions: Array,
        pairs: NDArray[np.intp],
        features: NDArray[np.intp],
        anaphors: NDArray[np.intp],
        classes: NDArray[np.intp],
    ) -> tuple[Array, Array]:
        """Return the scores of pairs [pairs], and of "no antecedent" [anaphors].

        ``mentions`` is [mentions, inputs]. ``pairs`` [pairs, 2] are the indices of anaphor and candidate, ``features``
        [pairs, count] the indices of the pair's features. ``anaphors`` are indices of mentions, ``classes`` their
        classes.
        """
        factor_a = mentions @ self.anaphor_factor.T + self.anaphor_factor_bias
        factor_b = mentions @ self.antecedent_factor.T + self.antecedent_factor_bias
        hidden_a = mentions @ self.anaphor.T + self.anaphor_bias
        hidden_b = mentions @ self.antecedent.T
        scores = np.empty(len(pairs), np.float32)
        for first in range(0, len(pairs), _PAIRS_AT_ONCE):
            part = slice(first, first + _PAIRS_AT_ONCE)
            x, y = pairs[part, 0], pairs[part, 1]
            product = factor_a[x] * factor_b[y]
            hidden = hidden_a[x] + hidden_b[y]
            hidden += product @ self.product.T
            for column in features[part].T:
                hidden += self.features[column]
            scores[part] = gelu(hidden) @ self.score[0] + self.score_bias[0]
            scores[part] += product.sum(1) / np.float32(np.sqrt(WIDTH)) + self.feature_scores[features[part]].sum(1)
        none_hidden = mentions[anaphors] @ self.none.T + self.none_bias + self.none_classes[classes]
        none_scores = gelu(none_hidden) @ self.none_score[0] + self.none_score_bias[0]
        return scores / self.temperature[0], none_scores / self.temperature[0]


@cache
def packaged_head(*, vectors: bool) -> AntecedentHead:
    """Return the head of this package, read once per process: with vectors, or for features alone."""
    with np.load(packaged_weights() / (WEIGHTS_FILE if vectors else RULES_WEIGHTS_FILE), allow_pickle=False) as arrays:
        return AntecedentHead.of({name: arrays[name] for name in arrays.files})
