"""Scores of whole articles: who says each statement, which mentions belong together, whom a pronoun means.

Predictions are aligned with the gold by mentions: a predicted entity is the gold entity with which it shares most
mentions. Mentions match if they end at the same character and start at most a few words apart. Entities are scored by
B³ (Bagga and Baldwin 1998) and LEA (Moosavi and Strube, ACL 2016). Intervals are bootstraps over articles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from services.contracts import EntityType
from workers.evaluation.dev_sets import Interval
from workers.evaluation.entity_alignment import align_entities
from workers.evaluation.statements import given_statements, judge, whole_statements

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

    from workers.doc.records import EntityRecord
    from workers.evaluation.statements import Judgement

Row = dict[str, Any]
Span = tuple[int, int]
_SCORED_TYPES: Final = {"PERSON", "ORG"}
_PREDICTED_TYPES: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION})
_RESAMPLES: Final = 1000
_SEED: Final = 20261128


@dataclass(frozen=True, slots=True)
class Counts:
    """Right answers, answers given and answers wanted, of one article or of many; fractions for entity scores."""

    right_given: float = 0.0
    given: float = 0.0
    right_wanted: float = 0.0
    wanted: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """Add the counts of two articles."""
        return Counts(
            self.right_given + other.right_given,
            self.given + other.given,
            self.right_wanted + other.right_wanted,
            self.wanted + other.wanted,
        )

    @property
    def precision(self) -> float:
        """Return the share of the given answers that is right."""
        return self.right_given / self.given if self.given else 0.0

    @property
    def recall(self) -> float:
        """Return the share of the wanted answers that is given."""
        return self.right_wanted / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def total(counts: Iterable[Counts]) -> Counts:
    """Return the sum of the counts of articles."""
    return sum(counts, Counts())


def interval(counts: Sequence[Counts], measure: Callable[[Counts], float]) -> Interval:
    """Return the 95 % interval of a measure, by drawing articles with replacement."""
    rng = np.random.default_rng(_SEED)
    rows = np.array([(each.right_given, each.given, each.right_wanted, each.wanted) for each in counts])
    draws = rng.integers(0, len(rows), (_RESAMPLES, len(rows)))
    low, high = np.percentile([measure(Counts(*rows[draw].sum(0).tolist())) for draw in draws], (2.5, 97.5))
    return Interval(float(low), float(high))


def score_article(row: Row, doc: Doc) -> dict[str, Counts]:
    """Return the counts of one annotated article: ``statements``, ``b3`` and ``lea``."""
    gold = _scored_mentions(row)
    predicted = _predicted_mentions(doc)
    matches = _match_mentions(gold, predicted)
    given = given_statements(doc, align_matches(gold, predicted, matches), unnamed_mentions(row))
    wanted = _statements(row)
    right = len(whole_statements(wanted, given))
    return {
        "statements": Counts(right, len(given), right, len(wanted)),
        **score_entities(gold, predicted, matches),
    }


def judge_attributions(row: Row, doc: Doc) -> list[Judgement]:
    """Return for each attribution of an annotated article whether its content and its speaker are right."""
    gold = _scored_mentions(row)
    predicted = _predicted_mentions(doc)
    alignment = align_matches(gold, predicted, _match_mentions(gold, predicted))
    return judge(_statements(row), given_statements(doc, alignment, unnamed_mentions(row)))


def score_entities(
    gold: Mapping[Span, str], predicted: Mapping[Span, int], matches: Mapping[Span, Span]
) -> dict[str, Counts]:
    """Return the counts of entities by ``b3`` and by ``lea``; mentions without a match count as wrong."""
    return {"b3": _b3(gold, predicted, matches), "lea": _lea(gold, predicted, matches)}


def align_matches(
    gold: Mapping[Span, str], predicted: Mapping[Span, int], matches: Mapping[Span, Span]
) -> dict[int, str]:
    """Return the gold entity of each predicted entity, by the number of their matching mentions, names or not."""
    return align_entities((predicted[mine], gold[theirs], False) for mine, theirs in matches.items())


def unnamed_mentions(row: Row) -> dict[int, str]:
    """Return the entities without a name, by the end of each mention that is a description."""
    return {
        end: entity["id"]
        for entity in row["entities"]
        if not any(form == "name" for _, _, form in entity["mentions"])
        for _, end, form in entity["mentions"]
        if form == "description"
    }


def score_gap(row: Row, doc: Doc) -> Counts:
    """Return the counts of one GAP text: pairs of the pronoun and the name that it refers to.

    The name is right if its entity has a mention that overlaps the name of the corpus.
    """
    predicted = _predicted_mentions(doc, types=None)
    start, end = row["pronoun"]
    answer = predicted.get((start, end))
    mentions = [span for span, entity in predicted.items() if entity == answer]
    given = {
        name
        for name in ("a", "b")
        if answer is not None and any(first < row[name][1] and row[name][0] < last for first, last in mentions)
    }
    right = len(given & {row["right"]})
    return Counts(right, len(given), right, int(row["right"] is not None))


def run(nlp: Language, rows: Iterable[Row], score: Callable[[Row, Doc], Any]) -> list[Any]:
    """Return the score of each row's text, analysed by the pipeline."""
    scores = []
    for row in rows:
        with nlp.memory_zone():
            scores.append(score(row, nlp(row["text"])))
    return scores


