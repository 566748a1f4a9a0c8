"""Scores predictions against a corpus.

A gold row and its prediction give a ``DocumentScore``. An invalid prediction, such as a span outside its text, raises
``ValueError``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

from workers.evaluation.metrics import Answer, DocumentScore
from workers.evaluation.span_matching import ROLES, IndexedText, Row, match_attributions, role_words

# The tasks, and the fields of a row that a system may read.
INPUT_FIELDS: Final = {
    "attributions": ("text",),
    "entities": ("text",),
    "coreference": ("text",),
    "stance_pairs": ("text", "a", "b"),
    "target_sentiment": ("text", "target"),
    "claim_stance": ("text", "claim"),
}
_PRONOUNS: Final = frozenset(["he", "him", "his", "himself", "she", "her", "hers", "herself"])
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_NAME_WORD: Final = re.compile(r"[^\W\d_][\w.-]*")
_NOT_IN_NAMES: Final = frozenset(["the", "a", "an", "mr", "mrs", "ms", "dr"])


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


def _stance_class(row: Row) -> str:
    """Return the class of a stance; where the row has a holder, the holder is part of the class."""
    if row["stance"] == "none" or "holder" not in row:
        return str(row["stance"])
    return f"{row['stance']}:{row['holder']}"


def _score_stance(gold: Row, prediction: Row) -> DocumentScore:
    score, expected, predicted = DocumentScore(), _stance_class(gold), _stance_class(prediction)
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
