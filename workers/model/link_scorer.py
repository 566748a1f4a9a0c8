"""Links each cue to its source and each content to its cue.

The score of a link is the dot product of a cue's vector and the mean vector of a span's words (after Dozat and Manning,
ICLR 2017), plus a learned score for the distance between the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.model.tags import TaggedSpan

WIDTH: Final = 64  # of the vectors of spans and cues
SOURCE, CONTENT = 0, 1  # the two kinds of link
# Distances in words between a span and a cue: one bucket each up to 4, then buckets that double in size. Spans before
# their cue and spans after it have separate buckets.
_SINGLE_BUCKETS: Final = 4
_BUCKETS_PER_SIDE: Final = 10
DISTANCE_BUCKETS: Final = 2 * _BUCKETS_PER_SIDE
# Candidates on either side; the bound keeps time linear in the length of an article.
_MAX_CANDIDATES_PER_SIDE: Final = 8


def distance_bucket(start: int, end: int, cue_start: int, cue_end: int) -> int:
    """Return the bucket of the distance between the span ``start`` to ``end`` and a cue, all in words."""
    if start >= cue_end:
        return _BUCKETS_PER_SIDE + _bucket_of_gap(start - cue_end)
    return _bucket_of_gap(max(0, cue_start - end))


def _bucket_of_gap(gap: int) -> int:
    if gap <= _SINGLE_BUCKETS:
        return gap
    return min(_BUCKETS_PER_SIDE - 1, _SINGLE_BUCKETS + (gap // (_SINGLE_BUCKETS + 1)).bit_length())


class Link(NamedTuple):
    """The index of the chosen span, or -1 for none, and the probability of the choice among its alternatives."""

    choice: int
    score: float


def choose_links(
    vectors: NDArray[np.float16],
    choosers: Sequence[TaggedSpan],
    candidates: Sequence[TaggedSpan],
    kind: int,
    distance_scores: NDArray[np.float32],
    none_score: float,
) -> list[Link]:
    """Return, for each of ``choosers``, its link to one of ``candidates`` or to none; both are in text order.

    For ``SOURCE``, cues choose sources; for ``CONTENT``, contents choose cues. ``vectors`` is [words, 4 * WIDTH],
    ``distance_scores`` [bucket]; ``none_score`` is the score of choosing none.
    """
    if not choosers or not candidates:
        return [Link(-1, 1.0)] * len(choosers)
    cue_vectors, span_vectors = (
        vectors.reshape(len(vectors), 2, 2, WIDTH)[:, kind].astype(np.float32).transpose(1, 0, 2)
    )
    cues, spans = (choosers, candidates) if kind == SOURCE else (candidates, choosers)
    of_cues = cue_vectors[[cue.start for cue in cues]]
    of_spans = np.stack([span_vectors[span.start : span.end].mean(0) for span in spans])
    of_choosers, of_candidates = (of_cues, of_spans) if kind == SOURCE else (of_spans, of_cues)
    positions = np.searchsorted([candidate.start for candidate in candidates], [chooser.start for chooser in choosers])
    links = []
    for i, (chooser, position) in enumerate(zip(choosers, positions, strict=True)):
        low = max(0, int(position) - _MAX_CANDIDATES_PER_SIDE)
        high = min(len(candidates), int(position) + _MAX_CANDIDATES_PER_SIDE)
        buckets = [
            distance_bucket(*candidates[j][:2], *chooser[:2])
            if kind == SOURCE
            else distance_bucket(*chooser[:2], *candidates[j][:2])
            for j in range(low, high)
        ]
        scores = np.append(of_candidates[low:high] @ of_choosers[i] + distance_scores[buckets], none_score)
        exponentials = np.exp(scores - scores.max())
        best = int(exponentials.argmax())
        choice = low + best if best < high - low else -1
        links.append(Link(choice, float(exponentials[best] / exponentials.sum())))
    return links
