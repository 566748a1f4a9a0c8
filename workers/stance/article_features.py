"""Features of a possible stance in an article: of its holder, target and side, gathered from all readings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from services.contracts import StanceLabel
from workers.doc.records import StanceRecord
from workers.stance.passage_features import Features, PassageFeatures

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workers.doc.tokens import Tokens
    from workers.stance.readings import Reading
    from workers.stance.stance_context import StanceContext

Candidate = tuple[int | None, int, StanceLabel]  # holder and target by their keys, and the side

_MIN_PROBABILITY: Final = 0.01
_ADMISSIBLE: Final = 0.15  # readings below it are counted, but make no candidate
# Where there is little else to go by, they count for more.
_IN_SHORT_TEXTS: Final = (
    "bias",
    "pair, best",
    "pair, opposite",
    "voice, best",
    "voice, opposite",
    "reverse, this side",
    "act, this side",
    "verb, this side",
    "article's voice",
)


def candidates(
    context: StanceContext, tokens: Tokens, readings: Sequence[Reading], shown: Sequence[StanceRecord]
) -> dict[Candidate, Features]:
    """Return the features of each possible stance.

    ``readings`` are those of the model, ``shown`` the stances shown by acts and by verbs.
    """
    by_pair: dict[tuple[int | None, int], list[Reading]] = {}
    for reading in readings:
        by_pair.setdefault((reading.record.holder, reading.record.target), []).append(reading)
    shown_by_pair: dict[tuple[int | None, int], list[StanceRecord]] = {}
    for record in shown:
        shown_by_pair.setdefault((record.holder, record.target), []).append(record)
    by_target, by_holder = _strongest(readings)
    article = PassageFeatures(context, tokens)
    result: dict[Candidate, Features] = {}
    for pair in dict.fromkeys((*by_pair, *shown_by_pair)):
        holder, target = pair
        pair_readings, pair_shown = by_pair.get(pair, []), shown_by_pair.get(pair, [])
        reverse = (target, holder) if holder is not None else None
        sides = {reading.record.stance for reading in pair_readings if reading.record.score >= _ADMISSIBLE}
        for side in sorted(sides | {record.stance for record in pair_shown}):
            features = article.of_pair(holder, target)
            features |= _of_readings(side, pair_readings)
            features |= _of_shown(side, pair_shown)
            if reverse is not None:
                features |= _of_reverse(side, by_pair.get(reverse, []), shown_by_pair.get(reverse, []))
            best = best_reading(side, pair_readings)
            if best is not None:
                features |= article.of_passage(side, best)
            features |= _of_others(holder, target, by_target.get((target, side), {}), by_holder.get((holder, side), {}))
            features["oppose"] = float(side is StanceLabel.OPPOSE)
            features |= {f"{name}, short text": features.get(name, 0.0) * article.shortness for name in _IN_SHORT_TEXTS}
            result[holder, target, side] = features
    return result


def best_reading(side: StanceLabel, readings: Iterable[Reading]) -> Reading | None:
    """Return the most probable reading of a side, or None."""
    return max(
        (reading for reading in readings if reading.record.stance is side),
        key=lambda reading: reading.record.score,
        default=None,
    )


def _logit(probability: float) -> float:
    probability = min(max(probability, _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
    return math.log(probability / (1 - probability)) + math.log((1 - _MIN_PROBABILITY) / _MIN_PROBABILITY)


def _of_readings(side: StanceLabel, readings: Sequence[Reading]) -> Features:
    """Return how strongly and how often the passages say so, by kind of query, and how strongly the opposite."""
    features: Features = {"passages": math.log1p(len(readings))}
    features["passages on this side"] = sum(reading.record.stance is side for reading in readings) / max(
        1, len(readings)
    )
    for kind, is_pair in (("pair", True), ("voice", False)):
        scores = sorted(
            (
                reading.record.score if reading.record.stance is side else reading.other
                for reading in readings
                if (reading.holder is not None) is is_pair
            ),
            reverse=True,
        )
        opposite = [
            reading.other if reading.record.stance is side else reading.record.score
            for reading in readings
            if (reading.holder is not None) is is_pair
        ]
        features[f"{kind}, best"] = _logit(scores[0]) if scores else 0.0
        features[f"{kind}, second"] = _logit(scores[1]) if len(scores) > 1 else 0.0
        features[f"{kind}, mean"] = sum(scores) / len(scores) if scores else 0.0
        features[f"{kind}, any"] = float(bool(scores))
        features[f"{kind}, opposite"] = _logit(max(opposite)) if opposite else 0.0
    names = [
        reading.record.score
        for reading in readings
        if reading.record.stance is side
        and reading.target.is_name
        and (reading.holder is None or reading.holder.is_name)
    ]
    features["best of names"] = _logit(max(names)) if names else 0.0
    return features


def _of_shown(side: StanceLabel, shown: Sequence[StanceRecord]) -> Features:
    """Return whether acts and verbs show this side or the other."""
    features: Features = {}
    for record in shown:
        kind = "verb" if record.attribution is None else "act"
        name = f"{kind}, {'this' if record.stance is side else 'other'} side"
        features[name] = max(features.get(name, 0.0), record.score)
    return features


def _of_reverse(side: StanceLabel, readings: Sequence[Reading], shown: Sequence[StanceRecord]) -> Features:
    """Return how strongly the target takes the same side or the other towards the holder."""
    features: Features = {}
    for record in (*(reading.record for reading in readings), *shown):
        name = f"reverse, {'this' if record.stance is side else 'other'} side"
        features[name] = max(features.get(name, 0.0), _logit(record.score))
    features["reverse, shown"] = float(bool(shown))
    return features


Strongest = dict[tuple[int | None, StanceLabel], dict[int | None, float]]


def _strongest(readings: Iterable[Reading]) -> tuple[Strongest, Strongest]:
    """Return the strongest reading of each holder by target and side, and of each target by holder and side."""
    by_target: Strongest = {}
    by_holder: Strongest = {}
    for record, *_ in readings:
        for group, key, other in ((by_target, record.target, record.holder), (by_holder, record.holder, record.target)):
            scores = group.setdefault((key, record.stance), {})
            scores[other] = max(record.score, scores.get(other, 0.0))
    return by_target, by_holder


def _of_others(
    holder: int | None, target: int, of_target: dict[int | None, float], of_holder: dict[int | None, float]
) -> Features:
    """Return how strongly others take this side towards the target, and the holder towards others."""
    features: Features = {}
    for name, scores, own in (("others to target", of_target, holder), ("holder to others", of_holder, target)):
        others = [score for key, score in scores.items() if key != own]
        features[name] = math.log1p(sum(others))
        features[f"{name}, best"] = max(others, default=0.0)
    return features
