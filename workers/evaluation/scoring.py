"""Scores predictions against a corpus.

A gold row and its prediction give a ``DocumentScore``. Scores add up, so the metrics of a whole dev set, of a part of
it (one publisher, one region) and of a bootstrap resample are computed from the same rows. An invalid prediction,
such as a span outside its text, raises ``ValueError``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from workers.evaluation.calibration import calibration_error, reliability

Row = dict[str, Any]
Words = frozenset[int]
Span = tuple[int, int]

ROLES: Final = ("source", "cue", "content")
MIN_OVERLAP: Final = 0.5  # intersection over union that each role needs for an attribution to count as correct
# The tasks, and the fields of a row that a system may read.
INPUT_FIELDS: Final = {
    "attributions": ("text",),
    "entities": ("text",),
    "coreference": ("text",),
    "stance_pairs": ("text", "a", "b"),
    "target_sentiment": ("text", "target"),
    "claim_stance": ("text", "claim"),
}
CLASSIFICATION_TASKS: Final = frozenset({"stance_pairs", "target_sentiment", "claim_stance"})
_DIGITS: Final = 4
_WORD: Final = re.compile(r"\w+")
_EDGE_PUNCTUATION: Final = ",.;:"
_PRONOUNS: Final = frozenset(["he", "him", "his", "himself", "she", "her", "hers", "herself"])
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_NAME_WORD: Final = re.compile(r"[^\W\d_][\w.-]*")
_NOT_IN_NAMES: Final = frozenset(["the", "a", "an", "mr", "mrs", "ms", "dr"])


class Count(NamedTuple):
    """Numbers of correct predictions, of all predictions and of gold annotations."""

    correct: int = 0
    predicted: int = 0
    gold: int = 0

    def plus(self, other: Count) -> Count:
        """Return the sum of both counts."""
        return Count(self.correct + other.correct, self.predicted + other.predicted, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """The share of correct predictions; 0 without predictions."""
        return self.correct / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold that was predicted; 0 without gold."""
        return self.correct / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


class Answer(NamedTuple):
    """The score of a prediction, if it has one, and whether the prediction is correct."""

    score: float | None
    correct: bool


@dataclass(slots=True)
class DocumentScore:
    """Counts by the name of the metric, and the answers for the calibration error."""

    counts: dict[str, Count] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def add(self, name: str, correct: int, predicted: int, gold: int) -> None:
        """Add to the count called ``name``."""
        self.counts[name] = self.counts.get(name, Count()).plus(Count(correct, predicted, gold))


@dataclass(frozen=True, slots=True)
class TaskMetrics:
    """The metrics of a task.

    ``counts`` are by the name of the metric; "all" in the entities task covers all types. Accuracy and macro F1 exist
    for classification tasks only, the calibration error only where every answer has a score.
    """

    counts: dict[str, Count]
    accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None

    def rounded(self) -> dict[str, Any]:
        """Return the metrics of the whole, then precision, recall and F1 by name, all rounded to four digits."""
        overall = {"accuracy": self.accuracy, "macro_f": self.macro_f1, "ece": self.calibration_error}
        return {name: round(value, _DIGITS) for name, value in overall.items() if value is not None} | {
            name: {
                "p": round(count.precision, _DIGITS),
                "r": round(count.recall, _DIGITS),
                "f": round(count.f1, _DIGITS),
            }
            for name, count in self.counts.items()
        }


