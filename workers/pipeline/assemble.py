"""From spaCy's document to the contracts: offsets in characters, identifiers, and warnings that say what could not be told."""

from __future__ import annotations

from spacy.tokens import Doc, Span

from services import contracts
from services.contracts import Warned, merge_positions
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan


def assemble(
    doc: Doc,
    *,
    language: str,
    pipeline: contracts.Pipeline,
    warnings: tuple[Warned, ...],
    min_stance_score: float,
) -> contracts.Analysis:
    """Build the analysis from a document that has been through all stages; stances below ``min_stance_score`` are left out."""
    starts = [token.idx for token in doc]
    ends = [token.idx + len(token) for token in doc]
    entities: list[EntityRecord] = doc._.entities
    statements: list[AttributionRecord] = doc._.attributions

    def chars(stretch: TokenSpan) -> dict[str, int]:
        return {"start": starts[stretch.start], "end": ends[stretch.end - 1]}

    mentions: dict[int, list[Span]] = {}
    for span in doc.spans.get("mentions", ()):
        mentions.setdefault(int(span.id_), []).append(span)
    attributions = [
        contracts.Attribution(
            id=f"a{number}",
            kind=statement.kind,
            score=statement.score,
            source=contracts.Source(**chars(statement.source), entity=_entity(statement.speaker))
            if statement.source
            else None,
            cue=contracts.Cue(**chars(statement.cue.span), lemma=statement.cue.lemma, act=statement.act)
            if statement.cue
            else None,
            content=tuple(contracts.Extent(**chars(part)) for part in statement.content),
        )
        for number, statement in enumerate(statements, 1)
    ]
    leanings = [leaning for leaning in doc._.stances if leaning.score >= min_stance_score]
    stances = tuple(
        contracts.Stance(
            id=f"s{number}",
            holder=_entity(leaning.holder),
            target=contracts.Target(entity=f"e{leaning.target + 1}"),
            stance=leaning.stance,
            score=leaning.score,
            evidence=contracts.Extent(**chars(leaning.evidence)),
            attribution=None if leaning.statement is None else f"a{leaning.statement + 1}",
        )
        for number, leaning in enumerate(leanings, 1)
    )
    return contracts.Analysis(
        language=language,
        pipeline=pipeline,
        text=doc.text,
        entities=tuple(
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
        ),
        attributions=tuple(attributions),
        stances=stances,
        positions=merge_positions(stances),
        warnings=(*warnings, *_warnings(doc, statements)),
    )


def _entity(key: int | None) -> str | None:
    return None if key is None else f"e{key + 1}"


def _warnings(doc: Doc, statements: list[AttributionRecord]) -> list[Warned]:
    """Say what a reader of the result should know about how it was found."""
    found = []
    if doc._.encoded is not None and doc._.encoded.words.left_out:
        read = len(doc._.encoded.words)
        whole = read + doc._.encoded.words.left_out
        detail = f"The model has read the first {read} of {whole} words; the rest has been read by rule."
        found.append(Warned(code="text_cut", detail=detail))
    if not statements:
        found.append(Warned(code="no_speech_found", detail="No attributed statement was found in the text."))
    unbalanced = sum(not span._.closed for span in doc.spans.get("quotations", ()))
    unbalanced -= sum(bool(span._.continues) for span in doc.spans.get("quotations", ()))
    if unbalanced > 0:
        found.append(
            Warned(code="unbalanced_quotation", detail=f"{unbalanced} opening quotation mark(s) have no closing one.")
        )
    unresolved = sum(statement.source is not None and statement.speaker is None for statement in statements)
    if unresolved:
        found.append(
            Warned(
                code="speaker_unresolved",
                detail=f"{unresolved} of {len(statements)} attributions name a source that is no entity of the text.",
            )
        )
    return found
