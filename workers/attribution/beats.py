"""Quotations without a cue whose speaker a sentence beside them names: 'Rosa Lind shook her head. "It is over."'.

The subject of the sentence before the quotation is taken, if it is a person; after the quotation, only the subject of a
gesture ('"It is over." Rosa Lind shook her head.'); and in "From Chairwoman Osei:" the name before the colon.
"""

from __future__ import annotations

from typing import Final

from workers.attribution.rule_context import QuotationSpan, RuleContext
from workers.doc.records import AttributionRecord, TokenSpan
from workers.english.lexicon import verb_forms, word_list, word_set
from workers.english.phrases import DETERMINERS, POSSESSIVES, PREPOSITIONS, is_phrase_boundary

# Verbs of gestures and movements, which are often beside speech and never attribute more than the quotation.
GESTURES: Final = frozenset(
    form
    for verb in word_set(
        "nod smile shake shrug laugh sigh grin frown turn look pause stand point lean wave stare glance raise gesture "
        "wince hesitate blush weep cry chuckle grimace beam sit rise fold clap kneel step walk wipe close open lift"
    )
    for form in verb_forms(verb).values()
)
MAX_TITLE_WORDS: Final = 5
MAX_OPENING_WORDS: Final = 25
_PRONOUNS: Final = frozenset({"he", "she"})
_POSSESSIVE_PRONOUNS: Final = frozenset({"his", "her"})
_BODY: Final = word_set("voice face eyes hands hand head shoulders smile lip lips gaze expression")
_OPENERS: Final = word_set("asked when as after on in at with while before once under from by if")
_MAX_PREDICATE_WORDS: Final = 4  # from the subject to the verb of a gesture


def add_beats(context: RuleContext) -> None:
    """Add the attributions of quotations without a cue that a sentence beside them assigns to a person."""
    _name_introduced_speakers(context)
    covered = covered_tokens(context)
    cue_sentences = {
        context.tokens.sentence_start[record.cue.span.start] for record in context.attributions if record.cue
    }
    paragraph_at = {span.start: (span, number) for number, span in enumerate(context.paragraphs)}
    starts = sorted(paragraph_at)
    k = 0
    for quotation in context.quotations:
        while k + 1 < len(starts) and starts[k + 1] <= quotation.start:
            k += 1
        if not quotation.is_speech or quotation.continues or covered[quotation.start] or not starts:
            continue
        paragraph, number = paragraph_at[starts[k]]
        if not is_whole_sentence(context, quotation, paragraph):
            continue
        source = _source_of(context, quotation, paragraph, number, cue_sentences)
        if source is not None:
            content = (TokenSpan(quotation.start, quotation.end),)
            context.attributions.append(AttributionRecord("beat", source, None, content))


def _name_introduced_speakers(context: RuleContext) -> None:
    """Set the missing sources of quotations after a colon: "Statement from Chairwoman Osei:" and a quotation below."""
    number_of = {span.end - 1: span for span in context.paragraphs}
    for record in context.attributions:
        if record.source is None and record.cue is not None and record.content[0].start > record.cue.span.end:
            colon = next(
                (k for k in range(record.cue.span.end, record.content[0].start) if context.tokens.words[k] == ":"), -1
            )
            if colon in number_of:
                record.source = _introduced(context, number_of[colon], set())


def covered_tokens(context: RuleContext) -> bytearray:
    """Return for each token whether it belongs to the content of an attribution."""
    covered = bytearray(len(context.tokens))
    for record in context.attributions:
        for start, end in record.content:
            covered[start:end] = b"\x01" * (end - start)
    return covered


def is_whole_sentence(context: RuleContext, quotation: QuotationSpan, paragraph: TokenSpan) -> bool:
    """Return whether a quotation stands by itself: nothing else is in its sentences."""
    tokens = context.tokens
    before = quotation.start - 1
    while before >= paragraph.start and tokens.words[before].isspace():
        before -= 1
    if before >= paragraph.start and not (
        tokens.words[before] in {".", "!", "?", "…", ":"} or context.quotation_ending_at(before)
    ):
        return False
    last = quotation.end - 1 - quotation.is_closed
    return not quotation.is_closed or tokens.at(last) in {".", "!", "?", "…", "..."} or quotation.end >= paragraph.end


