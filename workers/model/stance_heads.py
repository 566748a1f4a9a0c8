"""The heads that read stances off the encoder's word vectors.

For an ordered pair of holder and target, the mean vectors of their words form the query of an attention over the words
of their context (multi-head attention after Bahdanau et al., ICLR 2015). A small feed-forward net classifies holder,
target, their product and the attended context. The encoder thus runs once per article, whatever the number of pairs,
and not once per pair (as in Park, Pan and Joo, Findings of ACL 2021). Where the article itself is the holder, a learned
vector takes the holder's place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BRANCH_OUTPUTS: Final = ("stances", "claims")  # the network's outputs from a stack of last layers of their own
WIDTH: Final = 64  # of a word's vector as holder, as target, as key and as value
ATTENTION_HEADS: Final = 4
HIDDEN: Final = 128
NONE, SUPPORT, OPPOSE = 0, 1, 2
# The exponent of the class priors when a class is chosen: 0 chooses the most probable class and hardly ever a rare one,
# 1 gives every class the same chance.
_PRIOR_EXPONENT: Final = 0.15
_MIN_PROBABILITY: Final = 1e-9  # before taking logarithms
_BATCH: Final = 64  # pairs; a larger batch only needs more memory

Array = NDArray[np.float32]


class Pair(NamedTuple):
    """A holder, a target and their context as spans of words, end exclusive. A holder of None is the article itself."""

    holder: tuple[int, int] | None
    target: tuple[int, int]
    context: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PairHead:
    """Classifies the stance of pairs. Matrices are [outputs, inputs].

    ``article_vector`` stands for a missing holder. The ``directed`` layer scores support and opposition of one
    direction of a pair, ``none_logit`` neither; the ``article_voice`` layer scores neither, support and opposition of
    the article itself.
    """

    query: Array
    query_bias: Array
    hidden: Array
    hidden_bias: Array
    directed: Array
    directed_bias: Array
    article_vector: Array
    article_voice: Array
    article_voice_bias: Array
    none_logit: float

    @classmethod
    def of(cls, weights: Mapping[str, Array]) -> Self:
        """Build the head from weights under the names used in training. Raises ``KeyError`` if one is missing."""
        return cls(
            query=weights["query.weight"],
            query_bias=weights["query.bias"],
            hidden=weights["hidden.weight"],
            hidden_bias=weights["hidden.bias"],
            directed=weights["sides.weight"],
            directed_bias=weights["sides.bias"],
            article_vector=weights["voice"],
            article_voice=weights["voiced.weight"],
            article_voice_bias=weights["voiced.bias"],
            none_logit=float(weights["none"]),
        )

    def directed_logits(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the logits of support and opposition of each holder towards its target, [pairs, 2].

        ``vectors`` is [words, 4 * WIDTH]. The logit of neither is ``none_logit``.
        """
        return self.features(vectors, pairs) @ self.directed.T + self.directed_bias

    def article_voice_probabilities(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the probabilities of neither, support and opposition of the article towards the target, [pairs, 3]."""
        return softmax(self.features(vectors, pairs) @ self.article_voice.T + self.article_voice_bias)

    def pair_probabilities(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the probabilities of five classes, [pairs, 5].

        The classes are: neither; support and opposition of the holder towards the target; support and opposition of the
        target towards the holder.
        """
        reversed_pairs = [Pair(pair.target, pair.holder or pair.target, pair.context) for pair in pairs]
        logits = self.directed_logits(vectors, [*pairs, *reversed_pairs])
        none = np.full((len(pairs), 1), self.none_logit, np.float32)
        return softmax(np.concatenate([none, logits[: len(pairs)], logits[len(pairs) :]], axis=1))

    def features(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the hidden layer of each pair, [pairs, HIDDEN]."""
        batches = [self._batch_features(vectors, pairs[i : i + _BATCH]) for i in range(0, len(pairs), _BATCH)]
        return np.concatenate(batches) if batches else np.zeros((0, HIDDEN), np.float32)

    def _batch_features(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        parts = vectors.reshape(len(vectors), 4, WIDTH)
        holder = np.stack(
            [
                self.article_vector if pair.holder is None else parts[slice(*pair.holder), 0].mean(0, np.float32)
                for pair in pairs
            ]
        )
        target = np.stack([parts[slice(*pair.target), 1].mean(0, np.float32) for pair in pairs])
        query = np.concatenate([holder, target], 1) @ self.query.T + self.query_bias
        longest = max(end - start for _, _, (start, end) in pairs)
        keys, values = (np.zeros((len(pairs), longest, WIDTH), np.float32) for _ in range(2))
        padding = np.ones((len(pairs), longest), bool)
        for i, (_, _, (start, end)) in enumerate(pairs):
            keys[i, : end - start] = parts[start:end, 2]
            values[i, : end - start] = parts[start:end, 3]
            padding[i, : end - start] = False
        width = WIDTH // ATTENTION_HEADS
        logits = np.einsum(
            "phd,pwhd->phw",
            query.reshape(-1, ATTENTION_HEADS, width),
            keys.reshape(*keys.shape[:2], ATTENTION_HEADS, width),
            optimize=True,
        )
        logits = np.where(padding[:, None], -np.inf, logits / np.sqrt(np.float32(width)))
        attended = np.einsum(
            "phw,pwhd->phd",
            softmax(logits),
            values.reshape(*values.shape[:2], ATTENTION_HEADS, width),
            optimize=True,
        )
        features = np.concatenate([holder, target, holder * target, attended.reshape(len(pairs), WIDTH)], 1)
        return gelu(features @ self.hidden.T + self.hidden_bias)


@dataclass(frozen=True, slots=True)
class ClaimHead:
    """Classifies whether a statement supports a claim; the encoder has read both together.

    Matrices are [outputs, inputs].
    """

    hidden: Array
    hidden_bias: Array
    output: Array
    output_bias: Array

    @classmethod
    def of(cls, weights: Mapping[str, Array]) -> Self:
        """Build the head from weights under the names used in training. Raises ``KeyError`` if one is missing."""
        return cls(weights["hidden.weight"], weights["hidden.bias"], weights["side.weight"], weights["side.bias"])

    def support_probability(self, vectors: Array, claim_words: int) -> float:
        """Return the probability that the statement supports the claim.

        ``vectors`` is [words, WIDTH]; the first ``claim_words`` words are the claim's, the others the statement's.
        """
        statement, claim = vectors[claim_words:].mean(0), vectors[:claim_words].mean(0)
        features = np.concatenate([claim, statement, claim * statement, np.abs(claim - statement)])
        (logit,) = gelu(features @ self.hidden.T + self.hidden_bias) @ self.output.T + self.output_bias
        return float(1 / (1 + np.exp(-logit)))


def load_heads(path: Path) -> tuple[PairHead, ClaimHead]:
    """Load both heads from a file of named arrays. Raises ``KeyError`` if an array is missing."""
    with np.load(path, allow_pickle=False) as arrays:
        weights = {name: np.asarray(arrays[name], np.float32) for name in arrays.files}

    def with_prefix(prefix: str) -> dict[str, Array]:
        return {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}

    return PairHead.of(with_prefix("pairs.")), ClaimHead.of(with_prefix("claims."))


class Calibration(NamedTuple):
    """Calibrates a head's probabilities: divides its logits by ``temperature``, then adds a bias per class.

    ``priors`` are the frequencies of the classes, left empty for a head from which no class is chosen.
    """

    temperature: float
    biases: tuple[float, ...]
    priors: tuple[float, ...] = ()

    def calibrate(self, probabilities: Array) -> Array:
        """Return calibrated probabilities, [rows, classes] (temperature scaling, Guo et al., ICML 2017)."""
        logits = np.log(np.maximum(probabilities, np.float32(_MIN_PROBABILITY))).astype(np.float32)
        return softmax(logits / np.float32(self.temperature) + np.array(self.biases, np.float32))

    def choose(self, calibrated: Array) -> int:
        """Return the class to report, given calibrated probabilities [classes].

        A rare class needs a lower probability than a common one.
        """
        return int((calibrated / np.array(self.priors, np.float32) ** _PRIOR_EXPONENT).argmax())


def softmax(logits: Array) -> Array:
    """Return probabilities along the last axis."""
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    probabilities: Array = exponentials / exponentials.sum(-1, keepdims=True)
    return probabilities


def gelu(x: Array) -> Array:
    """Return the Gaussian error linear unit by its tanh approximation (Hendrycks and Gimpel, arXiv 1606.08415)."""
    activated: Array = 0.5 * x * (1 + np.tanh(np.sqrt(np.float32(2 / np.pi)) * (x + np.float32(0.044715) * x**3)))
    return activated
