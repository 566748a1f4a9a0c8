"""Repairs of the model's attributions with the help of layout, punctuation and the rules.

The model tags sources and contents by themselves, so a source may be missing that a rule finds beside the cue, and a
content may go on after the quotation that it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import verb_forms, word_set
from workers.english.phrases import AUXILIARIES, DETERMINERS, trim_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.attribution.merge_rules import AttributionIndex
    from workers.attribution.rule_context import RuleContext

# After a quotation these begin words of the article: 'shouted "Out!" | at the guard before the vote'.
_AFTER_QUOTATION: Final = word_set(
    "at to before after when as while during outside towards toward into across from on in"
)
_MAX_TAIL_WORDS: Final = 25
# Verbs whose content is the exact words.
_UTTERING: Final = frozenset(
    form
    for verb in word_set(
        "shout yell scream cry chant whisper mutter bellow bark text tweet write call brand tell ask reply answer"
    )
    for form in verb_forms(verb).values()
)
_DASHES: Final = frozenset({"—", "–", "--"})
_MAX_PARENTHESIS_WORDS: Final = 30
_MAX_DOCUMENT_WORDS: Final = 8
_MAX_TITLE_WORDS: Final = 4


def repair(context: RuleContext, attributions: Sequence[AttributionRecord], rules: AttributionIndex) -> None:
    """Change the sources and contents of ``attributions``; ``rules`` are the attributions by rule."""
    for record in attributions:
        cue = record.cue
        if cue is None:
            continue
        _take_source_of_rule(context, record, cue, rules)
        record.source = _with_document(context, _without_relative(context, record.source))
        record.content = _without_parts_of_others(context, record, rules)
        record.content = (
            tuple(
                part
                for part in (_without_tail(context, cue, part) for part in record.content)
                if not _is_lone_participle(context, record, part)
            )
            or record.content
        )


def bound_by_dashes(context: RuleContext, attributions: Sequence[AttributionRecord]) -> None:
    """Bound the contents of cues between commas inside dashes by the dashes."""
    for record in attributions:
        if record.cue is not None:
            _read_between_dashes(context, record, record.cue)


def _without_relative(context: RuleContext, source: TokenSpan | None) -> TokenSpan | None:
    """Return a source without the relative pronoun of a clause that the article goes on with: "a guard, | who"."""
    if source and source.end - source.start > 2 and context.tokens.at(source.end - 1) in {"who", "which"}:  # noqa: PLR2004
        return trim_span(context.tokens, source.start, source.end - 1)
    return source


def _take_source_of_rule(
    context: RuleContext, record: AttributionRecord, cue: CueRecord, rules: AttributionIndex
) -> None:
    """Take the source that a rule finds in the cue's sentence, if the model has none there."""
    first = context.tokens.sentence_start
    sentence = first[cue.span.start]
    if record.source is not None and first[record.source.start] == sentence:
        return
    for other in rules.with_cue_of(record):
        source = other.source
        if source is None or first[source.start] != sentence or context.quotation_index[source.start] >= 0:
            continue
        record.source = source
        parts = [
            piece
            for part in record.content
            for piece in (
                trim_span(context.tokens, part.start, min(part.end, source.start)),
                trim_span(context.tokens, max(part.start, source.end), part.end),
            )
            if piece is not None and piece.end > piece.start
        ]
        record.content = tuple(parts) or other.content
        return


def _without_parts_of_others(
    context: RuleContext, record: AttributionRecord, rules: AttributionIndex
) -> tuple[TokenSpan, ...]:
    """Return the content without parts in other sentences that a rule gives to a cue there."""
    first, cue = context.tokens.sentence_start, record.cue
    if cue is None or len(record.content) == 1:
        return record.content
    own = first[cue.span.start]
    kept = tuple(
        part
        for part in record.content
        if first[part.start] == own
        or not any(
            other.cue is not None
            and first[other.cue.span.start] == first[part.end - 1]
            and first[other.cue.span.start] != own
            for other in rules.with_content((part.start, part.end - 1))
        )
    )
    return kept or record.content


def _with_document(context: RuleContext, source: TokenSpan | None) -> TokenSpan | None:
    """Return "The report, by Ama Osei," where the source is the report or its author alone."""
    tokens = context.tokens
    if source is None:
        return None
    if tokens.at(source.end) == "," and tokens.at(source.end + 1) == "by":
        for k in range(source.end + 2, source.end + 2 + _MAX_TITLE_WORDS):
            end = context.name_ends.get(k)
            if end:
                return TokenSpan(source.start, end + 1) if tokens.at(end) == "," else source
        return source
    if tokens.at(source.start - 1) != "by" or tokens.at(source.start - 2) != ",":
        return source
    comma = source.start - 2
    for k in range(comma - 1, max(tokens.sentence_start[source.start], comma - _MAX_DOCUMENT_WORDS) - 1, -1):
        if tokens.lower[k] in DETERMINERS:
            return TokenSpan(k, source.end)
        if not tokens.words[k][0].isalnum():
            break
    return source


def _without_tail(context: RuleContext, cue: CueRecord, part: TokenSpan) -> TokenSpan:
    """Return a quotation without the words of the article after it: 'shouted "Out!" | at the guard'."""
    tokens = context.tokens
    quotation = context.quotation_starting_at(part.start)
    if (
        quotation is None
        or not quotation.end < part.end <= quotation.end + _MAX_TAIL_WORDS
        or tokens.lower[quotation.end] not in _AFTER_QUOTATION
        or tokens.lower[cue.verb] not in _UTTERING
        or AUXILIARIES.intersection(tokens.lower[quotation.end : min(part.end, quotation.end + 3)])
    ):
        return part
    return TokenSpan(quotation.start, quotation.end)


def _is_lone_participle(context: RuleContext, record: AttributionRecord, part: TokenSpan) -> bool:
    """Return whether a part is only the participle before the source: "Defending, X said"."""
    return (
        record.source is not None
        and len(record.content) > 1
        and part.end - part.start == 1
        and part.end <= record.source.start
        and context.tokens.lower[part.start].endswith("ing")
    )


def _read_between_dashes(context: RuleContext, record: AttributionRecord, cue: CueRecord) -> None:
    """Bound the content of a cue between commas by dashes: "The wall — built, she said, in May — fell"."""
    tokens, source = context.tokens, record.source
    if source is None:
        return
    start, end = min(source.start, cue.span.start), max(source.end, cue.span.end)
    sentence, sentence_end = tokens.sentence_start[cue.span.start], tokens.sentence_end[cue.span.start]
    if tokens.at(start - 1) != "," or tokens.at(end) != "," or start <= sentence:
        return
    left = next(
        (k for k in range(start - 1, max(sentence, start - _MAX_PARENTHESIS_WORDS), -1) if tokens.words[k] in _DASHES),
        -1,
    )
    right = next(
        (k for k in range(end, min(sentence_end, end + _MAX_PARENTHESIS_WORDS)) if tokens.words[k] in _DASHES), -1
    )
    if left < 0 or right < 0 or not any(part.start <= left < part.end for part in record.content):
        return
    parts = (trim_span(tokens, left + 1, start), trim_span(tokens, end, right))
    record.content = tuple(part for part in parts if part is not None) or record.content