def score_documents(task: str, gold: Sequence[Row], predicted: Sequence[Row]) -> list[DocumentScore]:
    """Return the score of each row; predictions must be in the order of the gold.

    Raises ``ValueError`` if the numbers of rows or the ``id`` of a row differ.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} rows")
    scores = []
    for number, (row, prediction) in enumerate(zip(gold, predicted, strict=True)):
        if prediction.get("id", str(number)) not in {row.get("id", str(number)), str(number)}:
            raise ValueError(f"row {number}: the prediction is for {prediction['id']!r}, the row is {row.get('id')!r}")
        scores.append(_SCORERS[task](row, prediction))
    return scores


def aggregate(task: str, scores: Iterable[DocumentScore]) -> TaskMetrics:
    """Return the metrics of several scores together."""
    total = DocumentScore()
    for score in scores:
        total.answers += score.answers
        for name, count in score.counts.items():
            total.add(name, *count)
    counts = dict(sorted(total.counts.items()))
    error = None
    if total.answers and all(answer.score is not None for answer in total.answers):
        known_scores = [answer.score for answer in total.answers if answer.score is not None]
        error = calibration_error(reliability(known_scores, [answer.correct for answer in total.answers]))
    if task not in CLASSIFICATION_TASKS:
        return TaskMetrics(counts, calibration_error=error)
    return TaskMetrics(counts, accuracy(counts.values()), macro_f1(counts.values()), error)


def accuracy(classes: Iterable[Count]) -> float:
    """Return the share of rows with the correct class, from the counts of all classes."""
    counts = list(classes)
    return sum(count.correct for count in counts) / max(1, sum(count.gold for count in counts))


def macro_f1(classes: Iterable[Count]) -> float:
    """Return the mean F1 of the classes that the gold contains, each rounded to four digits as it is reported."""
    values = [round(count.f1, _DIGITS) for count in classes if count.gold]
    return sum(values) / max(1, len(values))


class IndexedText:
    """A text and the offsets of its words."""

    def __init__(self, text: str) -> None:
        """Find the words: runs of letters, digits and underscores."""
        self.text = text
        self._words = [match.span() for match in _WORD.finditer(text)]

    def checked_spans(self, spans: Iterable[Sequence[int]]) -> list[Span]:
        """Return spans as pairs; raises ``ValueError`` for a span that is empty or extends outside the text."""
        pairs = [(start, end) for start, end in spans]
        for start, end in pairs:
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"the span {start} to {end} is not inside a text of {len(self.text)} characters")
        return pairs

    def words(self, spans: Iterable[Span]) -> Words:
        """Return the numbers of the words that overlap any of the spans."""
        pairs = list(spans)
        return frozenset(
            number
            for number, (word_start, word_end) in enumerate(self._words)
            if any(word_start < end and start < word_end for start, end in pairs)
        )

    def trimmed(self, span: Span) -> Span:
        """Return a span without white space, commas, full stops, semicolons and colons at its edges."""
        start, end = span
        while start < end and self._is_edge_character(start):
            start += 1
        while end > start and self._is_edge_character(end - 1):
            end -= 1
        return start, end

    def _is_edge_character(self, offset: int) -> bool:
        return self.text[offset] in _EDGE_PUNCTUATION or self.text[offset].isspace()


def role_overlaps(first: Sequence[Words], second: Sequence[Words]) -> list[float]:
    """Return the intersection over union of each role; two empty roles are equal."""
    return [len(a & b) / len(a | b) if a or b else 1.0 for a, b in zip(first, second, strict=True)]


def role_words(text: IndexedText, attributions: Iterable[Row]) -> list[tuple[Words, ...]]:
    """Return the words of each attribution's source, cue and content."""
    return [
        tuple(text.words(text.checked_spans(attribution.get(role, ()))) for role in ROLES)
        for attribution in attributions
    ]


def match_attributions(gold: Sequence[Sequence[Words]], predicted: Sequence[Sequence[Words]]) -> dict[int, int]:
    """Match predicted attributions to gold ones one to one, closest pairs first: index of predicted -> index of gold.

    A pair needs a content, and an overlap of ``MIN_OVERLAP`` in each role.
    """
    candidates = []
    for predicted_index, predicted_roles in enumerate(predicted):
        for gold_index, gold_roles in enumerate(gold):
            overlaps = role_overlaps(predicted_roles, gold_roles)
            if predicted_roles[-1] and min(overlaps) >= MIN_OVERLAP:
                candidates.append((sum(overlaps), predicted_index, gold_index))
    matches: dict[int, int] = {}
    for _, predicted_index, gold_index in sorted(candidates, reverse=True):
        if predicted_index not in matches and gold_index not in matches.values():
            matches[predicted_index] = gold_index
    return matches