def _scored_mentions(row: Row) -> dict[Span, str]:
    """Return the gold entity of each mention of persons and organisations."""
    return {
        (start, end): entity["id"]
        for entity in row["entities"]
        if entity["type"] in _SCORED_TYPES
        for start, end, _ in entity["mentions"]
    }


def _predicted_mentions(doc: Doc, types: frozenset[EntityType] | None = _PREDICTED_TYPES) -> dict[Span, int]:
    entities: list[EntityRecord] = doc._.entities
    return {
        (span.start_char, span.end_char): int(span.id_)
        for span in doc.spans["mentions"]
        if types is None or entities[int(span.id_)].type in types
    }


def _match_mentions(gold: Mapping[Span, str], predicted: Mapping[Span, int]) -> dict[Span, Span]:
    """Return the gold mention of each predicted mention: the same, else one that overlaps it and has the same end."""
    by_end: dict[int, Span] = {}
    for span in sorted(gold, key=lambda span: span[0] - span[1]):
        by_end[span[1]] = span
    matches = {span: span for span in predicted if span in gold}
    taken = set(matches)
    for span in predicted:
        other = by_end.get(span[1])
        if span not in matches and other is not None and other not in taken:
            matches[span] = other
            taken.add(other)
    return matches


def _statements(row: Row) -> list[Row]:
    """Return the annotated statements that have a content."""
    return [statement for statement in row["statements"] if statement["content"]]


def _b3(gold: Mapping[Span, str], predicted: Mapping[Span, int], matches: Mapping[Span, Span]) -> Counts:
    clusters: defaultdict[object, set[Span]] = defaultdict(set)
    for span, entity in gold.items():
        clusters["gold", entity].add(span)
    for span, number in predicted.items():
        clusters["predicted", number].add(matches.get(span, (-1 - span[0], -1 - span[1])))
    right = 0.0
    right_wanted = 0.0
    for span, theirs in matches.items():
        mine, other = clusters["predicted", predicted[span]], clusters["gold", gold[theirs]]
        shared = len(mine & other)
        right += shared / len(mine)
        right_wanted += shared / len(other)
    return Counts(right, len(predicted), right_wanted, len(gold))


def _lea(gold: Mapping[Span, str], predicted: Mapping[Span, int], matches: Mapping[Span, Span]) -> Counts:
    wanted: defaultdict[str, set[Span]] = defaultdict(set)
    given: defaultdict[int, set[Span]] = defaultdict(set)
    for span, entity in gold.items():
        wanted[entity].add(span)
    for span, number in predicted.items():
        given[number].add(matches.get(span, (-1 - span[0], -1 - span[1])))
    right_given, all_given = _lea_side(given, wanted)
    right_wanted, all_wanted = _lea_side(wanted, given)
    return Counts(right_given, all_given, right_wanted, all_wanted)


def _lea_side(clusters: Mapping[Any, set[Span]], others: Mapping[Any, set[Span]]) -> tuple[float, float]:
    """Return the sum over clusters of their size times the share of their links that others have, and their sizes.

    A cluster of one mention has a link to itself.
    """
    home = {span: key for key, spans in others.items() for span in spans}
    right = size = 0.0
    for spans in clusters.values():
        counts = Counter(home[span] for span in spans if span in home)
        if len(spans) == 1:
            resolved = float(any(len(others[key]) == 1 for key in counts))
        else:
            resolved = sum(n * (n - 1) for n in counts.values()) / (len(spans) * (len(spans) - 1))
        right += len(spans) * resolved
        size += len(spans)
    return right, size
