"""Stances over whole articles, scored against the gold of whole articles: who is for or against whom, once an article.

A stance of a result is right if the gold has one of the same side between the entities that its holder and target
refer to (`entity_alignment`). Sentences of evidence are not compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from services.contracts import EntityType
from workers.evaluation.entity_alignment import align_entities

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from spacy.tokens import Doc

    from workers.doc.records import EntityRecord

THRESHOLDS: Final = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_NAME: Final = "name"
_ISSUE: Final = "ISSUE"
_ISSUE_TYPES: Final = frozenset({EntityType.ISSUE, EntityType.MISC})  # a law by its name is MISC
_MIN_OVERLAP: Final = 0.5  # of two mentions that end at different places, intersection by union
_RESAMPLES: Final = 2000
_SEED: Final = 20261128
_PERCENTILES: Final = (2.5, 97.5)

Mention = tuple[int, int, str]  # start and end in characters, and the form
Triple = tuple[str | None, str, str]  # holder, side, target
# Between two parties that have names, between any two, or of a party on an issue; never the article's own voice.
Group = Literal["named", "parties", "issue"]
GROUPS: Final[tuple[Group, ...]] = ("named", "parties", "issue")


class ArticleScore(NamedTuple):
    """One article: the gold's number of stances, and the score of each stance given, with whether it is right.

    Of several stances given that say the same, the one with the highest score counts.
    """

    gold: int
    given: tuple[tuple[float, bool], ...]


class ThresholdScore(NamedTuple):
    """Precision and recall of the stances with at least the score ``threshold``, with 95 % intervals over articles."""

    threshold: float
    given: int
    right: int
    gold: int
    precision_interval: tuple[float, float]
    recall_interval: tuple[float, float]

    @property
    def precision(self) -> float:
        """The share of the stances given that are right; 1 if none is given."""
        return self.right / self.given if self.given else 1.0

    @property
    def recall(self) -> float:
        """The share of the gold's stances that are given."""
        return self.right / self.gold if self.gold else 1.0


def shared_mentions(
    gold: Mapping[str, Sequence[Mention]], given: Mapping[str, Sequence[Mention]]
) -> Iterator[tuple[str, str, bool]]:
    """Yield the given and the gold entity of each mention that both have, and whether it is a name in both."""
    mentions = sorted((start, end, form, entity) for entity, spans in gold.items() for start, end, form in spans)
    for entity, spans in given.items():
        for start, end, form in spans:
            for other_start, other_end, other_form, other in mentions:
                if other_start >= end:
                    break
                if _is_same((start, end), (other_start, other_end)):
                    yield entity, other, form == other_form == _NAME


def score_stances(gold: Mapping[str, Any], doc: Doc, group: Group) -> ArticleScore:
    """Score the stances of an analysed document; ``gold`` is an article of ``workers.training.annotated_articles``."""
    entities: list[EntityRecord] = doc._.entities
    mentions: dict[str, list[Mention]] = {str(entity.key): [] for entity in entities}
    for span in doc.spans["mentions"]:
        mentions[span.id_].append((span.start_char, span.end_char, str(span._.form)))
    stances = [
        (None if stance.holder is None else str(stance.holder), stance.stance.value, str(stance.target), stance.score)
        for stance in doc._.stances
    ]
    issues = {str(entity.key) for entity in entities if entity.type in _ISSUE_TYPES}
    return score_triples(gold, mentions, stances, group, issues)


def score_triples(
    gold: Mapping[str, Any],
    given_mentions: Mapping[str, Sequence[Mention]],
    stances: Iterable[tuple[str | None, str, str, float]],
    group: Group,
    issues: Container[str] = (),
) -> ArticleScore:
    """Score stances of a group given as (holder, side, target, score); ``issues`` are those of the given entities."""
    gold_mentions = {entity["id"]: [tuple(mention) for mention in entity["mentions"]] for entity in gold["entities"]}
    gold_issues = {entity["id"] for entity in gold["entities"] if entity["type"] == _ISSUE}
    wanted = {
        (stance["holder"], stance["side"], stance["target"])
        for stance in gold["stances"]
        if _belongs(stance["holder"], stance["target"], group, gold_mentions, gold_issues)
    }
    others = {(stance["holder"], stance["side"], stance["target"]) for stance in gold["stances"]} - wanted
    aligned = align_entities(shared_mentions(gold_mentions, given_mentions))
    best: dict[Triple, float] = {}
    for holder, side, target, score in stances:
        if not _belongs(holder, target, group, given_mentions, issues):
            continue
        triple = (holder and aligned.get(holder, f"?{holder}"), side, aligned.get(target, f"?{target}"))
        if triple not in others:  # right, but of a kind that is not counted
            best[triple] = max(score, best.get(triple, 0.0))
    return ArticleScore(len(wanted), tuple((score, triple in wanted) for triple, score in best.items()))


def _belongs(
    holder: str | None,
    target: str,
    group: Group,
    mentions: Mapping[str, Sequence[Mention]],
    issues: Container[str],
) -> bool:
    """Return whether a stance is one of the group."""
    if holder is None or (target in issues) != (group == "issue"):
        return False
    return group != "named" or (_has_name(mentions[holder]) and _has_name(mentions[target]))


def by_threshold(articles: Sequence[ArticleScore], thresholds: Sequence[float] = THRESHOLDS) -> list[ThresholdScore]:
    """Return precision and recall at each threshold, with percentile intervals over resampled articles."""
    count = len(articles)
    weights = np.random.default_rng(_SEED).multinomial(count, np.full(count, 1 / max(count, 1)), _RESAMPLES)
    rows = []
    for threshold in thresholds:
        counts = np.array(
            [
                (
                    sum(right and score >= threshold for score, right in article.given),
                    sum(score >= threshold for score, _ in article.given),
                    article.gold,
                )
                for article in articles
            ],
            dtype=float,
        ).reshape(count, 3)
        right, given, gold = (int(total) for total in counts.sum(0))
        totals = weights @ counts
        precision, recall = (
            np.percentile(totals[:, 0] / np.maximum(totals[:, column], 1), _PERCENTILES) for column in (1, 2)
        )
        rows.append(ThresholdScore(threshold, given, right, gold, _interval(precision), _interval(recall)))
    return rows


def _is_same(mention: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether two spans are the same mention: they end together, as English phrases do, or mostly overlap."""
    intersection = min(mention[1], other[1]) - max(mention[0], other[0])
    union = max(mention[1], other[1]) - min(mention[0], other[0])
    return intersection > 0 and (mention[1] == other[1] or intersection >= _MIN_OVERLAP * union)


def _has_name(spans: Iterable[Mention]) -> bool:
    return any(form == _NAME for _, _, form in spans)


def _interval(edges: Any) -> tuple[float, float]:
    low, high = edges
    return float(low), float(high)
