"""Component ``stancewire_layouts``: speech attributed by the layout of the page, without a cue verb.

"Name: ...", "... - Name" and run-on quotations, which continue the speech before them. Completes
``doc._.attributions``: their order, the kind of each, and a score for those without one.
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act, Kind
from workers.attribution import scores
from workers.attribution.beats import add_beats
from workers.attribution.labels import MAX_NAME_WORDS, add_labelled_speech
from workers.attribution.rule_context import RuleContext
from workers.attribution.turns import add_turns
from workers.attribution.unstated import states_something
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import word_list
from workers.english.phrases import trim_span

_MIN_SIGNED_WORDS: Final = 3
_DASHES: Final = frozenset({"–", "—", "-", "--", "―"})


@Language.factory("stancewire_layouts")
class Layouts:
    """Adds attributions that the layout shows and completes all attributions.

    Reads ``doc._.attributions``, ``doc._.cues``, ``doc.ents``, and the quotations, paragraphs and boilerplate of
    ``doc.spans``. Writes ``doc._.attributions``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments that spaCy passes to every factory; there are no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Add attributions and put all into text order, each with its kind and score."""
        context = RuleContext.of(doc)
        context.attributions += [record for record in doc._.attributions if states_something(context, record)]
        add_labelled_speech(context)
        add_signed_quotations(context)
        add_beats(context)
        add_run_on_quotations(context)
        add_turns(context)
        context.attributions[:] = split_run_on_parts(context)
        for attribution in context.attributions:
            attribution.kind = _reporting_kind(context, attribution)
            if attribution.follows is not None:
                attribution.score = context.attributions[attribution.follows].score
            elif not attribution.score:
                attribution.score = scores.rule_precision(attribution)
        doc._.attributions = context.attributions
        return doc


def add_signed_quotations(context: RuleContext) -> None:
    """Add the attributions of paragraphs that consist of a quotation, a dash and a name or description."""
    attributed = {record.content[0].start for record in context.attributions}
    for paragraph, after in zip(context.paragraphs, [*context.paragraphs[1:], None], strict=False):
        _add_signed_quotation(context, paragraph, after, attributed)


def _add_signed_quotation(
    context: RuleContext, paragraph: TokenSpan, after: TokenSpan | None, attributed: set[int]
) -> None:
    """Add the attribution of a paragraph that is a quotation, signed after a dash in its line or in the next."""
    quotation = context.quotation_starting_at(paragraph.start)
    is_speech = quotation is not None and (
        quotation.is_speech or quotation.end - quotation.start >= _MIN_SIGNED_WORDS + 2
    )
    if not quotation or not is_speech or not quotation.is_closed or quotation.start in attributed:
        return
    end = paragraph.end
    dash = quotation.end
    if dash >= paragraph.end and after and after.end - after.start <= 2 * MAX_NAME_WORDS:
        dash, end = after.start, after.end
    while dash < end and context.tokens.words[dash].isspace():
        dash += 1
    if dash + 1 >= end or context.tokens.words[dash] not in _DASHES:
        return
    end = min(end, dash + 1 + 2 * MAX_NAME_WORDS)
    first = context.tokens.words[dash + 1]
    name = trim_span(context.tokens, dash + 1, end)
    if name is None or not (
        first[0].isupper() or word_list("roles").intersection(context.tokens.lower[dash + 1 : end])
    ):
        return
    cue = CueRecord(TokenSpan(dash, dash + 1), dash, dash + 1, "—", Act.ASSERT, "", "layout")
    source = _named_elsewhere(context, name) or name
    context.attributions.append(AttributionRecord("signed", source, cue, (TokenSpan(quotation.start, quotation.end),)))


def _named_elsewhere(context: RuleContext, description: TokenSpan) -> TokenSpan | None:
    """Return the person with the description in lower case that signs a quotation: "Opposition leader Ama Osei"."""
    words = context.tokens.lower[description.start : description.end]
    if context.tokens.words[description.start][0].isupper():
        return None
    for start, end in sorted(context.persons):
        if context.tokens.lower[max(0, start - len(words)) : start] == words:
            return TokenSpan(start - len(words), end)
    return None


def add_run_on_quotations(context: RuleContext) -> None:
    """Give each run-on quotation the speaker of the attribution before it; put all into text order.

    A quotation without an attribution runs on if it follows an attribution in the same paragraph, repeats the opening
    mark of the paragraph before, or opens a mark that the next paragraph repeats, after an attribution in the paragraph
    before.
    """
    covered = bytearray(len(context.tokens))
    for attribution in context.attributions:
        for start, end in attribution.content:
            covered[start:end] = b"\x01" * (end - start)
    context.attributions.sort(
        key=lambda attribution: min(
            attribution.content[0].start,
            attribution.cue.span.start if attribution.cue else attribution.content[0].start,
        )
    )
    merged: list[AttributionRecord] = []
    attributions = iter(context.attributions)
    upcoming = next(attributions, None)
    paragraphs = iter(context.paragraphs)
    paragraph = next(paragraphs, None)
    previous_start = 0  # of the paragraph before
    latest = -1
    latest_end = -1
    for quotation, after in zip(context.quotations, [*context.quotations[1:], None], strict=False):
        while upcoming and upcoming.content[0].start <= quotation.start:
            merged.append(upcoming)
            if upcoming.rule.startswith(("model", "quoted", "postposed", "that", "bare", "label", "according", "beat")):
                latest, latest_end = len(merged) - 1, max(part.end for part in upcoming.content)
            upcoming = next(attributions, None)
        while paragraph and paragraph.end <= quotation.start:
            previous_start, paragraph = paragraph.start, next(paragraphs, None)
        if latest < 0 or covered[quotation.start] or not paragraph:
            continue
        cue = merged[latest].cue
        end = max(latest_end - 1, cue.verb if cue else 0)
        same_paragraph = end >= paragraph.start and quotation.is_speech and _begins_sentence(context, quotation.start)
        opens_next_paragraph = (
            end >= previous_start
            and quotation.is_speech
            and not quotation.is_closed
            and after is not None
            and after.continues
        )
        if not (same_paragraph or opens_next_paragraph or quotation.continues):
            continue
        follows = merged[latest].follows
        first = latest if follows is None else follows
        merged.append(
            AttributionRecord(
                "run_on", merged[first].source, None, (TokenSpan(quotation.start, quotation.end),), follows=first
            )
        )
        latest, latest_end = len(merged) - 1, quotation.end
    while upcoming:
        merged.append(upcoming)
        upcoming = next(attributions, None)
    context.attributions[:] = merged


def split_run_on_parts(context: RuleContext) -> list[AttributionRecord]:
    """Split quotations in sentences of their own off each content, as run-on attributions; return all in text order."""
    attributions = context.attributions
    first_of = {
        id(attribution): attributions[attribution.follows]
        for attribution in attributions
        if attribution.follows is not None
    }
    split: list[AttributionRecord] = []
    for attribution in attributions:
        split.append(attribution)
        own_parts = [part for part in attribution.content if not _is_separate_quotation(context, attribution, part)]
        for part in attribution.content if own_parts and len(own_parts) < len(attribution.content) else ():
            if part not in own_parts:
                split.append(AttributionRecord("run_on", attribution.source, None, (part,)))
                first_of[id(split[-1])] = attribution
        attribution.content = tuple(own_parts) or attribution.content
    split.sort(key=lambda attribution: attribution.content[0].start)
    index_of = {id(attribution): index for index, attribution in enumerate(split)}
    for attribution in split:
        attribution.follows = index_of[id(first_of[id(attribution)])] if id(attribution) in first_of else None
    return split


def _is_separate_quotation(context: RuleContext, attribution: AttributionRecord, part: TokenSpan) -> bool:
    """Return whether a part of the content is a quotation that is a whole sentence after that of the cue."""
    quotation = context.quotation_starting_at(part.start)
    if (
        quotation is None
        or quotation.end < part.end
        or attribution.cue is None
        or part.start < attribution.cue.span.end
    ):
        return False
    first = context.tokens.sentence_start
    inner = context.tokens.words[part.start : part.end - 2]
    if context.tokens.at(part.end - 2) == "," and {".", "?", "!"}.intersection(inner):
        return True  # its last words belong to the cue after it as well: “... is not dead. It sleeps,” he added
    return _begins_sentence(context, part.start) and first[part.start] != first[attribution.cue.span.start]


def _begins_sentence(context: RuleContext, i: int) -> bool:
    """Return whether a sentence begins at token ``i`` or directly after it."""
    return context.tokens.sentence_start[i] == i or (
        context.tokens.sentence_start[min(i + 1, len(context.tokens) - 1)] == i + 1
    )


def _reporting_kind(context: RuleContext, attribution: AttributionRecord) -> Kind:
    """Return direct if all words are inside quotation marks, mixed if some are, else indirect."""
    quoted_words = other_words = 0
    for start, end in attribution.content:
        for i in range(start, end):
            if context.tokens.words[i][0].isalnum():
                if context.quotation_index[i] >= 0:
                    quoted_words += 1
                else:
                    other_words += 1
    if not quoted_words:
        return Kind.INDIRECT
    return Kind.MIXED if other_words else Kind.DIRECT
