"""Converts an analysed document to the contract ``Analysis``: character offsets, identifiers, and warnings."""

from __future__ import annotations

from spacy.attrs import IDX, LENGTH  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.tokens import Doc, Span

from services import contracts
from services.contracts import Warned, merge_positions
from workers.doc.records import AttributionRecord, EntityRecord, StanceRecord, TokenSpan


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

    Stances below ``min_stance_score`` are left out.
    """
    offsets = _CharOffsets(doc)
    attributions: list[AttributionRecord] = doc._.attributions
    stances = tuple(
        _stance(offsets, number, record)
        for number, record in enumerate((s for s in doc._.stances if s.score >= min_stance_score), 1)
    )
    return contracts.Analysis(
        language=language,
        pipeline=pipeline,
        text=text,
        entities=_entities(doc),
        attributions=tuple(_attribution(offsets, number, record) for number, record in enumerate(attributions, 1)),
        stances=stances,
        positions=merge_positions(stances),
        warnings=(*warnings, *_warnings(doc, attributions)),
    )


class _CharOffsets:
    """Maps token spans of a document to character offsets."""

    def __init__(self, doc: Doc) -> None:
        starts, lengths = doc.to_array([IDX, LENGTH]).T
        self._starts: list[int] = starts.tolist()
        self._ends: list[int] = (starts + lengths).tolist()

    def of(self, span: TokenSpan) -> dict[str, int]:
        return {"start": self._starts[span.start], "end": self._ends[span.end - 1]}


def _entities(doc: Doc) -> tuple[contracts.Entity, ...]:
    mentions: dict[int, list[Span]] = {}
    for span in doc.spans.get("mentions", ()):
        mentions.setdefault(int(span.id_), []).append(span)
    entities: list[EntityRecord] = doc._.entities
    return tuple(
        contracts.Entity(
            id=f"e{entity.key + 1}",
            name=entity.name,
            type=entity.type,
            score=entity.score,
            roles=entity.roles,
            mentions=tuple(
                contracts.Mention(start=span.start_char, end=span.end_char, form=span._.form)
                for span in sorted(mentions.get(entity.key, ()), key=lambda span: span.start)
            ),
        )
        for entity in entities
    )


def _attribution(offsets: _CharOffsets, number: int, record: AttributionRecord) -> contracts.Attribution:
    source, cue = record.source, record.cue
    return contracts.Attribution(
        id=f"a{number}",
        kind=record.kind,
        score=record.result_score,
        source=contracts.Source(**offsets.of(source), entity=_entity_id(record.speaker)) if source else None,
        cue=contracts.Cue(**offsets.of(cue.span), lemma=cue.lemma, act=record.act) if cue else None,
        content=tuple(contracts.Extent(**offsets.of(part)) for part in record.content),
        negated=record.negated,
    )


def _stance(offsets: _CharOffsets, number: int, record: StanceRecord) -> contracts.Stance:
    return contracts.Stance(
        id=f"s{number}",
        holder=_entity_id(record.holder),
        target=contracts.Target(entity=_entity_id(record.target)),
        stance=record.stance,
        score=record.score,
        evidence=contracts.Extent(**offsets.of(record.evidence)),
        attribution=None if record.attribution is None else f"a{record.attribution + 1}",
    )


def _entity_id(key: int | None) -> str | None:
    return None if key is None else f"e{key + 1}"


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
