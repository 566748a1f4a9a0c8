"""The best sequence of tags, by the Viterbi algorithm (Viterbi, IEEE Transactions on Information Theory, 1967)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

# Windows decoded together: enough to make each numpy call worthwhile, few enough to bound memory.
_BATCH: Final = 64


def best_tags(
    scores: NDArray[np.float32],
    windows: Sequence[tuple[int, int]],
    transitions: NDArray[np.float32],
    start: NDArray[np.float32],
) -> NDArray[np.int8]:
    """Return the best tag of each word; each of the ``windows`` of words is decoded as one sequence.

    ``scores`` is [words, tags]; ``transitions`` [tag before, tag after] and ``start`` [tag] are added to them and keep
    forbidden sequences out. The windows must cover all words, in order. Time is linear in words.
    """
    tags = np.zeros(len(scores), dtype=np.int8)
    by_length = sorted(windows, key=lambda window: window[1] - window[0])
    for i in range(0, len(by_length), _BATCH):
        _decode(scores, by_length[i : i + _BATCH], transitions, start, tags)
    return tags


def _decode(
    scores: NDArray[np.float32],
    windows: Sequence[tuple[int, int]],
    transitions: NDArray[np.float32],
    start: NDArray[np.float32],
    tags: NDArray[np.int8],
) -> None:
    """Decode a batch of windows into ``tags``. A shorter window keeps its last state until the longest ends."""
    lengths = np.array([end - begin for begin, end in windows])
    longest, tag_count = int(lengths.max()), scores.shape[1]
    # Positions after the end of a window may point at words of the next one; they are never used.
    words = np.minimum(np.array([begin for begin, _ in windows])[:, None] + np.arange(longest), len(scores) - 1)
    emissions = scores[words]
    best = start + emissions[:, 0]
    backpointers = np.empty((longest, len(windows), tag_count), dtype=np.int8)
    for i in range(1, longest):
        candidates = best[:, :, None] + transitions
        backpointers[i] = candidates.argmax(1)
        extended = candidates.max(1) + emissions[:, i]
        running = (lengths > i)[:, None]
        best = np.where(running, extended, best)
    tag = best.argmax(1)
    rows = np.arange(len(windows))
    for i in range(longest - 1, -1, -1):
        running = lengths > i
        tags[words[running, i]] = tag[running]
        if i:
            tag = np.where(running, backpointers[i, rows, tag], tag)


def tag_probabilities(scores: NDArray[np.float32], tags: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the softmax probability of each word's tag [words], ignoring transitions."""
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    of_tags = np.take_along_axis(exponentials, tags[:, None].astype(np.intp), 1)[:, 0]
    probabilities: NDArray[np.float32] = of_tags / exponentials.sum(1)
    return probabilities
