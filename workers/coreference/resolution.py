"""Resolution of pronouns and descriptions to the named entities of an article.

The head gives each anaphor a distribution over its candidates and "none of them". A candidate that is itself a pronoun
or a description passes on its own distribution over entities; so an entity's probability is the sum over all chains
that lead to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from workers.coreference.mentions import SPEECH_CLASSES, Anaphor, Form, Gender, Mention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.coreference.candidates import Candidates
    from workers.doc.records import TokenSpan
    from workers.model.antecedent_head import AntecedentHead

# An entity's probability within a mention's distribution; smaller ones are dropped, which bounds the work.
_NEGLIGIBLE: Final = 0.005
_LIKELY: Final = 0.5
_IMPOSSIBLE: Final = 1e-9
# In a quotation, these do not refer to its speaker, who says "I".
_NOT_THE_SPEAKER: Final = frozenset({Anaphor.HE, Anaphor.SHE})

Distribution = dict[int, float]


def entity_distributions(
    mentions: Sequence[Mention],
    candidates: Candidates,
    head: AntecedentHead,
    vectors: NDArray[np.float32] | None,
    excluded: Mapping[Anaphor, frozenset[int]],
) -> list[Distribution]:
    """Return for each mention the probabilities of the entities that it may refer to; the rest is "none of them".

    ``vectors`` [mentions, inputs of the head] are those of the mentions, None for a head without vectors. ``excluded``
    are the entities that a class of anaphor cannot refer to.
    """
    distributions: list[Distribution] = [
        {mention.entity: 1.0} if mention.entity is not None else {} for mention in mentions
    ]
    if not candidates.anaphors:
        return distributions
    if vectors is None:
        vectors = np.zeros((len(mentions), 0), np.float32)
    classes = np.array([mentions[x].anaphor for x in candidates.anaphors], np.intp)
    scores, none_scores = head.score_pairs(
        vectors, candidates.pairs, candidates.features, np.array(candidates.anaphors, np.intp), classes
    )
    by_start = {mention.span.start: y for y, mention in enumerate(mentions)}
    # The first and the second person last: their candidates include the source of the words around them.
    order = sorted(
        range(len(candidates.anaphors)), key=lambda n: mentions[candidates.anaphors[n]].anaphor in SPEECH_CLASSES
    )
    for n in order:
        x, (first, last) = candidates.anaphors[n], candidates.ranges[n]
        mention = mentions[x]
        not_allowed = excluded.get(mention.anaphor, frozenset())
        if mention.anaphor in _NOT_THE_SPEAKER and mention.quotation >= 0 and mention.enclosing_source:
            not_allowed |= _speaker(mention.enclosing_source, by_start, distributions)
        chosen = [distributions[y] for y in candidates.pairs[first:last, 1].tolist()]
        values = np.append(scores[first:last].astype(np.float64), none_scores[n])
        allowed = [1.0] * len(chosen)
        if not_allowed:
            allowed = [1 - sum(each[key] for key in not_allowed & each.keys()) for each in chosen]
            values[:-1] += np.log(np.maximum(allowed, _IMPOSSIBLE))
        exponentials = np.exp(values - values.max())
        probabilities = (exponentials / exponentials.sum()).tolist()
        distribution: Distribution = {}
        for each, share, probability in zip(chosen, allowed, probabilities, strict=False):
            for entity, value in each.items() if probability >= _NEGLIGIBLE else ():
                if entity not in not_allowed:
                    distribution[entity] = distribution.get(entity, 0.0) + probability * value / share
        distributions[x] = {entity: value for entity, value in distribution.items() if value >= _NEGLIGIBLE}
    return distributions


def _speaker(source: TokenSpan, by_start: Mapping[int, int], distributions: Sequence[Distribution]) -> frozenset[int]:
    """Return the entity that a source most probably refers to, or nothing."""
    mention = next((by_start[i] for i in range(*source) if i in by_start), None)
    best = None if mention is None else best_entity(distributions[mention], _LIKELY)
    return frozenset() if best is None else frozenset({best[0]})


def excluded_entities(mentions: Sequence[Mention]) -> dict[Anaphor, frozenset[int]]:
    """Return the entities that "he" and "she" cannot refer to: those whose names mostly show the other gender."""
    balance: dict[int, int] = {}
    for mention in mentions:
        if mention.form is Form.NAME and mention.entity is not None and mention.gender:
            balance[mention.entity] = balance.get(mention.entity, 0) + (1 if mention.gender is Gender.MALE else -1)
    return {
        Anaphor.HE: frozenset(entity for entity, value in balance.items() if value < 0),
        Anaphor.SHE: frozenset(entity for entity, value in balance.items() if value > 0),
    }


def best_entity(distribution: Distribution, threshold: float) -> tuple[int, float] | None:
    """Return the most probable entity with its probability, or None if that is below ``threshold``."""
    if not distribution:
        return None
    entity = max(distribution, key=distribution.__getitem__)
    return (entity, distribution[entity]) if distribution[entity] >= threshold else None
