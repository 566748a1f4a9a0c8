"""How predictions are scored against a corpus.

A row of gold and its prediction give a ``Tally``; tallies add up, so that figures of a whole, of a part of it (one
publisher, one region) or of a resample come from the same rows. A prediction that breaks the rules, such as a
span outside of its text, raises ``ValueError``.
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
Extent = tuple[int, int]

ROLES: Final = ("source", "cue", "content")
HALF: Final = 0.5  # intersection over union that each role needs for an attribution to count
# The tasks, and the fields of a row that a system may see.
VISIBLE: Final = {
    "attributions": ("text",),
    "entities": ("text",),
    "coreference": ("text",),
    "stance_pairs": ("text", "a", "b"),
    "target_sentiment": ("text", "target"),
    "claim_stance": ("text", "claim"),
}
CLASSIFIED: Final = frozenset({"stance_pairs", "target_sentiment", "claim_stance"})
_DIGITS: Final = 4
_WORD: Final = re.compile(r"\w+")
_OUTER: Final = ",.;:"
_PRONOUNS: Final = frozenset(["he", "him", "his", "himself", "she", "her", "hers", "herself"])
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_NAME_WORD: Final = re.compile(r"[^\W\d_][\w.-]*")
_NO_NAMES: Final = frozenset(["the", "a", "an", "mr", "mrs", "ms", "dr"])


class Count(NamedTuple):
    """How many were right, were found by the system, and are in the gold."""

    right: int = 0
    found: int = 0
    gold: int = 0

    def plus(self, other: Count) -> Count:
        """Return both counted together."""
        return Count(self.right + other.right, self.found + other.found, self.gold + other.gold)

    @property
    def precision(self) -> float:
        """The share of right ones among those found; 0 where none is."""
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """The share of the gold that was found; 0 where there is none."""
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


class Answer(NamedTuple):
    """One answer's score, where it has one, and whether it is right."""

    score: float | None
    right: bool


@dataclass(slots=True)
class DocumentScore:
    """Counts under the names of their figures, and the answers that a calibration error is measured on."""

    counts: dict[str, Count] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def count(self, name: str, right: int, found: int, gold: int) -> None:
        """Add to the count of one name."""
        self.counts[name] = self.counts.get(name, Count()).plus(Count(right, found, gold))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a task's predictions reach.

    ``counts`` go by the figure's name; "all" of entities is all types together. Accuracy and macro F1 are those of
    classes alone, the calibration error stands where every answer has a score.
    """

    counts: dict[str, Count]
    accuracy: float | None = None
    macro_f1: float | None = None
    calibration_error: float | None = None

    def rounded(self) -> dict[str, Any]:
        """Return the figures to four digits: precision, recall and F1 of each name, and what holds for all."""
        whole = {"accuracy": self.accuracy, "macro_f": self.macro_f1, "ece": self.calibration_error}
        return {name: round(value, _DIGITS) for name, value in whole.items() if value is not None} | {
            name: {"p": round(one.precision, _DIGITS), "r": round(one.recall, _DIGITS), "f": round(one.f1, _DIGITS)}
            for name, one in self.counts.items()
        }


def tallies(task: str, gold: Sequence[Row], predicted: Sequence[Row]) -> list[DocumentScore]:
    """Return the tally of each row; predictions stand in the order of the gold."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(predicted)} predictions for {len(gold)} rows")
    scored = []
    for number, (row, answer) in enumerate(zip(gold, predicted, strict=True)):
        if answer.get("id", str(number)) not in {row.get("id", str(number)), str(number)}:
            raise ValueError(f"row {number}: the prediction is for {answer['id']!r}, the row is {row.get('id')!r}")
        scored.append(_TALLIED[task](row, answer))
    return scored


def figures(task: str, scored: Iterable[DocumentScore]) -> Figures:
    """Return the figures of some tallies taken together."""
    total = DocumentScore()
    for one in scored:
        total.answers += one.answers
        for name, count in one.counts.items():
            total.count(name, *count)
    counts = dict(sorted(total.counts.items()))
    error = None
    if total.answers and all(answer.score is not None for answer in total.answers):
        scores = [answer.score for answer in total.answers if answer.score is not None]
        error = calibration_error(reliability(scores, [answer.right for answer in total.answers]))
    if task not in CLASSIFIED:
        return Figures(counts, calibration_error=error)
    return Figures(counts, accuracy(counts.values()), macro_f1(counts.values()), error)


def accuracy(classes: Iterable[Count]) -> float:
    """Return the share of rows whose class is right, from the counts of all classes."""
    known = list(classes)
    return sum(one.right for one in known) / max(1, sum(one.gold for one in known))


def macro_f1(classes: Iterable[Count]) -> float:
    """Return the mean F1 of the classes of the gold, each taken to four digits as it is reported."""
    values = [round(one.f1, _DIGITS) for one in classes if one.gold]
    return sum(values) / max(1, len(values))


class Text:
    """A text and where its words stand."""

    def __init__(self, text: str) -> None:
        """Find the words: runs of letters, digits and underscores."""
        self.text = text
        self._words = [match.span() for match in _WORD.finditer(text)]

    def extents(self, spans: Iterable[Sequence[int]]) -> list[Extent]:
        """Return spans as pairs; raises ``ValueError`` for one that is empty or reaches out of the text."""
        pairs = [(start, end) for start, end in spans]
        for start, end in pairs:
            if not 0 <= start < end <= len(self.text):
                raise ValueError(f"the span {start} to {end} is none of a text of {len(self.text)} characters")
        return pairs

    def words(self, spans: Iterable[Extent]) -> Words:
        """Return the numbers of the words that any of the spans touches."""
        wanted = list(spans)
        return frozenset(
            number
            for number, (start, end) in enumerate(self._words)
            if any(start < until and since < end for since, until in wanted)
        )

    def trimmed(self, span: Extent) -> Extent:
        """Return a span without white space, commas, stops, semicolons and colons at its edges."""
        start, end = span
        while start < end and self._outer(start):
            start += 1
        while end > start and self._outer(end - 1):
            end -= 1
        return start, end

    def _outer(self, at: int) -> bool:
        return self.text[at] in _OUTER or self.text[at].isspace()


