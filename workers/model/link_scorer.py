"""Which source and which content belong to which cue.

A span and a cue fit each other as their two small vectors do, averaged over the span's words (after Dozat and
Manning, ICLR 2017), plus what training has learned for the distance between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.model.tags import Tagged

WIDTH: Final = 64  # of a span's and of a cue's vector
SOURCE, CONTENT = 0, 1  # which of the two kinds of link
# Distances in words from a span to a cue, each its own bucket up to 4 and then doubling; a span before its cue and
# one after it are told apart.
_NEAR: Final = 4
_STEPS: Final = 10
DISTANCES: Final = 2 * _STEPS
# How many spans on either side may be chosen from: the work must not grow with the square of an article.
_REACH: Final = 8


def bucket(start: int, end: int, cue_start: int, cue_end: int) -> int:
    """Return the bucket of the distance between the span ``start`` to ``end`` and a cue, all in words."""
    if start >= cue_end:
        return _STEPS + _size(start - cue_end)
    return _size(max(0, cue_start - end))


def _size(gap: int) -> int:
    return gap if gap <= _NEAR else min(_STEPS - 1, _NEAR + (gap // (_NEAR + 1)).bit_length())


class Link(NamedTuple):
    """What was chosen: the index of a span, or -1 for none, and how probable the choice is among those that there were."""

    chosen: int
    score: float


def choose(
    vectors: NDArray[np.float16],
    choosers: Sequence[Tagged],
    choices: Sequence[Tagged],
    kind: int,
    distances: NDArray[np.float32],
    none: float,
) -> list[Link]:
    """Let each of the ``choosers`` choose one of the ``choices`` or none; both in order.

    For ``SOURCE`` cues choose sources, for ``CONTENT`` contents choose cues. ``vectors`` is [words, 4 * WIDTH],
    ``distances`` holds the weight of each bucket, ``none`` what choosing nothing scores.
    """
    if not choosers or not choices:
        return [Link(-1, 1.0)] * len(choosers)
    query, key = vectors.reshape(len(vectors), 2, 2, WIDTH)[:, kind].astype(np.float32).transpose(1, 0, 2)
    cues, spans = (choosers, choices) if kind == SOURCE else (choices, choosers)
    asked = query[[cue.start for cue in cues]]
    means = np.stack([key[span.start : span.end].mean(0) for span in spans])
    mine, theirs = (asked, means) if kind == SOURCE else (means, asked)
    places = np.searchsorted([choice.start for choice in choices], [chooser.start for chooser in choosers])
    found = []
    for i, (chooser, place) in enumerate(zip(choosers, places, strict=True)):
        low, high = max(0, int(place) - _REACH), min(len(choices), int(place) + _REACH)
        near = [
            bucket(*choices[j][:2], *chooser[:2]) if kind == SOURCE else bucket(*chooser[:2], *choices[j][:2])
            for j in range(low, high)
        ]
        scores = np.append(theirs[low:high] @ mine[i] + distances[near], none)
        shares = np.exp(scores - scores.max())
        best = int(shares.argmax())
        found.append(Link(low + best if best < high - low else -1, float(shares[best] / shares.sum())))
    return found
