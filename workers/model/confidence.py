"""How probable a finding is to be right: a few features of how certain the model was, weighed by a logistic regression.

The weights are fitted on the development sets (``workers.training``), so that of the findings that score 0.8
about eight in ten are right.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from workers.model.tags import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.model.link_scorer import Link
    from workers.model.tags import Tagged

# With a leading one, which the bias is the weight of.
STATEMENT_FEATURES: Final = 11
ENTITY_FEATURES: Final = 4 + len(ENTITIES)
_SMALLEST: Final = 1e-4


def statement(
    certain: NDArray[np.float32],
    source: Tagged | None,
    cue: Tagged,
    contents: Sequence[Tagged],
    of_cue: Link,
    of_contents: Sequence[Link],
    *,
    seconded: bool,
) -> tuple[float, ...]:
    """Return the features of a statement.

    ``certain`` is the share of each word's tag among its tags; ``seconded`` whether a rule finds the same.
    """
    words = np.concatenate([certain[part.start : part.end] for part in contents])
    edges = [value for part in contents for value in (certain[part.start], certain[part.end - 1])]
    return (
        1.0,
        _certainty(certain[cue.start : cue.end].mean()),
        _certainty(certain[cue.start : cue.end].min()),
        _certainty(words.mean()),
        _certainty(min(edges)),
        float(len(contents) > 1),
        float(source is None),
        _certainty(certain[source.start : source.end].min()) if source else 0.0,
        _certainty(of_cue.score),
        _certainty(min(link.score for link in of_contents)),
        float(seconded),
    )


def entity(certain: NDArray[np.float32], span: Tagged) -> tuple[float, ...]:
    """Return the features of an entity."""
    inside = certain[span.start : span.end]
    return (
        1.0,
        _certainty(inside.mean()),
        _certainty(inside.min()),
        math.log(span.end - span.start),
        *(float(label == span.label) for label in range(len(ENTITIES))),
    )


def probability(features: Sequence[float], weights: Sequence[float]) -> float:
    """Return the logistic function of the weighed features, to the fourth digit."""
    total = sum(feature * weight for feature, weight in zip(features, weights, strict=True))
    return round(1 / (1 + math.exp(-max(-50.0, min(50.0, total)))), 4)


def _certainty(share: float | np.floating) -> float:
    """Return the logit of a share, bounded."""
    bounded = min(1 - _SMALLEST, max(_SMALLEST, float(share)))
    return math.log(bounded / (1 - bounded))
