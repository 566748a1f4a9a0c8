"""What this pipeline answers to the tasks that it is measured by.

Each task takes what ``score.py --inputs`` prints, one object a line, and yields one prediction for each, in
order, with the input's ``id`` where it has one. Offsets are code points into the ``text`` given, which is taken
as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from workers.coreference.pronouns import PERSONAL
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.model.alignment import AlignedWords
from workers.model.component import EncodedDocument, encoder
from workers.model.stance_heads import Array, Pair
from workers.pipeline.components import STAGES, build_nlp
from workers.stance import claims, relations
from workers.text.cleaning import PLAIN_SPACES

Row = dict[str, Any]

_LABELS: Final = {
    EntityType.PERSON: "Person",
    EntityType.ORGANIZATION: "Organization",
    EntityType.LOCATION: "Location",
    EntityType.NORP: "NORP",
    EntityType.FACILITY: "Facility",
    EntityType.PRODUCT: "Product",
    EntityType.MONEY: "Money",
    EntityType.DATE: "Date",
    EntityType.MISC: "Misc",
}


def predict(task: str, lines: Iterable[Row], model: str = "trained") -> Iterator[Row]:
    """Yield a prediction for each line, by the stages of ``model``; raises ``ValueError`` for a task that does not exist."""
    known = BY_RULE if model == "rules" else TASKS
    if task not in known:
        raise ValueError(f"no task {task!r}; there are {', '.join(known)}")
    return _run(task, lines, model)


def _run(task: str, lines: Iterable[Row], model: str) -> Iterator[Row]:
    if model == "rules" and task in _PAIR_BY_RULE:
        for line in lines:
            yield _named(line, _PAIR_BY_RULE[task](line))
        return
    nlp = build_nlp(READING if task in CLASSES else STAGES[model])
    for line in lines:
        if task in CLASSES:
            yield _named(line, _stance(nlp, task, line))
            continue
        with nlp.memory_zone():
            found = OF_DOCUMENT[task](read(nlp, line))
        yield _named(line, found)


def _named(line: Row, found: Row) -> Row:
    return {"id": line["id"], **found} if "id" in line else found


def read(nlp: Language, line: Row) -> Doc:
    """Run the stages over the text of a line."""
    return nlp(str(line["text"]).translate(PLAIN_SPACES))


def statements(doc: Doc) -> list[tuple[AttributionRecord, list[TokenSpan]]]:
    """Return each statement with its content; a quotation that runs on belongs to the one before, as in the corpus.

    In results it is a statement of its own.
    """
    found: list[tuple[AttributionRecord, list[TokenSpan]]] = []
    of_statement: dict[int, int] = {}
    for index, statement in enumerate(doc._.attributions):
        if statement.follows is not None and statement.follows in of_statement:
            found[of_statement[statement.follows]][1].extend(statement.content)
            continue
        of_statement[index] = len(found)
        found.append((statement, list(statement.content)))
    return found


def _attributions(doc: Doc) -> Row:
    found: list[Row] = [
        {
            "source": [_chars(doc, statement.source)] if statement.source else [],
            "cue": [_chars(doc, statement.cue.span)] if statement.cue else [],
            "content": [_chars(doc, part) for part in content],
            "score": statement.score,
        }
        for statement, content in statements(doc)
    ]
    return {"attributions": found}


def _chars(doc: Doc, stretch: TokenSpan) -> list[int]:
    span = doc[stretch.start : stretch.end]
    return [span.start_char, span.end_char]


def _entities(doc: Doc) -> Row:
    entities: list[EntityRecord] = doc._.entities
    names = [span for span in doc.spans["mentions"] if span._.form == "name"]
    return {
        "entities": [
            {
                "start": span.start_char,
                "end": span.end_char,
                "label": _LABELS[EntityType(span.label_)],
                "score": span._.score or entities[int(span.id_)].score,
            }
            for span in names
        ]
    }


def _coreference(doc: Doc) -> Row:
    entities: list[EntityRecord] = doc._.entities
    given = {span.start: entities[int(span.id_)].name for span in doc.spans["mentions"] if span._.form == "pronoun"}
    return {
        "mentions": [
            {"start": token.idx, "end": token.idx + len(token), "name": given.get(token.i)}
            for token in doc
            if token.lower_ in PERSONAL
        ]
    }


def shares(nlp: Language, task: str, line: Row) -> Array | None:
    """Return the probability of each of a task's ``CLASSES`` as the model gives it, or nothing where it reads no such word."""
    if task == "claim_stance":
        support = claims.support(str(line["claim"]), str(line["text"]), nlp)
        return np.array([support, 1 - support], np.float32)
    with nlp.memory_zone():
        doc = read(nlp, line)
        encoded: EncodedDocument = doc._.encoded
        placed = AlignedWords.of(doc, encoded.words)
    whole = 0, len(encoded.words)
    if task == "target_sentiment":
        target = placed.span(*line["target"])
        return encoder().pairs.towards(encoded.scores.stances, [Pair(None, target, whole)])[0] if target else None
    a, b = placed.span(*line["a"]), placed.span(*line["b"])
    return encoder().pairs.between(encoded.scores.stances, [Pair(a, b, whole)])[0] if a and b else None


def _stance(nlp: Language, task: str, line: Row) -> Row:
    found = shares(nlp, task, line)
    if found is None:
        return {**CLASSES[task][0], "score": 0.0}
    scale = encoder().heads.scales[task]
    (true,) = scale.true(found[None])
    best = scale.best(true)
    return {**CLASSES[task][best], "score": float(true[best])}


READING: Final = ("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations", "stancewire_encoder")
# What the model tells apart, in the order of its outputs.
CLASSES: Final[dict[str, tuple[Row, ...]]] = {
    "stance_pairs": (
        {"stance": "none", "holder": None},
        {"stance": "support", "holder": "a"},
        {"stance": "oppose", "holder": "a"},
        {"stance": "support", "holder": "b"},
        {"stance": "oppose", "holder": "b"},
    ),
    "target_sentiment": ({"stance": "none"}, {"stance": "support"}, {"stance": "oppose"}),
    "claim_stance": ({"stance": "support"}, {"stance": "oppose"}),
}
OF_DOCUMENT: Final[dict[str, Callable[[Doc], Row]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
}
_PAIR_BY_RULE: Final[dict[str, Callable[[Row], Row]]] = {
    "stance_pairs": lambda line: relations.between(line["text"], tuple(line["a"]), tuple(line["b"])),
    "target_sentiment": lambda line: relations.towards(line["text"], tuple(line["target"])),
}
TASKS: Final = tuple(sorted({*OF_DOCUMENT, *CLASSES}))
BY_RULE: Final = tuple(sorted({*OF_DOCUMENT, *_PAIR_BY_RULE}))
