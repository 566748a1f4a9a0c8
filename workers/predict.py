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
from workers.pipeline import STAGES, language
from workers.reading.cleaning import PLAIN_SPACES
from workers.stance import relations

Row = dict[str, Any]

# Tasks that no component answers yet, and the commonest class of their training set, which stands in.
MAJORITY: Final[dict[str, Row]] = {
    "claim_stance": {"stance": "support", "score": 0.53},
}
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


def predict(task: str, lines: Iterable[Row], model: str = "trained") -> Iterator[Row]:
    """Yield a prediction for each line, by the stages of ``model``; raises ``ValueError`` for a task that does not exist."""
    if task not in TASKS:
        known = ", ".join(TASKS)
        raise ValueError(f"no task {task!r}; there are {known}")
    return _run(task, lines, model)


def _run(task: str, lines: Iterable[Row], model: str) -> Iterator[Row]:
    nlp = language(STAGES[model]) if task in OF_DOCUMENT else None
    for line in lines:
        if nlp is None:
            found = dict(MAJORITY[task]) if task in MAJORITY else _OF_LINE[task](line)
        else:
            with nlp.memory_zone():
                found = OF_DOCUMENT[task](read(nlp, line))
        yield {"id": line["id"], **found} if "id" in line else found


def read(nlp: Language, line: Row) -> Doc:
    """Run the stages over the text of a line."""
    return nlp(str(line["text"]).translate(PLAIN_SPACES))


def statements(doc: Doc) -> list[tuple[Statement, list[Stretch]]]:
    """Return each statement with its content; a quotation that runs on belongs to the one before, as in the corpus.

    In results it is a statement of its own.
    """
    found: list[tuple[Statement, list[Stretch]]] = []
    of_statement: dict[int, int] = {}
    for index, statement in enumerate(doc._.statements):
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
            "cue": [_chars(doc, statement.cue.stretch)] if statement.cue else [],
            "content": [_chars(doc, part) for part in content],
            "score": statement.score,
        }
        for statement, content in statements(doc)
    ]
    return {"attributions": found}


def _chars(doc: Doc, stretch: Stretch) -> list[int]:
    span = doc[stretch.start : stretch.end]
    return [span.start_char, span.end_char]


def _entities(doc: Doc) -> Row:
    entities: list[Named] = doc._.entities
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
    entities: list[Named] = doc._.entities
    given = {span.start: entities[int(span.id_)].name for span in doc.spans["mentions"] if span._.form == "pronoun"}
    return {
        "mentions": [
            {"start": token.idx, "end": token.idx + len(token), "name": given.get(token.i)}
            for token in doc
            if token.lower_ in PERSONAL
        ]
    }


def _stance_pairs(line: Row) -> Row:
    return relations.between(line["text"], tuple(line["a"]), tuple(line["b"]))


def _target_sentiment(line: Row) -> Row:
    return relations.towards(line["text"], tuple(line["target"]))


OF_DOCUMENT: Final[dict[str, Callable[[Doc], Row]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
}
_OF_LINE: Final[dict[str, Callable[[Row], Row]]] = {
    "stance_pairs": _stance_pairs,
    "target_sentiment": _target_sentiment,
}
TASKS: Final = tuple(sorted({*OF_DOCUMENT, *_OF_LINE, *MAJORITY}))
