"""The probability that an attribution or entity is right: logistic regression on the certainty of the model's tags.

The weights are fitted on the development sets (``workers.training``). Of the items with a score of 0.8, about eight in
ten are right.
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
    from workers.model.tags import TaggedSpan

# Both counts include the constant 1 whose weight is the bias.
ATTRIBUTION_FEATURE_COUNT: Final = 11
ENTITY_FEATURE_COUNT: Final = 4 + len(ENTITIES)
_MIN_PROBABILITY: Final = 1e-4  # before taking logits


def attribution_features(
    tag_probability: NDArray[np.float32],
    source: TaggedSpan | None,
    cue: TaggedSpan,
    contents: Sequence[TaggedSpan],
    cue_link: Link,
    content_links: Sequence[Link],
    *,
    confirmed_by_rule: bool,
) -> tuple[float, ...]:
    """Return the features of an attribution.

    ``tag_probability`` [words] is the probability of each word's tag. ``cue_link`` is the link from the cue to its
    source, ``content_links`` are those from the contents to the cue. ``confirmed_by_rule`` tells whether a rule finds
    the same attribution.
    """
    inside = np.concatenate([tag_probability[part.start : part.end] for part in contents])
    edges = [value for part in contents for value in (tag_probability[part.start], tag_probability[part.end - 1])]
    return (
        1.0,
        _logit(tag_probability[cue.start : cue.end].mean()),
        _logit(tag_probability[cue.start : cue.end].min()),
        _logit(inside.mean()),
        _logit(min(edges)),
        float(len(contents) > 1),
        float(source is None),
        _logit(tag_probability[source.start : source.end].min()) if source else 0.0,
        _logit(cue_link.score),
        _logit(min(link.score for link in content_links)),
        float(confirmed_by_rule),
    )


def entity_features(tag_probability: NDArray[np.float32], span: TaggedSpan) -> tuple[float, ...]:
    """Return the features of an entity: certainty, length and type."""
    inside = tag_probability[span.start : span.end]
    return (
        1.0,
        _logit(inside.mean()),
        _logit(inside.min()),
        math.log(span.end - span.start),
        *(float(label == span.label) for label in range(len(ENTITIES))),
    )


def probability(features: Sequence[float], weights: Sequence[float]) -> float:
    """Return the logistic function of the weighted features, rounded to four digits."""
    total = sum(feature * weight for feature, weight in zip(features, weights, strict=True))
    return round(1 / (1 + math.exp(-max(-50.0, min(50.0, total)))), 4)


def _logit(value: float | np.floating) -> float:
    """Return the logit of a probability that is first moved away from 0 and 1."""
    bounded = min(1 - _MIN_PROBABILITY, max(_MIN_PROBABILITY, float(value)))
    return math.log(bounded / (1 - bounded))