def shares(one: Sequence[Words], other: Sequence[Words]) -> list[float]:
    """Return intersection over union for each role; two empty roles are equal."""
    return [len(a & b) / len(a | b) if a or b else 1.0 for a, b in zip(one, other, strict=True)]


def roles(text: Text, attributions: Iterable[Row]) -> list[tuple[Words, ...]]:
    """Return the words of each attribution's source, cue and content."""
    return [tuple(text.words(text.extents(one.get(role, ()))) for role in ROLES) for one in attributions]


def aligned(gold: Sequence[Sequence[Words]], found: Sequence[Sequence[Words]]) -> dict[int, int]:
    """Return which found attribution is which of the gold, one to one: the closest pairs first.

    A pair needs a content and one half in each role.
    """
    pairs = []
    for number, one in enumerate(found):
        for other, wanted in enumerate(gold):
            close = shares(one, wanted)
            if one[-1] and min(close) >= HALF:
                pairs.append((sum(close), number, other))
    taken: dict[int, int] = {}
    for _, number, other in sorted(pairs, reverse=True):
        if number not in taken and other not in taken.values():
            taken[number] = other
    return taken


def _attributions(gold: Row, answer: Row) -> DocumentScore:
    tally, text = DocumentScore(), Text(gold["text"])
    wanted, found = gold["attributions"], answer["attributions"]
    matched = aligned(roles(text, wanted), roles(text, found))
    tally.count("attribution", len(matched), len(found), len(wanted))
    for role in ROLES:
        right = {text.trimmed(span) for one in wanted for span in text.extents(one[role])}
        given = {text.trimmed(span) for one in found for span in text.extents(one.get(role, ()))}
        tally.count(f"{role}_exact", len(right & given), len(given), len(right))
        right_words, given_words = text.words(right), text.words(given)
        tally.count(f"{role}_word", len(right_words & given_words), len(given_words), len(right_words))
    tally.answers = [Answer(one.get("score"), number in matched) for number, one in enumerate(found)]
    return tally


def _entities(gold: Row, answer: Row) -> DocumentScore:
    tally, text = DocumentScore(), Text(gold["text"])
    wanted = {(one["start"], one["end"], one["label"]) for one in gold["entities"]}
    listed = [(one["start"], one["end"], one["label"]) for one in answer["entities"]]
    found = {(*extent, label) for (*span, label) in listed for extent in text.extents([span])}
    tally.count("all", len(wanted & found), len(found), len(wanted))
    for entity in wanted | found:
        tally.count(entity[2], int(entity in wanted and entity in found), int(entity in found), int(entity in wanted))
    tally.answers = [
        Answer(one.get("score"), entity in wanted) for one, entity in zip(answer["entities"], listed, strict=True)
    ]
    return tally


def stance(row: Row) -> str:
    """Return the class of a stance: whose it is belongs to it, where the row has a holder."""
    if row["stance"] == "none" or "holder" not in row:
        return str(row["stance"])
    return f"{row['stance']}:{row['holder']}"


def _stances(gold: Row, answer: Row) -> DocumentScore:
    tally, wanted, given = DocumentScore(), stance(gold), stance(answer)
    for name in {wanted, given}:
        tally.count(name, int(wanted == given), int(name == given), int(name == wanted))
    tally.answers = [Answer(answer.get("score"), wanted == given)]
    return tally


def _coreference(gold: Row, answer: Row) -> DocumentScore:
    """Pronouns of one person. A name is right if all of its words are in names of the pronoun's cluster.

    "commonest" is what the person named most often in the gold would reach as the answer to every pronoun.
    """
    tally, text = DocumentScore(), Text(gold["text"])
    names: dict[Any, set[str]] = {}
    named: Counter[Any] = Counter()
    for mention in gold["mentions"]:
        if (mention["type"], mention["form"]) == ("person", "name"):
            names.setdefault(mention["entity"], set()).update(_name(gold["text"][mention["start"] : mention["end"]]))
            named[mention["entity"]] += 1
    commonest = names[named.most_common(1)[0][0]] if named else set()
    given = {
        text.extents([(mention["start"], mention["end"])])[0]: _name(mention.get("name") or "")
        for mention in answer["mentions"]
    }
    for mention in gold["mentions"]:
        extent = mention["start"], mention["end"]
        if mention["form"] != "pronoun" or gold["text"][slice(*extent)].lower() not in _PRONOUNS:
            continue
        own = names.get(mention["entity"], set())
        for name, said in (("pronoun_name", given.get(extent, set())), ("commonest", commonest)):
            tally.count(name, int(bool(said and own and said <= own)), int(bool(said)), int(bool(own)))
    return tally


def _name(text: str) -> set[str]:
    """Return the words of a name in lower case: those of two letters or more that begin with a capital, without titles."""
    words = _NAME_WORD.findall(_POSSESSIVE.sub(" ", text))
    return {word.lower() for word in words if len(word) > 1 and word[0].isupper()} - _NO_NAMES


_TALLIED: Final[dict[str, Callable[[Row, Row], DocumentScore]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
    "stance_pairs": _stances,
    "target_sentiment": _stances,
    "claim_stance": _stances,
}
