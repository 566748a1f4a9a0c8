"""Who is for or against whom, read off the vectors that the encoder gives each word.

For an ordered pair, the holder's and the target's vectors, averaged over their words, ask the words of the passage that
brings them together which of them tell the sides (attention after Bahdanau et al., ICLR 2015, in ``HEADS`` parts); a small
net weighs holder, target, their product and what was told. So the encoder runs once an article however many pairs it
holds, other than in a pass for each pair (Park, Pan and Joo, Findings of ACL 2021). Where the article itself is the
holder, a vector that training has learned stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OUTPUTS: Final = ("stances", "claims")  # of the network, in a stack of last layers of their own
WIDTH: Final = 64  # of a word's vector as holder, as target, as key and as value
HEADS: Final = 4
HIDDEN: Final = 128
NONE, SUPPORT, OPPOSE = 0, 1, 2
# Between choosing what is likeliest (0), which hardly finds the rare classes, and giving every class the same chance (1).
RARITY: Final = 0.15
_LEAST: Final = 1e-9
_AT_ONCE: Final = 64  # pairs; more would only need memory

Array = NDArray[np.float32]


class Pair(NamedTuple):
    """Stretches of words, end exclusive: ``holder`` (none is the article itself), ``target``, and the passage around them."""

    holder: tuple[int, int] | None
    target: tuple[int, int]
    passage: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PairHead:
    """The weights behind ``Scores.pairs``; matrices are [outputs, inputs]."""

    query: Array
    query_bias: Array
    hidden: Array
    hidden_bias: Array
    sides: Array
    sides_bias: Array
    voice: Array
    voiced: Array
    voiced_bias: Array
    none: float

    @classmethod
    def of(cls, weights: Mapping[str, Array]) -> Self:
        """Take the weights under the names that they have in training."""
        return cls(
            query=weights["query.weight"],
            query_bias=weights["query.bias"],
            hidden=weights["hidden.weight"],
            hidden_bias=weights["hidden.bias"],
            sides=weights["sides.weight"],
            sides_bias=weights["sides.bias"],
            voice=weights["voice"],
            voiced=weights["voiced.weight"],
            voiced_bias=weights["voiced.bias"],
            none=float(weights["none"]),
        )

    def directed(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Score support and opposition of each pair's holder towards its target, [pairs, 2].

        ``vectors`` is [words, 4 * WIDTH]. Neither side scores ``none``.
        """
        return self._told(vectors, pairs) @ self.sides.T + self.sides_bias

    def towards(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the probabilities of neither, support and opposition of the text's own voice, [pairs, 3]."""
        return softmax(self._told(vectors, pairs) @ self.voiced.T + self.voiced_bias)

    def between(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        """Return the probabilities of neither, of support and opposition, and of these turned round, [pairs, 5]."""
        turned = [Pair(pair.target, pair.holder or pair.target, pair.passage) for pair in pairs]
        both = self.directed(vectors, [*pairs, *turned])
        none = np.full((len(pairs), 1), self.none, np.float32)
        return softmax(np.concatenate([none, both[: len(pairs)], both[len(pairs) :]], axis=1))

    def _told(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        found = [self._some(vectors, pairs[i : i + _AT_ONCE]) for i in range(0, len(pairs), _AT_ONCE)]
        return np.concatenate(found) if found else np.zeros((0, HIDDEN), np.float32)

    def _some(self, vectors: NDArray[np.float16], pairs: Sequence[Pair]) -> Array:
        parts = vectors.reshape(len(vectors), 4, WIDTH)
        holder = np.stack(
            [self.voice if p.holder is None else parts[slice(*p.holder), 0].mean(0, np.float32) for p in pairs]
        )
        target = np.stack([parts[slice(*p.target), 1].mean(0, np.float32) for p in pairs])
        asked = np.concatenate([holder, target], 1) @ self.query.T + self.query_bias
        longest = max(end - start for _, _, (start, end) in pairs)
        keys, values = (np.zeros((len(pairs), longest, WIDTH), np.float32) for _ in range(2))
        outside = np.ones((len(pairs), longest), bool)
        for i, (_, _, (start, end)) in enumerate(pairs):
            keys[i, : end - start] = parts[start:end, 2]
            values[i, : end - start] = parts[start:end, 3]
            outside[i, : end - start] = False
        each = WIDTH // HEADS
        fits = np.einsum(
            "phd,pwhd->phw", asked.reshape(-1, HEADS, each), keys.reshape(*keys.shape[:2], HEADS, each), optimize=True
        )
        fits = np.where(outside[:, None], -np.inf, fits / np.sqrt(np.float32(each)))
        told = np.einsum("phw,pwhd->phd", softmax(fits), values.reshape(*values.shape[:2], HEADS, each), optimize=True)
        features = np.concatenate([holder, target, holder * target, told.reshape(len(pairs), WIDTH)], 1)
        return gelu(features @ self.hidden.T + self.hidden_bias)


@dataclass(frozen=True, slots=True)
class ClaimHead:
    """Weighs a claim and a statement that the encoder has read together; matrices are [outputs, inputs]."""

    hidden: Array
    hidden_bias: Array
    side: Array
    side_bias: Array

    @classmethod
    def of(cls, weights: Mapping[str, Array]) -> Self:
        """Take the weights under the names that they have in training."""
        return cls(weights["hidden.weight"], weights["hidden.bias"], weights["side.weight"], weights["side.bias"])

    def support(self, vectors: Array, claim: int) -> float:
        """Return the probability that a statement supports a claim; the first ``claim`` of the words are the claim's."""
        said, about = vectors[claim:].mean(0), vectors[:claim].mean(0)
        features = np.concatenate([about, said, about * said, np.abs(about - said)])
        (score,) = gelu(features @ self.hidden.T + self.hidden_bias) @ self.side.T + self.side_bias
        return float(1 / (1 + np.exp(-score)))


def read(path: Path) -> tuple[PairHead, ClaimHead]:
    """Read both heads' weights from one file of named arrays; raises ``KeyError`` if one of them is missing."""
    with np.load(path, allow_pickle=False) as kept:
        weights = {name: np.asarray(kept[name], np.float32) for name in kept.files}

    def under(prefix: str) -> dict[str, Array]:
        return {name.removeprefix(prefix): values for name, values in weights.items() if name.startswith(prefix)}

    return PairHead.of(under("pairs.")), ClaimHead.of(under("claims."))


def softmax(scores: Array) -> Array:
    """Return shares along the last axis."""
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    made: Array = shares / shares.sum(-1, keepdims=True)
    return made


class Scale(NamedTuple):
    """What makes a head's probabilities true: its scores are divided by ``temperature``, then moved class by class.

    ``often`` is how often each class is right, none being told where no class is chosen.
    """

    temperature: float
    shift: tuple[float, ...]
    often: tuple[float, ...] = ()

    def true(self, shares: Array) -> Array:
        """Return probabilities [rows, classes] as they would be of scores so scaled (Guo et al., ICML 2017)."""
        logs = np.log(np.maximum(shares, np.float32(_LEAST))).astype(np.float32)
        return softmax(logs / np.float32(self.temperature) + np.array(self.shift, np.float32))

    def best(self, true: Array) -> int:
        """Choose among classes by their true probabilities; a rare one needs less than a common one."""
        return int((true / np.array(self.often, np.float32) ** RARITY).argmax())


def gelu(x: Array) -> Array:
    """Return the Gaussian error linear unit in its form by tanh (Hendrycks and Gimpel, arXiv 1606.08415)."""
    made: Array = 0.5 * x * (1 + np.tanh(np.sqrt(np.float32(2 / np.pi)) * (x + np.float32(0.044715) * x**3)))
    return made
