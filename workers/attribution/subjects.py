"""The subject of a cue verb: before it, after it, shared with the cue before, or at the start of the passage."""

from __future__ import annotations

from typing import Final, NamedTuple

from workers.attribution.clauses import CLAUSAL_FRAMES
from workers.attribution.rule_context import RuleContext
from workers.doc.records import CueRecord, TokenSpan
from workers.english.phrases import SUBJECT_PRONOUNS, subject_after, subject_before

MAX_TITLE_WORDS: Final = 5
# Verbs that only report, so that their subject may follow them after a comma.
_REPORTING_LEMMAS: Final = frozenset({"say", "add", "report", "note", "warn", "explain"})


class Subject(NamedTuple):
    """The subject of a cue and where the words around both are.

    ``construction`` is "subject" (before the cue), "inverted" (after it), "shared" (with the cue before) or
    "opening" (the name that opens the passage). ``edge`` is the first token of cue and adjoining subject, ``after``
    the token after both.
    """

    span: TokenSpan
    construction: str
    edge: int
    after: int


def find_subject(
    context: RuleContext, passage: TokenSpan, cue: CueRecord, end: int, free: int, source: TokenSpan | None
) -> Subject | None:
    """Return the subject of a cue verb, or None; ``source`` is that of the cue before in the passage."""
    tokens = context.tokens
    start, after = cue.span.start, cue.span.end
    before = tokens.at(start - 1) if start > passage.start else ""
    first = context.last_quotation_end(start, free)
    span = subject_before(tokens, start, first, context.verb_tokens, context.date_tokens)
    if span is not None:
        if tokens.at(min(span.start, start) - 1) == "as":
            return None
        return Subject(span, "subject", span.start, after)
    if cue.form in {"past", "s"} and _may_be_inverted(context, cue, start) and after not in context.date_tokens:
        span = subject_after(tokens, after, end)
        if span is not None:
            return Subject(span, "inverted", start, span.end)
    if source is not None and (cue.form == "ing" or before in {"and", "but", ","}):
        return Subject(source, "shared", source.start, after)
    if cue.form == "ing" and before == ",":
        span = _opening_name(context, passage)
        if span is not None:
            return Subject(span, "opening", span.start, after)
    return None


def _may_be_inverted(context: RuleContext, cue: CueRecord, start: int) -> bool:
    """Return whether the subject may follow the cue: after a quotation, or after a comma if the verb only reports."""
    if not CLAUSAL_FRAMES.intersection(cue.frames):
        return False
    return bool(context.quotation_ending_at(start - 1) or context.quotation_ending_at(start - 2)) or (
        context.tokens.at(start - 1) == "," and (cue.lemma in _REPORTING_LEMMAS or cue.form == "s")  # headlines
    )


def _opening_name(context: RuleContext, passage: TokenSpan) -> TokenSpan | None:
    """Return the pronoun or name that opens the passage: the subject of a participle later in it (", saying ...")."""
    lower = context.tokens.lower
    if lower[passage.start] in SUBJECT_PRONOUNS:
        return TokenSpan(passage.start, passage.start + 1)
    for start in range(passage.start, min(passage.end, passage.start + MAX_TITLE_WORDS)):
        end = context.name_ends.get(start)
        if end and context.all_capitalised(passage.start, start):
            return TokenSpan(passage.start, end) if context.tokens.at(end) not in {"'s", "’s", "'"} else None
    return None
