"""Converts an analysed document to the contract ``Analysis``: character offsets, identifiers, and warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spacy.attrs import IDX, LENGTH  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.tokens import Doc, Span

from services import contracts
from services.contracts import EntityType, Warned, merge_positions
from workers.doc.records import AttributionRecord, EntityRecord, StanceRecord, TokenSpan

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUE_MARGIN: Final = 0.1  # readers agree less on what is an issue, so its stances need a higher score
# What else can be the target of a stance on an issue: a law by its name.
_ISSUES: Final = frozenset({EntityType.ISSUE, EntityType.MISC})


def assemble(
    doc: Doc,
    text: str,
    *,
    language: str,
    pipeline: contracts.Pipeline,
    warnings: tuple[Warned, ...],
    min_stance_score: float,
) -> contracts.Analysis:
    """Build the analysis of ``text`` from a document of its beginning, or of all, after all components.

    Stances below ``min_stance_score`` are left out, on issues below ``ISSUE_MARGIN`` more; with them go the issues that
    are the target of no other.
    """
    offsets = _CharOffsets(doc)
    attributions: list[AttributionRecord] = doc._.attributions
    records = [record for record in doc._.stances if record.score >= _least_score(doc, record, min_stance_score)]
    entities, ids = _entities(doc, {record.target for record in records})
    stances = tuple(_stance(offsets, number, record, ids) for number, record in enumerate(records, 1))
    return contracts.Analysis(
        language=language,
        pipeline=pipeline,
        text=text,
        entities=entities,
        attributions=tuple(_attribution(offsets, number, record, ids) for number, record in enumerate(attributions, 1)),
        stances=stances,
        positions=merge_positions(stances),
        warnings=(*warnings, *_warnings(doc, attributions)),
    )


def _least_score(doc: Doc, record: StanceRecord, min_stance_score: float) -> float:
    entity: EntityRecord = doc._.entities[record.target]
    return min_stance_score + (ISSUE_MARGIN if entity.type in _ISSUES else 0.0)


class _CharOffsets:
    """Maps token spans of a document to character offsets."""

    def __init__(self, doc: Doc) -> None:
        starts, lengths = doc.to_array([IDX, LENGTH]).T
        self._starts: list[int] = starts.tolist()
        self._ends: list[int] = (starts + lengths).tolist()

    def of(self, span: TokenSpan) -> dict[str, int]:
        return {"start": self._starts[span.start], "end": self._ends[span.end - 1]}


def _entities(doc: Doc, targets: set[int]) -> tuple[tuple[contracts.Entity, ...], dict[int | None, str | None]]:
    """Return the entities, and their IDs by key; issues are given only if they are among the ``targets`` of stances."""
    mentions: dict[int, list[Span]] = {}
    for span in doc.spans.get("mentions", ()):
        mentions.setdefault(int(span.id_), []).append(span)
    records: list[EntityRecord] = doc._.entities
    kept = [entity for entity in records if entity.type is not EntityType.ISSUE or entity.key in targets]
    ids: dict[int | None, str | None] = {entity.key: f"e{number}" for number, entity in enumerate(kept, 1)}
    entities = tuple(
        contracts.Entity(
            id=f"e{number}",
            name=entity.name,
            type=entity.type,
            score=entity.score,
            roles=entity.roles,
            mentions=tuple(
                contracts.Mention(start=span.start_char, end=span.end_char, form=span._.form)
                for span in sorted(mentions.get(entity.key, ()), key=lambda span: span.start)
            ),
        )
        for number, entity in enumerate(kept, 1)
    )
    return entities, ids | {None: None}


def _attribution(
    offsets: _CharOffsets, number: int, record: AttributionRecord, ids: Mapping[int | None, str | None]
) -> contracts.Attribution:
    source, cue = record.source, record.cue
    return contracts.Attribution(
        id=f"a{number}",
        kind=record.kind,
        score=record.result_score,
        source=contracts.Source(**offsets.of(source), entity=ids[record.speaker]) if source else None,
        cue=contracts.Cue(**offsets.of(cue.span), lemma=cue.lemma, act=record.act) if cue else None,
        content=tuple(contracts.Extent(**offsets.of(part)) for part in record.content),
        negated=record.negated,
    )


def _stance(
    offsets: _CharOffsets, number: int, record: StanceRecord, ids: Mapping[int | None, str | None]
) -> contracts.Stance:
    return contracts.Stance(
        id=f"s{number}",
        holder=ids[record.holder],
        target=contracts.Target(entity=ids[record.target]),
        stance=record.stance,
        score=record.score,
        evidence=contracts.Extent(**offsets.of(record.evidence)),
        attribution=None if record.attribution is None else f"a{record.attribution + 1}",
    )


def _warnings(doc: Doc, attributions: list[AttributionRecord]) -> list[Warned]:
    """Return warnings about the limits of this analysis."""
    warnings = []
    if doc._.encoded is not None and doc._.encoded.inputs.omitted:
        read = len(doc._.encoded.inputs)
        total = read + doc._.encoded.inputs.omitted
        detail = f"The model has read the first {read} of {total} words; the rest has been read by rule."
        warnings.append(Warned(code="text_cut", detail=detail))
    if not attributions:
        warnings.append(Warned(code="no_speech_found", detail="No attributed statement was found in the text."))
    unbalanced = sum(not span._.closed for span in doc.spans.get("quotations", ()))
    unbalanced -= sum(bool(span._.continues) for span in doc.spans.get("quotations", ()))
    if unbalanced > 0:
        detail = f"{unbalanced} opening quotation mark(s) have no closing one."
        warnings.append(Warned(code="unbalanced_quotation", detail=detail))
    unresolved = sum(record.source is not None and record.speaker is None for record in attributions)
    if unresolved:
        detail = f"{unresolved} of {len(attributions)} attributions name a source that is no entity of the text."
        warnings.append(Warned(code="speaker_unresolved", detail=detail))
    return warnings
