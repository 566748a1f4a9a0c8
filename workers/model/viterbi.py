"""The best sequence of tags, by the Viterbi algorithm (Viterbi, IEEE Transactions on Information Theory, 1967)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

# Stretches decoded together: enough to make each step worth its call, few enough to bound memory.
_TOGETHER: Final = 64


def best_tags(
    scores: NDArray[np.float32],
    stretches: Sequence[tuple[int, int]],
    transitions: NDArray[np.float32],
    first: NDArray[np.float32],
) -> NDArray[np.int8]:
    """Return the best tag of each word: ``scores`` [words, tags]; each of the ``stretches`` of words is one sequence.

    ``transitions`` [tag before, tag after] and ``first`` [tag] are added to the scores; what they make impossible
    does not come out. Time is linear in words. The stretches must cover all words, in order.
    """
    made = np.zeros(len(scores), dtype=np.int8)
    by_length = sorted(stretches, key=lambda stretch: stretch[1] - stretch[0])
    for place in range(0, len(by_length), _TOGETHER):
        _decode(scores, by_length[place : place + _TOGETHER], transitions, first, made)
    return made


def _decode(
    scores: NDArray[np.float32],
    stretches: Sequence[tuple[int, int]],
    transitions: NDArray[np.float32],
    first: NDArray[np.float32],
    made: NDArray[np.int8],
) -> None:
    """Decode stretches side by side; where one has ended, its last state is carried on unchanged."""
    lengths = np.array([end - start for start, end in stretches])
    longest, tags = int(lengths.max()), scores.shape[1]
    # Words beyond a stretch's end point at its last one, and are not used.
    at = np.minimum(np.array([start for start, _ in stretches])[:, None] + np.arange(longest), len(scores) - 1)
    emitted = scores[at]
    best = first + emitted[:, 0]
    back = np.empty((longest, len(stretches), tags), dtype=np.int8)
    for i in range(1, longest):
        candidates = best[:, :, None] + transitions
        back[i] = candidates.argmax(1)
        moved = candidates.max(1) + emitted[:, i]
        running = (lengths > i)[:, None]
        best = np.where(running, moved, best)
    tag = best.argmax(1)
    rows = np.arange(len(stretches))
    for i in range(longest - 1, -1, -1):
        running = lengths > i
        made[at[running, i]] = tag[running]
        if i:
            tag = np.where(running, back[i, rows, tag], tag)


def probabilities(scores: NDArray[np.float32], tags: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the share that each word's own tag has among its tags, sequence left aside."""
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    chosen: NDArray[np.float32] = np.take_along_axis(shifted, tags[:, None].astype(np.intp), 1)[:, 0] / shifted.sum(1)
    return chosen