def _source_of(
    context: RuleContext, quotation: QuotationSpan, paragraph: TokenSpan, number: int, cue_sentences: set[int]
) -> TokenSpan | None:
    """Return the person whom a sentence beside a quotation names as its speaker, or None."""
    tokens = context.tokens
    if quotation.start > paragraph.start:
        before = quotation.start - 1
        while before > paragraph.start and tokens.words[before].isspace():
            before -= 1
        start = tokens.sentence_start[before]
        if start in cue_sentences or context.quotation_index[before] >= 0:
            return None
        return sentence_subject(context, max(start, paragraph.start), before)
    after = quotation.end
    while after < paragraph.end and tokens.words[after].isspace():
        after += 1
    if after < paragraph.end and tokens.sentence_start[after] == after and after not in cue_sentences:
        subject = sentence_subject(context, after, min(paragraph.end, tokens.sentence_end[after]))
        predicate = tokens.lower[subject.end : subject.end + _MAX_PREDICATE_WORDS] if subject else ()
        return subject if GESTURES.intersection(predicate) else None
    previous = context.paragraphs[number - 1] if number else None
    if previous and tokens.at(previous.end - 1) == ":" and not context.boilerplate[previous.start]:
        return _introduced(context, previous, cue_sentences)
    return None


def sentence_subject(context: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the subject of a sentence if it is a person, else None; an opening clause before a comma is skipped."""
    tokens = context.tokens
    word = tokens.at(start)
    if word in _OPENERS or word.endswith("ing"):
        comma = next((k for k in range(start, min(end, start + MAX_OPENING_WORDS)) if tokens.words[k] == ","), -1)
        return _person_at(context, comma + 1, end) if comma >= 0 else None
    return _person_at(context, start, end)


def _person_at(context: RuleContext, start: int, end: int) -> TokenSpan | None:
    """Return the person named from token ``start`` on: a name with its titles, "he", "she", or "the judge"."""
    tokens = context.tokens
    word = tokens.at(start)
    if word in _PRONOUNS:
        return TokenSpan(start, start + 1)
    if word in _POSSESSIVE_PRONOUNS:
        return TokenSpan(start, start + 1) if tokens.at(start + 1) in _BODY else None
    roles = word_list("roles")
    for k in range(start, min(end, start + MAX_TITLE_WORDS)):
        name_end = context.name_ends.get(k)
        if name_end and TokenSpan(k, name_end) in context.persons:
            is_owner = tokens.at(name_end) in POSSESSIVES and tokens.at(name_end + 1) not in _BODY
            return None if is_owner else TokenSpan(start, name_end)
        if tokens.lower[k] in roles and word in DETERMINERS:
            after = tokens.at(k + 1)
            if not (after in roles or after in PREPOSITIONS or after in POSSESSIVES or context.name_ends.get(k + 1)):
                return None if after == "," else TokenSpan(start, k + 1)
        elif is_phrase_boundary(tokens.lower[k]) and tokens.lower[k] != ",":
            return None
    return None


def _introduced(context: RuleContext, paragraph: TokenSpan, cue_sentences: set[int]) -> TokenSpan | None:
    """Return the last name in a paragraph that ends with a colon and has no cue: "And from Chairwoman Osei:"."""
    sentence = context.tokens.sentence_start[paragraph.end - 1]
    if sentence in cue_sentences:
        return None
    first = max(sentence, paragraph.start, paragraph.end - MAX_OPENING_WORDS)
    return next(
        (
            TokenSpan(k, context.name_ends[k])
            for k in range(paragraph.end - 2, first - 1, -1)
            if context.name_ends.get(k, paragraph.end) < paragraph.end
        ),
        None,
    )
