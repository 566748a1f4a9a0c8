"""Faults of the gold that a machine can see: ``python -m workers.training.annotation_faults --corpora PATH``.

Prints a line for each fault, with the article's ID, and exits with 1 if there are any. Without faults it prints how
many articles were checked. Whether the annotations follow the guidelines is for readers to judge.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workers.training.annotated_articles import (
    AGAIN_FILE,
    FILE,
    SECOND_FILE,
    STANCES_FILE,
    read_annotations,
    read_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Row = dict[str, Any]

TYPES: Final = frozenset({"PERSON", "ORG", "PLACE", "ISSUE"})
FORMS: Final = frozenset({"name", "description", "pronoun"})
SIDES: Final = frozenset({"support", "oppose"})
PRONOUNS: Final = frozenset(
    {
        *("i", "me", "my", "mine", "myself", "you", "your", "yours", "yourself", "yourselves"),
        *("he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself"),
        *("we", "us", "our", "ours", "ourselves", "they", "them", "their", "theirs", "themselves"),
    }
)
# Names that an article writes without a capital, as they were read in it.
LOWER_CASE_NAMES: Final = frozenset(
    {
        "2nd amendment",
        "9/11 commission",
        "al qaeda",
        "alt-right",
        "alternate right",
        "bern",
        "china",
        "clinton",
        "critiqsite",
        "district reserve guard",
        "evangelicals",
        "existentialfish",
        "l’express",
        "one country, two systems",
        "state security intelligence",
        "tedcruz",
        "unitedgungroup.com",
    }
)
_FEWEST_EVIDENCE_WORDS: Final = 2


def annotation_faults(annotation: Row, source: Row) -> list[str]:
    """Return the faults of one article's annotations, in words.

    ``annotation`` is a line of the gold; ``source`` is the article in its corpus: ``text`` and, in the corpus of
    attributions, ``attributions``, each of which needs exactly one statement.
    """
    text = source["text"]
    return [
        *_entity_faults(annotation["entities"], text),
        *_overlap_faults(annotation["entities"]),
        *_statement_faults(annotation, source),
        *_stance_faults(annotation, text),
    ]


def _entity_faults(entities: list[Row], text: str) -> Iterator[str]:
    for name, count in Counter(entity["id"] for entity in entities).items():
        if count > 1:
            yield f"{count} entities are called {name}"
    for entity in entities:
        if entity["type"] not in TYPES:
            yield f"{entity['id']} has the unknown type {entity['type']}"
        if not entity["mentions"]:
            yield f"{entity['id']} has no mention"
        for start, end, form in entity["mentions"]:
            fault = _part_fault(start, end, text) or _form_fault(text[start:end], form)
            if fault:
                yield f"{entity['id']}: mention {start} to {end} {fault}"


def _overlap_faults(entities: list[Row]) -> Iterator[str]:
    spans = [(start, end, entity["id"]) for entity in entities for start, end, _ in entity["mentions"]]
    for (start, end, name), (other_start, other_end, other) in combinations(sorted(spans), 2):
        if (start, end) == (other_start, other_end):
            yield f"{name} and {other} have the same mention, {start} to {end}"
        elif start < other_start < end < other_end:
            yield f"{name} and {other} have mentions that cross at {other_start}"


def _statement_faults(annotation: Row, source: Row) -> Iterator[str]:
    names = _entity_names(annotation)
    numbers: Counter[int] = Counter()
    for position, statement in enumerate(annotation["statements"]):
        if statement["speaker"] is not None and statement["speaker"] not in names:
            yield f"statement {position} has the unknown speaker {statement['speaker']}"
        if "gold" in statement:
            numbers[statement["gold"]] += 1
            continue
        start, end = statement["content"]
        fault = _span_fault(start, end, source["text"])
        if fault:
            yield f"statement {position}: content {fault}"
    attributions = range(len(source.get("attributions", ())))
    for number in sorted({*attributions, *numbers}):
        if number not in attributions:
            yield f"a statement is about attribution {number}, which the corpus lacks"
        elif numbers[number] != 1:
            yield f"attribution {number} has {numbers[number]} statements"


def reading_faults(annotation: Row, text: str) -> list[str]:
    """Return the faults of an article of which only the stances are annotated, in words."""
    bounds = [
        (f"{entity['id']}: mention", mention[:2]) for entity in annotation["entities"] for mention in entity["mentions"]
    ]
    bounds += [
        (f"stance {position}: passage", passage)
        for position, stance in enumerate(annotation["stances"])
        for passage in stance["passages"]
    ]
    return [
        *(f"{what} is outside the text" for what, (start, end) in bounds if not 0 <= start < end <= len(text)),
        *(
            f"stance {position} has no passage"
            for position, each in enumerate(annotation["stances"])
            if not each["passages"]
        ),
        *_triple_faults(annotation),
    ]


def _stance_faults(annotation: Row, text: str) -> Iterator[str]:
    yield from _triple_faults(annotation)
    for position, stance in enumerate(annotation["stances"]):
        start, end = stance["evidence"]
        fault = _part_fault(start, end, text)
        if not fault and len(text[start:end].split()) < _FEWEST_EVIDENCE_WORDS:
            fault = "is a single word"
        if fault:
            yield f"stance {position}: evidence {fault}"


def _triple_faults(annotation: Row) -> Iterator[str]:
    names = _entity_names(annotation)
    for position, stance in enumerate(annotation["stances"]):
        holder, side, target = stance["holder"], stance["side"], stance["target"]
        faults = [
            (holder is not None and holder not in names, f"has the unknown holder {holder}"),
            (target not in names, f"has the unknown target {target}"),
            (holder == target, "has its holder as target"),
            (side not in SIDES, f"has the unknown side {side}"),
        ]
        yield from (f"stance {position} {words}" for is_fault, words in faults if is_fault)
    triples = Counter((stance["holder"], stance["side"], stance["target"]) for stance in annotation["stances"])
    for (holder, side, target), count in triples.items():
        if count > 1:
            yield f"{count} stances have {holder}, {side}, {target}"


def _entity_names(annotation: Row) -> set[str]:
    return {entity["id"] for entity in annotation["entities"]}


def _span_fault(start: int, end: int, text: str) -> str | None:
    """Return why the offsets cannot bound a passage of the text, or ``None``."""
    if not 0 <= start < end <= len(text):
        return "is outside the text"
    words = text[start:end]
    if words != words.strip():
        return "begins or ends with a blank"
    if any(text[edge - 1 : edge + 1].isalnum() for edge in (start, end) if 0 < edge < len(text)):
        return "begins or ends inside a word"
    return None


def _part_fault(start: int, end: int, text: str) -> str | None:
    """Return why the offsets cannot bound a part of a sentence, or ``None``; contents can have several paragraphs."""
    fault = _span_fault(start, end, text)
    if fault is None and "\n" in text[start:end]:
        return "runs over the end of a paragraph"
    return fault


def _form_fault(words: str, form: str) -> str | None:
    if form not in FORMS:
        return f"has the unknown form {form}"
    is_acronym = words.isupper() and len(words) > 1  # "US" is a name
    if not is_acronym and (form == "pronoun") != (words.lower() in PRONOUNS):
        return f"is {words!r}, a {form}"
    if form == "name" and words.islower() and not words.startswith("@") and words not in LOWER_CASE_NAMES:
        return f"is {words!r}, a name without a capital"
    return None


def main() -> int:
    """Check all files of annotations; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpora", required=True, type=Path, help="the folder of the corpora")
    corpora = parser.parse_args().corpora
    checked, faulty = 0, False
    for file in (FILE, SECOND_FILE, STANCES_FILE, AGAIN_FILE):
        for annotation in read_annotations(file):
            source = read_source(corpora, annotation)
            if "statements" in annotation:
                faults = annotation_faults(annotation, source)
            else:
                faults = reading_faults(annotation, source["text"])
            for fault in faults:
                sys.stdout.write(f"{file}: {annotation['id']}: {fault}\n")
                faulty = True
            checked += 1
    if not faulty:
        sys.stdout.write(f"{checked} annotated articles without faults\n")
    return int(faulty)


if __name__ == "__main__":
    sys.exit(main())