def _score_attributions(gold: Row, prediction: Row) -> DocumentScore:
    score, text = DocumentScore(), IndexedText(gold["text"])
    expected, predicted = gold["attributions"], prediction["attributions"]
    matches = match_attributions(role_words(text, expected), role_words(text, predicted))
    score.add("attribution", len(matches), len(predicted), len(expected))
    for role in ROLES:
        gold_spans = {text.trimmed(span) for each in expected for span in text.checked_spans(each[role])}
        predicted_spans = {text.trimmed(span) for each in predicted for span in text.checked_spans(each.get(role, ()))}
        score.add(f"{role}_exact", len(gold_spans & predicted_spans), len(predicted_spans), len(gold_spans))
        gold_words, predicted_words = text.words(gold_spans), text.words(predicted_spans)
        score.add(f"{role}_word", len(gold_words & predicted_words), len(predicted_words), len(gold_words))
    score.answers = [Answer(each.get("score"), number in matches) for number, each in enumerate(predicted)]
    return score


def _score_entities(gold: Row, prediction: Row) -> DocumentScore:
    score, text = DocumentScore(), IndexedText(gold["text"])
    expected = {(entity["start"], entity["end"], entity["label"]) for entity in gold["entities"]}
    listed = [(entity["start"], entity["end"], entity["label"]) for entity in prediction["entities"]]
    predicted = {(*span, label) for (start, end, label) in listed for span in text.checked_spans([(start, end)])}
    score.add("all", len(expected & predicted), len(predicted), len(expected))
    for entity in expected | predicted:
        is_expected, is_predicted = entity in expected, entity in predicted
        score.add(entity[2], int(is_expected and is_predicted), int(is_predicted), int(is_expected))
    score.answers = [
        Answer(row.get("score"), entity in expected) for row, entity in zip(prediction["entities"], listed, strict=True)
    ]
    return score


def stance_class(row: Row) -> str:
    """Return the class of a stance; where the row has a holder, the holder is part of the class."""
    if row["stance"] == "none" or "holder" not in row:
        return str(row["stance"])
    return f"{row['stance']}:{row['holder']}"


def _score_stance(gold: Row, prediction: Row) -> DocumentScore:
    score, expected, predicted = DocumentScore(), stance_class(gold), stance_class(prediction)
    for name in {expected, predicted}:
        score.add(name, int(expected == predicted), int(name == predicted), int(name == expected))
    score.answers = [Answer(prediction.get("score"), expected == predicted)]
    return score


def _score_coreference(gold: Row, prediction: Row) -> DocumentScore:
    """Score the pronouns of one person; a name is correct if all its words are in names of the pronoun's cluster.

    The baseline "commonest" answers every pronoun with the person that the gold names most often.
    """
    score, text = DocumentScore(), IndexedText(gold["text"])
    names: dict[Any, set[str]] = {}
    name_counts: Counter[Any] = Counter()
    for mention in gold["mentions"]:
        if (mention["type"], mention["form"]) == ("person", "name"):
            words = _name_words(gold["text"][mention["start"] : mention["end"]])
            names.setdefault(mention["entity"], set()).update(words)
            name_counts[mention["entity"]] += 1
    commonest = names[name_counts.most_common(1)[0][0]] if name_counts else set()
    predicted = {
        text.checked_spans([(mention["start"], mention["end"])])[0]: _name_words(mention.get("name") or "")
        for mention in prediction["mentions"]
    }
    for mention in gold["mentions"]:
        span = mention["start"], mention["end"]
        if mention["form"] != "pronoun" or gold["text"][slice(*span)].lower() not in _PRONOUNS:
            continue
        expected = names.get(mention["entity"], set())
        for metric, name in (("pronoun_name", predicted.get(span, set())), ("commonest", commonest)):
            score.add(metric, int(bool(name and expected and name <= expected)), int(bool(name)), int(bool(expected)))
    return score


def _name_words(text: str) -> set[str]:
    """Return the words of a name in lower case: capitalised words of two letters or more, without titles."""
    words = _NAME_WORD.findall(_POSSESSIVE.sub(" ", text))
    return {word.lower() for word in words if len(word) > 1 and word[0].isupper()} - _NOT_IN_NAMES


_SCORERS: Final[dict[str, Callable[[Row, Row], DocumentScore]]] = {
    "attributions": _score_attributions,
    "entities": _score_entities,
    "coreference": _score_coreference,
    "stance_pairs": _score_stance,
    "target_sentiment": _score_stance,
    "claim_stance": _score_stance,
}
