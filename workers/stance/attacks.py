"""Attacks on countries and bodies in a person's own words, which the decision over the article finds too improbable.

It has seen few speakers who accuse a country or a body. An attack is a reading of a statement with two hostile words,
by a main figure of the article, against the country or body of the passage that the words are most probably against. Of
those with a reading of at least .35 to which the decision gives .25 to .5, 19 of 37 are right in the 601 articles that
it learns from (cross-validated; two readings of an article count half each); with bounds of .2 and .1 32 of 112.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from services.contracts import StanceLabel
from workers.stance.article_features import Candidate, best_reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.stance.passage_features import Features
    from workers.stance.readings import Reading

ATTACK_PRECISION: Final = 0.5
MIN_READING: Final = 0.35
MIN_DECISION: Final = 0.25
_HOSTILE_WORDS: Final = 2  # the least number in the passage
_MAIN_FIGURE: Final = 5  # the least number of mentions in the article
_POLAR_WORDS: Final = ("verbs", "nouns", "sentiment")


def attacks(possible: Mapping[Candidate, Features], readings: Sequence[Reading]) -> list[Candidate]:
    """Return the possible stances that are attacks in the holder's own words."""
    by_pair: dict[tuple[int | None, int], list[Reading]] = {}
    strongest: dict[tuple[int | None, int], float] = {}  # of the attacks of a holder in a passage
    for reading in readings:
        record = reading.record
        by_pair.setdefault((record.holder, record.target), []).append(reading)
        if record.stance is StanceLabel.OPPOSE:
            passage = (record.holder, record.evidence.start)
            strongest[passage] = max(record.score, strongest.get(passage, 0.0))
    chosen = []
    for (holder, target, side), features in possible.items():
        best = best_reading(side, by_pair.get((holder, target), ()))
        if (
            best is not None
            and best.record.score >= max(MIN_READING, strongest.get((holder, best.record.evidence.start), 0.0))
            and is_attack(features)
        ):
            chosen.append((holder, target, side))
    return chosen


def is_attack(features: Features) -> bool:
    """Return whether a main figure of the article speaks against the target in hostile words of the person's own."""
    hostile = sum(round(math.expm1(features.get(f"best, {kind} of this side", 0.0))) for kind in _POLAR_WORDS)
    return (
        bool(features["oppose"] and features.get("holder is PERSON") and features.get("best, statement"))
        and not features.get("target is PERSON")
        and round(math.expm1(features["holder, mentions"])) >= _MAIN_FIGURE
        and hostile >= _HOSTILE_WORDS
        and not features["best, target modifies"]
        and not features["best, target addressed"]
    )
