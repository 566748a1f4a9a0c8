"""The pipeline's predictions for the tasks that it is evaluated on.

The input of a task is one object per line, with the fields that a system may read (``scoring.INPUT_FIELDS``). The
output is one prediction per input in the same order, with the input's ``id`` if it has one. Offsets are code points
into ``text``, which is used unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from workers.coreference.mentions import PERSONAL
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.model.alignment import AlignedWords
from workers.model.component import EncodedDocument, packaged_encoder
from workers.model.stance_heads import Array, Pair
from workers.pipeline.components import COMPONENTS, build_nlp
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


def predict(task: str, rows: Iterable[Row], model: str = "trained") -> Iterator[Row]:
    """Yield a prediction for each row, by the components of ``model``; raises ``ValueError`` for an unknown task."""
    tasks = RULE_TASKS if model == "rules" else TASKS
    if task not in tasks:
        raise ValueError(f"no task {task!r}; there are {', '.join(tasks)}")
    return _predictions(task, rows, model)


def _predictions(task: str, rows: Iterable[Row], model: str) -> Iterator[Row]:
    if model == "rules" and task in _PAIR_RULES:
        for row in rows:
            yield _with_id(row, _PAIR_RULES[task](row))
        return
    nlp = build_nlp(ENCODER_COMPONENTS if task in CLASSES else COMPONENTS[model])
    for row in rows:
        if task in CLASSES:
            yield _with_id(row, _stance(nlp, task, row))
            continue
        with nlp.memory_zone():
            prediction = DOCUMENT_TASKS[task](process(nlp, row))
        yield _with_id(row, prediction)


def _with_id(row: Row, prediction: Row) -> Row:
    return {"id": row["id"], **prediction} if "id" in row else prediction


def process(nlp: Language, row: Row) -> Doc:
    """Run the pipeline over the text of a row."""
    return nlp(str(row["text"]).translate(PLAIN_SPACES))


def joined_attributions(doc: Doc) -> list[tuple[AttributionRecord, list[TokenSpan]]]:
    """Return each attribution with its content; a continued quotation is joined to the attribution that it continues.

    This is how the corpus annotates it. In results, a continued quotation is an attribution of its own.
    """
    joined: list[tuple[AttributionRecord, list[TokenSpan]]] = []
    positions: dict[int, int] = {}  # index in the document -> index in ``joined``
    for index, attribution in enumerate(doc._.attributions):
        if attribution.follows is not None and attribution.follows in positions:
            joined[positions[attribution.follows]][1].extend(attribution.content)
            continue
        positions[index] = len(joined)
        joined.append((attribution, list(attribution.content)))
    return joined


def _attributions(doc: Doc) -> Row:
    return {
        "attributions": [
            {
                "source": [_offsets(doc, attribution.source)] if attribution.source else [],
                "cue": [_offsets(doc, attribution.cue.span)] if attribution.cue else [],
                "content": [_offsets(doc, span) for span in content],
                "score": attribution.score,
            }
            for attribution, content in joined_attributions(doc)
        ]
    }


def _offsets(doc: Doc, tokens: TokenSpan) -> list[int]:
    span = doc[tokens.start : tokens.end]
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
    names = {span.start: entities[int(span.id_)].name for span in doc.spans["mentions"] if span._.form == "pronoun"}
    return {
        "mentions": [
            {"start": token.idx, "end": token.idx + len(token), "name": names.get(token.i)}
            for token in doc
            if token.lower_ in PERSONAL
        ]
    }


def class_probabilities(nlp: Language, task: str, row: Row) -> Array | None:
    """Return the model's probability of each of a task's ``CLASSES``, before calibration.

    Returns ``None`` if the model has no words at the offsets of the row.
    """
    if task == "claim_stance":
        support = claims.support_probability(str(row["claim"]), str(row["text"]), nlp)
        return np.array([support, 1 - support], np.float32)
    with nlp.memory_zone():
        doc = process(nlp, row)
        encoded: EncodedDocument = doc._.encoded
        aligned = AlignedWords.of(doc, encoded.inputs)
    passage = 0, len(encoded.inputs)
    if task == "target_sentiment":
        target = aligned.span(*row["target"])
        return (
            packaged_encoder().pair_head.article_voice_probabilities(
                encoded.scores.stances, [Pair(None, target, passage)]
            )[0]
            if target
            else None
        )
    a, b = aligned.span(*row["a"]), aligned.span(*row["b"])
    return (
        packaged_encoder().pair_head.pair_probabilities(encoded.scores.stances, [Pair(a, b, passage)])[0]
        if a and b
        else None
    )


def _stance(nlp: Language, task: str, row: Row) -> Row:
    probabilities = class_probabilities(nlp, task, row)
    if probabilities is None:
        return {**CLASSES[task][0], "score": 0.0}
    scale = packaged_encoder().heads.calibrations[task]
    (calibrated,) = scale.calibrate(probabilities[None])
    best = scale.choose(calibrated)
    return {**CLASSES[task][best], "score": float(calibrated[best])}


ENCODER_COMPONENTS: Final = (
    "stancewire_paragraphs",
    "stancewire_sentences",
    "stancewire_quotations",
    "stancewire_encoder",
)
# The classes of each classification task, in the order of the model's outputs.
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
DOCUMENT_TASKS: Final[dict[str, Callable[[Doc], Row]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
}
_PAIR_RULES: Final[dict[str, Callable[[Row], Row]]] = {
    "stance_pairs": lambda row: relations.stance_between(row["text"], tuple(row["a"]), tuple(row["b"])),
    "target_sentiment": lambda row: relations.sentiment_towards(row["text"], tuple(row["target"])),
}
TASKS: Final = tuple(sorted({*DOCUMENT_TASKS, *CLASSES}))
RULE_TASKS: Final = tuple(sorted({*DOCUMENT_TASKS, *_PAIR_RULES}))
