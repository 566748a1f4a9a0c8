"""What this pipeline answers to the tasks that it is measured by.

Each task takes what ``score.py --inputs`` prints, one object a line, and yields one prediction for each, in
order, with the input's ``id`` where it has one. Offsets are code points into the ``text`` given, which is taken
as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from workers.extraction.pronouns import PERSONAL
from workers.extraction.records import Named, Statement, Stretch
from workers.pipeline import language
from workers.stance import relations

Row = dict[str, Any]

# Tasks that no component answers yet, and the commonest class of their training set, which stands in.
MAJORITY: Final[dict[str, Row]] = {
    "claim_stance": {"stance": "support", "score": 0.53},
}
# The reading stage makes plain spaces of these; here, as there, no offset may move.
_SPACES: Final = dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u2007"), " ")
WITHOUT_COMPONENT: Final = frozenset(MAJORITY)
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


def predict(task: str, lines: Iterable[Row]) -> Iterator[Row]:
    """Yield a prediction for each line; raises ``ValueError`` for a task that does not exist."""
    if task in MAJORITY:
        return ({"id": line["id"], **MAJORITY[task]} if "id" in line else dict(MAJORITY[task]) for line in lines)
    if task not in _ANSWERS:
        known = ", ".join(sorted(TASKS))
        raise ValueError(f"no task {task!r}; there are {known}")
    return _run(language(), _ANSWERS[task], lines)


def _run(nlp: Language, answer: Callable[[Language, Row], Row], lines: Iterable[Row]) -> Iterator[Row]:
    for line in lines:
        with nlp.memory_zone():
            found = answer(nlp, line)
        yield {"id": line["id"], **found} if "id" in line else found


def _attributions(nlp: Language, line: Row) -> Row:
    """A quotation that runs on belongs to its statement here, as in the corpus; in results it is one of its own."""
    doc = nlp(line["text"].translate(_SPACES))
    found: list[Row] = []
    of_statement: dict[int, int] = {}
    statements: list[Statement] = doc._.statements
    for index, statement in enumerate(statements):
        content = [_chars(doc, part) for part in statement.content]
        if statement.follows is not None and statement.follows in of_statement:
            found[of_statement[statement.follows]]["content"] += content
            continue
        of_statement[index] = len(found)
        source = [_chars(doc, statement.source)] if statement.source else []
        cue = [_chars(doc, statement.cue.stretch)] if statement.cue else []
        found.append({"source": source, "cue": cue, "content": content, "score": statement.score})
    return {"attributions": found}


def _chars(doc: Doc, stretch: Stretch) -> list[int]:
    span = doc[stretch.start : stretch.end]
    return [span.start_char, span.end_char]


def _entities(nlp: Language, line: Row) -> Row:
    doc = nlp(line["text"].translate(_SPACES))
    entities: list[Named] = doc._.entities
    names = [span for span in doc.spans["mentions"] if span._.form == "name"]
    return {
        "entities": [
            {
                "start": span.start_char,
                "end": span.end_char,
                "label": _LABELS[EntityType(span.label_)],
                "score": entities[int(span.id_)].score,
            }
            for span in names
        ]
    }


def _coreference(nlp: Language, line: Row) -> Row:
    doc = nlp(line["text"].translate(_SPACES))
    entities: list[Named] = doc._.entities
    given = {span.start: entities[int(span.id_)].name for span in doc.spans["mentions"] if span._.form == "pronoun"}
    return {
        "mentions": [
            {"start": token.idx, "end": token.idx + len(token), "name": given.get(token.i)}
            for token in doc
            if token.lower_ in PERSONAL
        ]
    }


def _stance_pairs(nlp: Language, line: Row) -> Row:
    del nlp
    return relations.between(line["text"], tuple(line["a"]), tuple(line["b"]))


def _target_sentiment(nlp: Language, line: Row) -> Row:
    del nlp
    return relations.towards(line["text"], tuple(line["target"]))


_ANSWERS: Final[dict[str, Callable[[Language, Row], Row]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
    "stance_pairs": _stance_pairs,
    "target_sentiment": _target_sentiment,
}
TASKS: Final = tuple(sorted({*_ANSWERS, *MAJORITY}))
